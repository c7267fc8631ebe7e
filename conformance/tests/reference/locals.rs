//! The futures that are not `Send`, on the thread where they belong.

use std::cell::RefCell;
use std::collections::HashMap;

use super::job::Job;

/// The jobs of local tasks by the tasks' ids; those that are polled at the moment are not here.
#[derive(Default)]
pub(crate) struct Locals(RefCell<HashMap<u64, Box<dyn Job>>>);

impl Locals {
    pub(crate) fn put(&self, task: u64, job: Box<dyn Job>) {
        self.0.borrow_mut().insert(task, job);
    }

    pub(crate) fn take(&self, task: u64) -> Option<Box<dyn Job>> {
        self.0.borrow_mut().remove(&task)
    }
}

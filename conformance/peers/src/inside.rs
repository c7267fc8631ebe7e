//! Executors that spawn inside their `block_on` only, and handles that may be used before it.

use std::cell::{RefCell, RefMut};
use std::rc::Rc;

use executor_conformance::{JoinError, JoinHandle};
use futures_channel::oneshot;

/// Such an executor, with what was spawned before its `block_on`.
pub(crate) struct Inside<R> {
    /// Borrowed while it runs.
    executor: RefCell<R>,
    early: RefCell<Vec<Box<dyn FnOnce()>>>,
}

impl<R> Inside<R> {
    pub(crate) fn new(executor: R) -> Rc<Self> {
        Rc::new(Self {
            executor: RefCell::new(executor),
            early: RefCell::default(),
        })
    }

    /// The executor, to run it; its root first calls [`start`](Self::start).
    pub(crate) fn enter(&self) -> RefMut<'_, R> {
        self.executor.borrow_mut()
    }

    /// Spawns what was spawned early.
    pub(crate) fn start(&self) {
        for spawn in self.early.take() {
            spawn();
        }
    }

    /// Calls `spawn` if the executor runs, or else when it starts.
    pub(crate) fn spawn<T: 'static>(
        &self,
        spawn: impl FnOnce() -> JoinHandle<T> + 'static,
    ) -> JoinHandle<T> {
        if self.executor.try_borrow_mut().is_err() {
            return spawn();
        }
        let (sender, receiver) = oneshot::channel();
        // Where nobody waits for the handle, dropping it detaches.
        let early = move || drop(sender.send(spawn()));
        self.early.borrow_mut().push(Box::new(early));
        JoinHandle::new(async move {
            match receiver.await {
                Ok(task) => task.await,
                Err(_gone) => Err(JoinError::Cancelled),
            }
        })
    }
}

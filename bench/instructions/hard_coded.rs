//! The policy's place in the loop, with a queue that cannot be exchanged: what the loop would be
//! without the policy seam. `run` puts it in the place of `executor-core/src/event_loop/policy.rs`
//! in a copy of the workspace.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::time::Instant;

use crate::context::{LocalQueue, LoopCore};
use crate::scheduler::{Cause, PopContext, PushContext, Ran, Scheduler, Turn};
use crate::task::{Ready, TaskHeader};

pub(super) struct PolicyCell<S> {
    queue: RefCell<VecDeque<Ready>>,
    policy: PhantomData<S>,
}

impl<S: Scheduler> PolicyCell<S> {
    pub(super) fn new(_: S) -> Self {
        Self {
            queue: RefCell::default(),
            policy: PhantomData,
        }
    }

    #[inline]
    pub(super) fn push(&self, ready: Ready, _: &PushContext<'_>) {
        self.queue.borrow_mut().push_back(ready);
    }

    #[inline]
    pub(super) fn next(
        &self,
        yielded: Option<Ready>,
        _: &PushContext<'_>,
        _: &PopContext<'_>,
    ) -> Option<Ready> {
        let mut queue = self.queue.borrow_mut();
        queue.extend(yielded);
        queue.pop_front()
    }

    pub(super) fn ran(&self, _: &TaskHeader, _: Ran) {}

    pub(super) fn turn(&self) -> Turn {
        Turn::default()
    }

    pub(super) fn wake_at(&self) -> Option<Instant> {
        None
    }

    pub(super) fn resume_panic(&self) {}

    pub(super) fn close(&self) {
        drop(self.queue.take());
    }
}

impl<S: Scheduler> LocalQueue for PolicyCell<S> {
    fn push(&self, _: &LoopCore, ready: Ready, _: Cause) {
        self.queue.borrow_mut().push_back(ready);
    }
}

//! The policy's place in the loop.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use crate::context::{LocalQueue, LoopCore};
use crate::scheduler::{Cause, PopContext, PushContext, Ran, Scheduler, Turn};
use crate::task::{Ready, TaskHeader, contain};

/// Holds the policy, keeps it from being re-entered, and outlives it at shutdown.
///
/// The borrow is the busy flag: policy code that wakes or drops a task while it is being called
/// finds the cell borrowed, and the task goes to the side queue.
pub(super) struct PolicyCell<S> {
    policy: RefCell<Option<S>>,
    /// What the policy panicked with inside a wake, where it must not unwind into the waker.
    panic: Cell<Option<Box<dyn Any + Send>>>,
}

const GONE: &str = "the policy is there until the loop is closed";

impl<S: Scheduler> PolicyCell<S> {
    pub(super) fn new(policy: S) -> Self {
        Self {
            policy: RefCell::new(Some(policy)),
            panic: Cell::new(None),
        }
    }

    #[inline]
    pub(super) fn push(&self, ready: Ready, cx: &PushContext<'_>) {
        self.with(|policy| policy.push(ready, cx));
    }

    /// Pushes a task that yielded, if there is one, and pops the next.
    #[inline]
    pub(super) fn next(
        &self,
        yielded: Option<Ready>,
        push: &PushContext<'_>,
        pop: &PopContext<'_>,
    ) -> Option<Ready> {
        self.with(|policy| {
            if let Some(ready) = yielded {
                policy.push(ready, push);
            }
            policy.pop(pop)
        })
    }

    #[inline]
    pub(super) fn ran(&self, task: &TaskHeader, ran: Ran) {
        self.with(|policy| policy.ran(task, ran));
    }

    pub(super) fn turn(&self) -> Turn {
        self.with(|policy| policy.turn())
    }

    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.with(|policy| policy.wake_at())
    }

    /// Goes on with a panic that a wake had to hold back.
    pub(super) fn resume_panic(&self) {
        if let Some(payload) = self.panic.take() {
            resume_unwind(payload);
        }
    }

    /// Drops the policy; the tasks that it holds go to the side queue.
    pub(super) fn close(&self) {
        let policy = self.policy.borrow_mut().take();
        contain(|| drop(policy));
    }

    #[inline]
    fn with<R>(&self, f: impl FnOnce(&mut S) -> R) -> R {
        f(self.policy.borrow_mut().as_mut().expect(GONE))
    }
}

impl<S: Scheduler> LocalQueue for PolicyCell<S> {
    fn push(&self, local: &LoopCore, ready: Ready, cause: Cause) {
        let mut policy = self.policy.try_borrow_mut();
        let Ok(Some(policy)) = policy.as_deref_mut() else {
            return local.push_side(ready, cause);
        };
        let cx = PushContext::new(local, cause);
        // While unwinding the task's token is dropped, which rescues it.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| policy.push(ready, &cx))) {
            // The latest panic is told of; dropping an earlier payload may panic in turn.
            let earlier = self.panic.replace(Some(payload));
            contain(|| drop(earlier));
        }
    }
}

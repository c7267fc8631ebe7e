//! The policy of a pool, seen from code that does not know its type.

use std::sync::{Arc, Mutex, PoisonError};

use crate::scheduler::{PoolScheduler, PushContext, WorkerId};
use crate::task::Ready;

/// The policy of a pool, and the parts of workers that have left.
pub(super) struct Shared<P: PoolScheduler> {
    pub(super) policy: P,
    retired: Mutex<Vec<P::Worker>>,
}

impl<P: PoolScheduler> Shared<P> {
    pub(super) fn new(policy: P) -> Self {
        Self {
            policy,
            retired: Mutex::default(),
        }
    }

    /// Keeps the part of a worker that leaves, for who closes the pool.
    pub(super) fn retire(&self, worker: P::Worker) {
        let mut retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        retired.push(worker);
    }

    /// The part of a worker that has left.
    pub(super) fn take_retired(&self) -> Option<P::Worker> {
        let mut retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        retired.pop()
    }
}

pub(super) trait SharedQueue: Send + Sync {
    /// As [`PoolScheduler::inject`].
    fn inject(&self, ready: Ready, cx: &PushContext<'_>);

    /// As [`PoolScheduler::has_work`].
    fn has_work(&self, worker: WorkerId) -> bool;
}

impl<P: PoolScheduler> SharedQueue for Arc<Shared<P>> {
    fn inject(&self, ready: Ready, cx: &PushContext<'_>) {
        self.policy.inject(ready, cx);
    }

    fn has_work(&self, worker: WorkerId) -> bool {
        self.policy.has_work(worker)
    }
}

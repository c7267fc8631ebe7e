//! A policy for one thread on each worker, and stealing between them.

use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use crossbeam_utils::CachePadded;

use super::guarded::Guarded;
use super::{PoolScheduler, WorkerId};
use crate::scheduler::{PopContext, PushContext, Ran, Scheduler, Turn};
use crate::task::{Ready, TaskHeader};

/// Lifts a [`Scheduler`] to a pool: one of them for each worker, behind a lock of its own.
///
/// A worker runs its own tasks in the policy's order, and takes one of another worker's when it has
/// none, the one that the policy there would run next. What other threads make ready is dealt out
/// in turn. So the order holds on each worker, and between workers nearly: one may run what is
/// less urgent than what waits on another.
///
/// ```
/// use executor_core::{Fifo, Sharded};
///
/// let policy = Sharded::new(Fifo::new);
/// # let _ = policy;
/// ```
pub struct Sharded<S> {
    make: Box<dyn Fn() -> S + Send + Sync>,
    shards: Box<[CachePadded<Guarded<S>>]>,
    /// Who gets the next task from outside.
    next: AtomicUsize,
}

impl<S: Scheduler + Send> Sharded<S> {
    /// Calls `make` for each worker's policy.
    pub fn new(make: impl Fn() -> S + Send + Sync + 'static) -> Self {
        Self {
            make: Box::new(make),
            shards: Box::default(),
            next: AtomicUsize::new(0),
        }
    }

    fn shard(&self, worker: WorkerId) -> &Guarded<S> {
        &self.shards[worker.index()]
    }
}

impl<S: Scheduler + Send + Default> Default for Sharded<S> {
    fn default() -> Self {
        Self::new(S::default)
    }
}

impl<S: Scheduler + Send> PoolScheduler for Sharded<S> {
    type Worker = WorkerId;

    const NEEDS_CLOCK: bool = S::NEEDS_CLOCK;

    fn prepare(&mut self, workers: usize) {
        let shard = |_| CachePadded::new(Guarded::new((self.make)()));
        self.shards = (0..workers).map(shard).collect();
    }

    fn worker(&self, id: WorkerId) -> WorkerId {
        id
    }

    fn inject(&self, task: Ready, cx: &PushContext<'_>) {
        // Relaxed: any number will do.
        let at = self.next.fetch_add(1, Relaxed) % self.shards.len();
        self.shards[at].with(|policy| policy.push(task, cx));
    }

    fn push(&self, worker: &mut WorkerId, task: Ready, cx: &PushContext<'_>) {
        self.shard(*worker).with(|policy| policy.push(task, cx));
    }

    fn pop(&self, worker: &mut WorkerId, cx: &PopContext<'_>) -> Option<Ready> {
        self.shard(*worker).pop(cx)
    }

    fn steal(&self, worker: &mut WorkerId, cx: &PopContext<'_>) -> Option<Ready> {
        let (before, after) = self.shards.split_at(worker.index());
        let mut others = after.iter().skip(1).chain(before);
        others.find_map(|shard| match shard.held() {
            0 => None,
            _ => shard.pop(cx),
        })
    }

    fn has_work(&self, _: WorkerId) -> bool {
        self.shards.iter().any(|shard| shard.held() > 0)
    }

    fn backlog(&self, worker: &WorkerId) -> usize {
        self.shard(*worker).held()
    }

    fn retire(&self, _: WorkerId) {}

    fn ran(&self, worker: &mut WorkerId, task: &TaskHeader, ran: Ran) {
        self.shard(*worker).with(|policy| policy.ran(task, ran));
    }

    fn turn(&self, worker: &WorkerId) -> Turn {
        self.shard(*worker).lock().turn()
    }

    fn wake_at(&self, worker: &WorkerId) -> Option<Instant> {
        self.shard(*worker).lock().wake_at()
    }
}

impl<S> fmt::Debug for Sharded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sharded")
            .field("shards", &self.shards.len())
            .finish_non_exhaustive()
    }
}

//! One queue for all workers, in the exact order of a policy for one thread.

use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::{PoolScheduler, WorkerId};
use crate::scheduler::{PopContext, PushContext, Ran, Scheduler, Turn};
use crate::task::{Ready, TaskHeader};

/// Lifts a [`Scheduler`] to a pool: one of them, behind one lock.
///
/// The order is exactly the policy's, whichever worker asks. Every push and pop takes the lock, so
/// it is for few workers, or for tasks that run for some microseconds; [`Sharded`](super::Sharded)
/// is for the others.
///
/// ```
/// use executor_core::{Fifo, Global};
///
/// let policy = Global::new(Fifo::strict());
/// # let _ = policy;
/// ```
pub struct Global<S> {
    policy: Mutex<S>,
    /// How many tasks it holds, as far as is known without the lock.
    held: AtomicUsize,
}

impl<S: Scheduler + Send> Global<S> {
    /// Shares `policy` between the workers.
    pub fn new(policy: S) -> Self {
        Self {
            policy: Mutex::new(policy),
            held: AtomicUsize::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, S> {
        self.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the policy, and publishes how many tasks it holds afterwards.
    fn with<T>(&self, f: impl FnOnce(&mut S) -> T) -> T {
        let mut policy = self.lock();
        let result = f(&mut policy);
        // SeqCst: a worker that is about to sleep says so first, and then looks at this; who
        // pushes writes this first, and then looks for sleepers. One of the two sees the other.
        self.held.store(policy.len(), SeqCst);
        result
    }

    fn take(&self, cx: &PopContext<'_>) -> Option<Ready> {
        let mut policy = self.lock();
        let picked = policy.pop(cx);
        // What the policy holds back is nothing that a worker could have now.
        let held = if picked.is_some() { policy.len() } else { 0 };
        self.held.store(held, SeqCst);
        picked
    }
}

impl<S: Scheduler + Send + Default> Default for Global<S> {
    fn default() -> Self {
        Self::new(S::default())
    }
}

impl<S: Scheduler + Send> PoolScheduler for Global<S> {
    type Worker = ();

    const NEEDS_CLOCK: bool = S::NEEDS_CLOCK;

    fn worker(&self, _: WorkerId) {}

    fn inject(&self, task: Ready, cx: &PushContext<'_>) {
        self.with(|policy| policy.push(task, cx));
    }

    fn push(&self, (): &mut (), task: Ready, cx: &PushContext<'_>) {
        self.with(|policy| policy.push(task, cx));
    }

    fn pop(&self, (): &mut (), cx: &PopContext<'_>) -> Option<Ready> {
        self.take(cx)
    }

    fn has_work(&self, _: WorkerId) -> bool {
        self.held.load(SeqCst) > 0
    }

    fn backlog(&self, (): &()) -> usize {
        self.held.load(SeqCst)
    }

    fn retire(&self, (): ()) {}

    fn ran(&self, (): &mut (), task: &TaskHeader, ran: Ran) {
        self.with(|policy| policy.ran(task, ran));
    }

    fn turn(&self, (): &()) -> Turn {
        self.lock().turn()
    }

    fn wake_at(&self, (): &()) -> Option<Instant> {
        self.lock().wake_at()
    }
}

impl<S> fmt::Debug for Global<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Global")
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}

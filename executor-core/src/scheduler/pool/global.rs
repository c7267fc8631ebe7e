//! One queue for all workers, in the exact order of a policy for one thread.

use std::fmt;
use std::time::Instant;

use super::guarded::Guarded;
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
pub struct Global<S>(Guarded<S>);

impl<S: Scheduler + Send> Global<S> {
    /// Shares `policy` between the workers.
    pub fn new(policy: S) -> Self {
        Self(Guarded::new(policy))
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
        self.0.with(|policy| policy.push(task, cx));
    }

    fn push(&self, (): &mut (), task: Ready, cx: &PushContext<'_>) {
        self.0.with(|policy| policy.push(task, cx));
    }

    fn pop(&self, (): &mut (), cx: &PopContext<'_>) -> Option<Ready> {
        self.0.pop(cx)
    }

    fn has_work(&self, _: WorkerId) -> bool {
        self.0.held() > 0
    }

    fn backlog(&self, (): &()) -> usize {
        self.0.held()
    }

    fn retire(&self, (): ()) {}

    fn ran(&self, (): &mut (), task: &TaskHeader, ran: Ran) {
        self.0.with(|policy| policy.ran(task, ran));
    }

    fn turn(&self, (): &()) -> Turn {
        self.0.lock().turn()
    }

    fn wake_at(&self, (): &()) -> Option<Instant> {
        self.0.lock().wake_at()
    }
}

impl<S> fmt::Debug for Global<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Global")
            .field("held", &self.0.held())
            .finish_non_exhaustive()
    }
}

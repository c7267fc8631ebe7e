//! The policy seam of a pool: which task runs next, and on which worker.

mod global;
mod guarded;
mod sharded;
mod work_stealing;

use std::fmt;
use std::time::Instant;

pub use global::Global;
pub use sharded::Sharded;
pub use work_stealing::WorkStealing;

use super::{PopContext, PushContext, Ran, Turn};
use crate::task::{Ready, TaskHeader};

/// Names a worker of a pool: the first is 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId(usize);

impl WorkerId {
    pub(crate) const fn new(index: usize) -> Self {
        Self(index)
    }

    /// The worker's number, below the number of workers.
    pub const fn index(self) -> usize {
        self.0
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker {}", self.0)
    }
}

impl fmt::Debug for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WorkerId({})", self.0)
    }
}

/// A policy that the workers of a pool share.
///
/// What only one worker touches is in its [`Worker`](Self::Worker), to which the calls of that
/// worker's thread have exclusive access; all else the policy guards itself. Any
/// [`Scheduler`](super::Scheduler) becomes one in a [`Global`] or a [`Sharded`].
///
/// An implementor must
/// - give back every [`Ready`] that it was pushed or injected, once, to some worker. One that is
///   dropped is queued anew by the pool, and counted as a fault;
/// - say in [`has_work`](Self::has_work) that there is something to take until it has been taken.
///   The pool asks a worker that is about to sleep, after it has announced that, so a policy that
///   publishes what was pushed before `push` or `inject` returns loses no wake-up;
/// - let others take what a worker holds, as far as it can: the task that a worker runs may
///   block, and what waits behind it then waits for as long.
///
/// It must not block for long, nor call back into the runtime. If it panics on a worker, the pool
/// stops, and `block_on` goes on with the panic; tasks are dropped when the pool is. Should the policy
/// panic again when it is asked for them, what it holds is leaked, and reported.
pub trait PoolScheduler: Send + Sync + 'static {
    /// What one worker owns.
    type Worker: Send + 'static;

    /// As [`Scheduler::NEEDS_CLOCK`](super::Scheduler::NEEDS_CLOCK).
    const NEEDS_CLOCK: bool = false;

    /// The pool will have so many workers; called once, before anything else.
    fn prepare(&mut self, workers: usize) {
        let _ = workers;
    }

    /// Makes a worker's own part; called once for each worker, before the first of them runs.
    fn worker(&self, id: WorkerId) -> Self::Worker;

    /// A task became ready on a thread that is no worker of the pool.
    fn inject(&self, task: Ready, cx: &PushContext<'_>);

    /// A task became ready on a worker: it was spawned or woken there, or it yielded.
    fn push(&self, worker: &mut Self::Worker, task: Ready, cx: &PushContext<'_>);

    /// The task that the worker is to poll next, of its own or of those that were injected.
    fn pop(&self, worker: &mut Self::Worker, cx: &PopContext<'_>) -> Option<Ready>;

    /// A task from another worker; asked when `pop` gave none, and not by all workers at once.
    fn steal(&self, worker: &mut Self::Worker, cx: &PopContext<'_>) -> Option<Ready> {
        let _ = (worker, cx);
        None
    }

    /// Whether there is a task that this worker could pop or steal now.
    ///
    /// What a worker will run itself in a moment, unless it blocks, need not count: when a
    /// worker has been asleep for some milliseconds beside others that run, it tries to steal
    /// whatever this says.
    fn has_work(&self, worker: WorkerId) -> bool;

    /// How many tasks the worker holds, as far as others could steal them.
    fn backlog(&self, worker: &Self::Worker) -> usize;

    /// A worker leaves: what it holds must be had by the others, or by what is left of the pool.
    fn retire(&self, worker: Self::Worker);

    /// As [`Scheduler::ran`](super::Scheduler::ran).
    fn ran(&self, worker: &mut Self::Worker, task: &TaskHeader, ran: Ran) {
        let _ = (worker, task, ran);
    }

    /// As [`Scheduler::turn`](super::Scheduler::turn).
    fn turn(&self, worker: &Self::Worker) -> Turn {
        let _ = worker;
        Turn::default()
    }

    /// As [`Scheduler::wake_at`](super::Scheduler::wake_at).
    fn wake_at(&self, worker: &Self::Worker) -> Option<Instant> {
        let _ = worker;
        None
    }
}

//! The policy seam: which ready task runs next.

mod context;
mod fifo;
mod pool;

use std::time::{Duration, Instant};

pub use context::{Cause, PopContext, PushContext, WokenBy};
pub use fifo::Fifo;
pub use pool::{Global, PoolScheduler, Sharded, WorkStealing, WorkerId};

use crate::task::{Ready, TaskHeader};

/// A policy that picks the next task, owned by one thread.
///
/// The loop calls [`push`](Scheduler::push) for every task that becomes ready and
/// [`pop`](Scheduler::pop) for the one to poll next, always on the thread that turns the loop,
/// never re-entrantly, and never while a task is being polled other than to push. The policy is
/// a type parameter of its backend, so both inline into the loop.
///
/// An implementor must
/// - give back every [`Ready`] it was pushed, once: `pop` returns each at some time. One that is
///   dropped is queued anew by the loop and counted as a fault;
/// - say in [`len`](Scheduler::len) how many it holds.
///
/// It may keep any order, hold tasks back (then [`wake_at`](Scheduler::wake_at) says until
/// when), and keep notes in the two [words](TaskHeader::word) of a task. It must not block. If it
/// panics, the panic propagates out of `block_on`; no task is lost.
///
/// A complete policy, last in first out:
///
/// ```
/// use executor_core::{PopContext, PushContext, Ready, Runtime, Scheduler};
///
/// #[derive(Default)]
/// struct Lifo(Vec<Ready>);
///
/// impl Scheduler for Lifo {
///     fn push(&mut self, task: Ready, _: &PushContext<'_>) {
///         self.0.push(task);
///     }
///     fn pop(&mut self, _: &PopContext<'_>) -> Option<Ready> {
///         self.0.pop()
///     }
///     fn len(&self) -> usize {
///         self.0.len()
///     }
/// }
///
/// let runtime = Runtime::without_io(Lifo::default());
/// assert_eq!(runtime.block_on(async { executor_core::spawn(async { 7 }).await.unwrap() }), 7);
/// ```
pub trait Scheduler: 'static {
    /// Whether the policy needs times: if not, the clock is not read for each poll,
    /// [`PopContext::now`] and [`PushContext::now`] may be as old as the last look at the
    /// drivers, and [`ran`](Scheduler::ran) is not called.
    const NEEDS_CLOCK: bool = false;

    /// A task became ready: it was spawned or woken, or it yielded.
    fn push(&mut self, task: Ready, cx: &PushContext<'_>);

    /// The task to poll next; `None` when the policy holds nothing that it will run now.
    fn pop(&mut self, cx: &PopContext<'_>) -> Option<Ready>;

    /// How many tasks the policy holds.
    fn len(&self) -> usize;

    /// Whether the policy holds no task.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A task was polled; called after every poll, before the task is pushed again where it
    /// yielded, if [`NEEDS_CLOCK`](Scheduler::NEEDS_CLOCK) is set.
    fn ran(&mut self, task: &TaskHeader, ran: Ran) {
        let _ = (task, ran);
    }

    /// How long a batch may be.
    fn turn(&self) -> Turn {
        Turn::default()
    }

    /// When a policy that holds tasks back wants to be asked again, although nothing was pushed.
    fn wake_at(&self) -> Option<Instant> {
        None
    }
}

/// How one poll of a task went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ran {
    /// How long the poll took.
    pub elapsed: Duration,
    /// How it ended.
    pub end: RunEnd,
}

/// How a poll ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// The task has ended, and is never pushed again.
    Finished,
    /// The task was woken while it ran, by itself or others, and is pushed again right away.
    Yielded,
    /// The task waits for a wake.
    Waiting,
}

/// The bounds of one batch: tasks never starve I/O, timers, or the future of `block_on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// At most so many polls before the future of `block_on` gets its turn; 0 counts as 1.
    pub polls: u32,
    /// The drivers are looked at when this time has passed since the last look.
    ///
    /// The clock is read every few polls, the more often the longer they take, so a batch can
    /// last longer by the few polls between two readings.
    pub time: Duration,
}

impl Default for Turn {
    /// 64 polls, 200 µs: a look at the operating system costs about 0.3 µs, so it takes less than
    /// half a percent of the time at this rate, and what it finds waited no longer than that.
    fn default() -> Self {
        Self {
            polls: 64,
            time: Duration::from_micros(200),
        }
    }
}

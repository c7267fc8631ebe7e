//! What a policy is told when it is asked.

use std::fmt;
use std::time::Instant;

use super::WorkerId;
use crate::context::LoopCore;
use crate::driver::RawSource;
use crate::runtime::Core;
use crate::task::TaskId;

/// Why a task became ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// It was spawned, and has not been polled yet.
    Spawn,
    /// It was woken on the thread that turns the loop.
    Wake,
    /// It was woken while it ran, as [`yield_now`](crate::task::yield_now) does.
    Yield,
    /// It was spawned or woken by another thread, or by code outside of the loop.
    Remote,
    /// The policy dropped its [`Ready`](crate::Ready), and the loop saved it.
    Rescue,
}

/// By whom a task was made ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WokenBy {
    /// A task that ran, or ended, on this loop.
    Task(TaskId),
    /// The future given to `block_on`.
    Main,
    /// An I/O source became ready.
    Source(RawSource),
    /// A timer fired.
    Timer,
    /// The task itself, or somebody else, while it ran: it yielded.
    Itself,
    /// Another thread, or code outside of the loop.
    Elsewhere,
}

/// Why, by whom and when a task became ready.
///
/// It only refers to the loop; what a policy does not ask for costs nothing.
#[derive(Clone, Copy)]
pub struct PushContext<'a> {
    place: Place<'a>,
    cause: Cause,
}

/// Where a task became ready.
#[derive(Clone, Copy)]
enum Place<'a> {
    Loop(&'a LoopCore),
    /// On a thread that turns no loop of this runtime.
    Outside(&'a Core),
}

impl Place<'_> {
    fn now(self) -> Instant {
        match self {
            Self::Loop(local) => local.time(),
            Self::Outside(core) => core.time(),
        }
    }

    fn worker(self) -> Option<WorkerId> {
        match self {
            Self::Loop(local) => local.worker().map(|post| post.id),
            Self::Outside(_) => None,
        }
    }
}

impl<'a> PushContext<'a> {
    #[inline]
    pub(crate) fn new(local: &'a LoopCore, cause: Cause) -> Self {
        let place = Place::Loop(local);
        Self { place, cause }
    }

    /// A task became ready on a thread that turns no loop of `core`'s runtime.
    pub(crate) fn outside(core: &'a Core, cause: Cause) -> Self {
        let place = Place::Outside(core);
        Self { place, cause }
    }

    /// Why the task became ready.
    #[inline]
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// By whom it was made ready, as far as is known.
    pub fn by(&self) -> WokenBy {
        match self.cause {
            Cause::Remote => WokenBy::Elsewhere,
            Cause::Yield => WokenBy::Itself,
            _ => match self.place {
                Place::Loop(local) => local.waker_now(),
                Place::Outside(_) => WokenBy::Elsewhere,
            },
        }
    }

    /// When; see [`Scheduler::NEEDS_CLOCK`](super::Scheduler::NEEDS_CLOCK).
    pub fn now(&self) -> Instant {
        self.place.now()
    }

    /// The worker of a pool on which it became ready; `None` on a loop that is no worker's, and on
    /// other threads.
    pub fn worker(&self) -> Option<WorkerId> {
        self.place.worker()
    }
}

impl fmt::Debug for PushContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushContext")
            .field("cause", &self.cause())
            .field("by", &self.by())
            .finish()
    }
}

/// What a policy may ask when it picks a task.
#[derive(Clone, Copy)]
pub struct PopContext<'a> {
    place: Place<'a>,
}

impl<'a> PopContext<'a> {
    #[inline]
    pub(crate) fn new(local: &'a LoopCore) -> Self {
        let place = Place::Loop(local);
        Self { place }
    }

    /// A pool of `core`'s runtime shuts down, and its policy is emptied.
    pub(crate) fn outside(core: &'a Core) -> Self {
        let place = Place::Outside(core);
        Self { place }
    }

    /// The time; see [`Scheduler::NEEDS_CLOCK`](super::Scheduler::NEEDS_CLOCK).
    pub fn now(&self) -> Instant {
        self.place.now()
    }

    /// The worker of a pool that asks; `None` on a loop that is no worker's, and when a pool that
    /// shuts down empties its policy.
    pub fn worker(&self) -> Option<WorkerId> {
        self.place.worker()
    }
}

impl fmt::Debug for PopContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PopContext").finish_non_exhaustive()
    }
}

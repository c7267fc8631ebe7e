//! First in, first out.

use std::collections::VecDeque;

use super::{Cause, PopContext, PushContext, Scheduler};
use crate::task::Ready;

/// First in, first out, in two lines: tasks that gave way stand in the second.
///
/// The default policy. Tasks that were spawned or woken run in the order in which they became
/// ready. A task that was woken while it ran, as by [`yield_now`](crate::task::yield_now), gave
/// way to others on purpose: it runs when nobody stands in the first line, or after
/// [`STREAK`](Self::STREAK) tasks of the first line at the latest. So what a socket or a timer
/// woke does not wait for tasks that compute in slices, and neither line starves.
///
/// [`Fifo::strict`] has one line only. Push and pop are O(1).
///
/// ```
/// use executor_core::{Fifo, Runtime};
///
/// let runtime = Runtime::without_io(Fifo::strict());
/// runtime.block_on(async {});
/// ```
#[derive(Debug, Default)]
pub struct Fifo {
    ready: VecDeque<Ready>,
    yielded: VecDeque<Ready>,
    /// How many tasks of the first line have run since one of the second did.
    streak: u32,
    strict: bool,
}

/// Below this capacity an empty queue keeps its memory.
const KEPT_CAPACITY: usize = 1024;

impl Fifo {
    /// After so many tasks that were spawned or woken, one that gave way runs.
    ///
    /// It bounds the wait of the second line; and where both lines are never empty, tasks that
    /// compute in slices still get more than a twentieth of the polls.
    pub const STREAK: u32 = 16;

    /// An empty queue.
    pub const fn new() -> Self {
        Self {
            ready: VecDeque::new(),
            yielded: VecDeque::new(),
            streak: 0,
            strict: false,
        }
    }

    /// An empty queue with one line: a task that gave way stands behind all that are ready.
    pub const fn strict() -> Self {
        let mut fifo = Self::new();
        fifo.strict = true;
        fifo
    }

    /// A burst of a million tasks must not hold its queue's memory for ever.
    #[cold]
    fn give_back_memory(&mut self) {
        for queue in [&mut self.ready, &mut self.yielded] {
            if queue.capacity() > KEPT_CAPACITY {
                queue.shrink_to(KEPT_CAPACITY);
            }
        }
    }
}

impl Scheduler for Fifo {
    // Always, because the two calls in the loop are worth more than the bytes.
    #[inline(always)]
    fn push(&mut self, task: Ready, cx: &PushContext<'_>) {
        if cx.cause() == Cause::Yield && !self.strict {
            self.yielded.push_back(task);
        } else {
            self.ready.push_back(task);
        }
    }

    #[inline(always)]
    fn pop(&mut self, _: &PopContext<'_>) -> Option<Ready> {
        if self.streak < Self::STREAK || self.yielded.is_empty() {
            if let Some(task) = self.ready.pop_front() {
                self.streak = self.streak.saturating_add(1);
                return Some(task);
            }
        }
        self.streak = 0;
        let task = self.yielded.pop_front();
        let kept = self.ready.capacity().max(self.yielded.capacity());
        if task.is_none() && kept > KEPT_CAPACITY {
            self.give_back_memory();
        }
        task
    }

    fn len(&self) -> usize {
        self.ready.len() + self.yielded.len()
    }
}

//! First in, first out.

use std::collections::VecDeque;

use super::{PopContext, PushContext, Scheduler};
use crate::task::Ready;

/// First in, first out: tasks run in the order in which they became ready.
///
/// The default policy. Push and pop are O(1); every task waits at most for the tasks that became
/// ready before it.
#[derive(Debug, Default)]
pub struct Fifo {
    queue: VecDeque<Ready>,
}

/// Below this capacity an empty queue keeps its memory.
const KEPT_CAPACITY: usize = 1024;

impl Fifo {
    /// An empty queue.
    pub const fn new() -> Self {
        Self {
            queue: VecDeque::new(),
        }
    }
}

impl Scheduler for Fifo {
    #[inline]
    fn push(&mut self, task: Ready, _: &PushContext<'_>) {
        self.queue.push_back(task);
    }

    #[inline]
    fn pop(&mut self, _: &PopContext<'_>) -> Option<Ready> {
        let task = self.queue.pop_front();
        if task.is_none() && self.queue.capacity() > KEPT_CAPACITY {
            // A burst of a million tasks must not hold its queue's memory for ever.
            self.queue.shrink_to(KEPT_CAPACITY);
        }
        task
    }

    fn len(&self) -> usize {
        self.queue.len()
    }
}

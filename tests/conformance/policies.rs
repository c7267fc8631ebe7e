//! A second policy for every backend: any order is a legal one.

use executor_core::{PopContext, PushContext, Ready, Scheduler};

/// Picks any of the tasks that are ready, by a generator of fixed seed.
pub(crate) struct Random {
    ready: Vec<Ready>,
    state: u64,
}

impl Default for Random {
    fn default() -> Self {
        Self {
            ready: Vec::new(),
            state: 0x9e37_79b9_7f4a_7c15,
        }
    }
}

impl Scheduler for Random {
    fn push(&mut self, task: Ready, _: &PushContext<'_>) {
        self.ready.push(task);
    }

    fn pop(&mut self, _: &PopContext<'_>) -> Option<Ready> {
        if self.ready.is_empty() {
            return None;
        }
        // Marsaglia's xorshift, Journal of Statistical Software 8 (2003).
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let picked = self.state % self.ready.len() as u64;
        Some(self.ready.swap_remove(picked as usize))
    }

    fn len(&self) -> usize {
        self.ready.len()
    }
}

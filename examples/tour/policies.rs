//! Two policies of our own, as short as anybody's would be; FIFO comes with the library.

use std::fmt;

use anyloop::{PopContext, PushContext, Ready, Scheduler};

/// Which policy to run the program on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    Fifo,
    Strict,
    Lifo,
    Random(u64),
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fifo => f.write_str("fifo"),
            Self::Strict => f.write_str("strict"),
            Self::Lifo => f.write_str("lifo"),
            Self::Random(seed) => write!(f, "random:{seed}"),
        }
    }
}

/// Last in, first out: whoever became ready last runs next, and the others wait.
#[derive(Debug, Default)]
pub(crate) struct Lifo(Vec<Ready>);

impl Scheduler for Lifo {
    fn push(&mut self, task: Ready, _: &PushContext<'_>) {
        self.0.push(task);
    }

    fn pop(&mut self, _: &PopContext<'_>) -> Option<Ready> {
        self.0.pop()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// Any of the ready tasks, drawn by lot; the seed makes the lots repeatable.
#[derive(Debug)]
pub(crate) struct Random {
    ready: Vec<Ready>,
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            ready: Vec::new(),
            state: seed,
        }
    }

    /// A number below `bound`; splitmix64, which gives good lots from any seed.
    fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut lot = self.state;
        lot = (lot ^ (lot >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        lot = (lot ^ (lot >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((lot ^ (lot >> 31)) % bound as u64) as usize
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
        let lot = self.below(self.ready.len());
        Some(self.ready.swap_remove(lot))
    }

    fn len(&self) -> usize {
        self.ready.len()
    }
}

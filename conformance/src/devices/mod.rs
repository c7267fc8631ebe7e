//! The instruments of the rules: leaves that only a wake completes, sentinels, turns, wakers.
//!
//! They are public for those who write rules of their own. What they have in common: a leaf never
//! completes because it was polled again, a sentinel is dropped by the drop of its *future*, and
//! progress is counted in turns of the executor rather than in time.

mod gate;
mod join_all;
mod sentinel;
mod stage;
mod turns;
mod wakers;

pub use gate::{Gate, Opener, gate};
pub use join_all::{JoinAll, join_all};
pub use sentinel::{DropToken, Drops, Sentinel, sentinel};
pub use stage::{Stage, Watched};
pub use turns::{turn, turns, yield_once};
pub use wakers::{CountingWaker, poll_once};

pub use crate::allocator::{Allocated, allocated};

use std::fs;

/// How many threads this process has; `None` where the system does not tell.
pub fn thread_count() -> Option<usize> {
    Some(fs::read_dir("/proc/self/task").ok()?.count())
}

/// How many descriptors this process has open; `None` where the system does not tell.
pub fn descriptor_count() -> Option<usize> {
    Some(fs::read_dir("/proc/self/fd").ok()?.count())
}

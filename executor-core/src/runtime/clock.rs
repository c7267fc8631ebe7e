//! The clock seam.

use std::time::Instant;

/// What a runtime takes the time from.
///
/// All time in a runtime comes from its clock, so that a test can put a clock of its own in.
pub trait Clock: Send + Sync + 'static {
    /// The time now; never earlier than an earlier answer.
    fn now(&self) -> Instant;
}

/// The operating system's monotonic clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }
}

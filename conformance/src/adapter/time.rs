//! The capabilities about time.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use super::Executor;

/// Capability `timers`: futures that become ready at an instant.
pub trait Timers: Executor {
    /// Becomes ready at its deadline, and not before.
    type Sleep: Future<Output = ()> + 'static;

    /// A sleep until `deadline`; called inside `block_on`.
    ///
    /// An executor whose own function takes a duration subtracts [`Instant::now`], saturating.
    fn sleep_until(handle: &Self::Handle, deadline: Instant) -> Self::Sleep;

    /// A sleep of `duration`, which may be [`Duration::MAX`]; called inside `block_on`.
    fn sleep(handle: &Self::Handle, duration: Duration) -> Self::Sleep;
}

/// Capability `reset`: a sleep can be given another deadline.
pub trait ResetTimers: Timers {
    /// Gives `sleep` another deadline, earlier or later; it may have fired before.
    ///
    /// Who waits for it is woken at the new one, as [`Future`] asks of whatever a poll left
    /// pending.
    fn reset(sleep: Pin<&mut Self::Sleep>, deadline: Instant);
}

/// Capability `intervals`: ticks at a fixed period.
pub trait Intervals: Timers {
    /// A series of ticks.
    type Interval: 'static;

    /// Ticks at once, and then every `period`; `None` if the executor has no such `missed`.
    fn interval(
        handle: &Self::Handle,
        period: Duration,
        missed: MissedTicks,
    ) -> Option<Self::Interval>;

    /// Waits for the next tick; gives the instant for which it was due, where the executor says.
    fn tick(interval: &mut Self::Interval) -> impl Future<Output = Option<Instant>>;
}

/// What an interval does about ticks that nobody waited for in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissedTicks {
    /// They come at once, one after the other, until it has caught up.
    Burst,
    /// The next comes a period after the late one.
    Delay,
    /// They are left out; the next comes at a multiple of the period.
    Skip,
}

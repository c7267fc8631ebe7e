//! Time: sleeping, time limits, and ticking, on the timer wheel of a loop.

mod interval;
mod remote;
mod sleep;
mod timeout;
mod wheel;

pub use interval::{Interval, MissedTicks, Tick, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};
pub use timeout::{Timeout, timeout, timeout_at};

pub(crate) use remote::RemoteTimer;
pub(crate) use wheel::{NotPending, TimerKey, Wheel};

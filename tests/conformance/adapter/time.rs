//! Timers, which are the core's own on every backend.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use executor_conformance::adapter::{Intervals, MissedTicks, ResetTimers, Timers};
use executor_core::Handle;
use executor_core::time::{self, Interval};

use super::{Backend, On};

/// A sleep of ours; that its runtime is there and has timers is the suite's to see to.
pub(crate) struct Sleep(time::Sleep);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0)
            .poll(cx)
            .map(|slept| slept.expect("the runtime has not gone"))
    }
}

impl<B: Backend> Timers for On<B> {
    type Sleep = Sleep;

    fn sleep_until(handle: &Handle, deadline: Instant) -> Sleep {
        handle.enter(|| Sleep(time::sleep_until(deadline)))
    }

    fn sleep(handle: &Handle, duration: Duration) -> Sleep {
        Sleep(handle.sleep(duration))
    }
}

impl<B: Backend> ResetTimers for On<B> {
    fn reset(mut sleep: Pin<&mut Sleep>, deadline: Instant) {
        sleep.0.reset(deadline);
    }
}

impl<B: Backend> Intervals for On<B> {
    type Interval = Interval;

    fn interval(handle: &Handle, period: Duration, missed: MissedTicks) -> Option<Interval> {
        let missed = match missed {
            MissedTicks::Burst => time::MissedTicks::Burst,
            MissedTicks::Delay => time::MissedTicks::Delay,
            MissedTicks::Skip => time::MissedTicks::Skip,
        };
        Some(handle.enter(|| time::interval(period).missed_ticks(missed)))
    }

    async fn tick(interval: &mut Interval) -> Option<Instant> {
        Some(interval.tick().await.expect("the runtime has not gone"))
    }
}

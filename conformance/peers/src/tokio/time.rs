//! tokio's timers.

use std::pin::Pin;
use std::time::{Duration, Instant};

use executor_conformance::Executor;
use executor_conformance::adapter::{Intervals, MissedTicks, ResetTimers, Timers};
use tokio::time::{Interval, MissedTickBehavior, Sleep};

use super::{Flavour, InLocalSet, Tokio};

macro_rules! timers {
    ($executor:ty, [$($generics:tt)*]) => {
        impl<$($generics)*> Timers for $executor {
            type Sleep = Pin<Box<Sleep>>;

            fn sleep_until(_: &<Self as Executor>::Handle, deadline: Instant) -> Self::Sleep {
                Box::pin(tokio::time::sleep_until(deadline.into()))
            }

            fn sleep(_: &<Self as Executor>::Handle, duration: Duration) -> Self::Sleep {
                Box::pin(tokio::time::sleep(duration))
            }
        }

        impl<$($generics)*> ResetTimers for $executor {
            fn reset(sleep: Pin<&mut Self::Sleep>, deadline: Instant) {
                sleep.get_mut().as_mut().reset(deadline.into());
            }
        }

        impl<$($generics)*> Intervals for $executor {
            type Interval = Interval;

            fn interval(
                _: &<Self as Executor>::Handle,
                period: Duration,
                missed: MissedTicks,
            ) -> Option<Interval> {
                let mut interval = tokio::time::interval(period);
                interval.set_missed_tick_behavior(match missed {
                    MissedTicks::Burst => MissedTickBehavior::Burst,
                    MissedTicks::Delay => MissedTickBehavior::Delay,
                    MissedTicks::Skip => MissedTickBehavior::Skip,
                });
                Some(interval)
            }

            async fn tick(interval: &mut Interval) -> Option<Instant> {
                Some(interval.tick().await.into_std())
            }
        }
    };
}

timers!(Tokio<F>, [F: Flavour]);
timers!(InLocalSet, []);

//! async-io's timers.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use async_io::Timer;
use executor_conformance::Executor;
use executor_conformance::adapter::{ResetTimers, Timers};

use super::{Local, Smol, Threads};

pub(crate) struct Sleep(Timer);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(|_| ())
    }
}

macro_rules! timers {
    ($executor:ty) => {
        impl Timers for $executor {
            type Sleep = Sleep;

            fn sleep_until(_: &<Self as Executor>::Handle, deadline: Instant) -> Sleep {
                Sleep(Timer::at(deadline))
            }

            fn sleep(_: &<Self as Executor>::Handle, duration: Duration) -> Sleep {
                Sleep(Timer::after(duration))
            }
        }

        impl ResetTimers for $executor {
            fn reset(mut sleep: Pin<&mut Sleep>, deadline: Instant) {
                sleep.0.set_at(deadline);
            }
        }
    };
}

timers!(Smol);
timers!(Local);
timers!(Threads);

//! Ticking at a period.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use super::{Sleep, sleep_until};
use crate::runtime::Handle;

/// Ticks every `period`, the first time at once.
///
/// A zero period is an error of the first [`tick`](Interval::tick).
///
/// ```
/// use executor_core::time::interval;
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// # let runtime = executor_core::Runtime::without_io(executor_core::Fifo::new());
/// # runtime.block_on(async {
/// let mut ticks = interval(Duration::from_millis(1));
/// let first = ticks.tick().await?;
/// let second = ticks.tick().await?;
/// assert_eq!(second - first, Duration::from_millis(1));
/// # Ok(())
/// # })
/// # }
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    let now = Handle::try_current().map_or_else(Instant::now, |handle| handle.now());
    interval_at(now, period)
}

/// Ticks every `period`, the first time at `start`.
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    Interval {
        next: start,
        period,
        missed: MissedTicks::default(),
        sleep: sleep_until(start),
    }
}

/// What an [`Interval`] does when a tick comes late, because its task was busy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTicks {
    /// Tick at once until the missed ones are made up for: the count is right.
    #[default]
    Burst,
    /// Count the next period from the late tick: ticks keep their distance.
    Delay,
    /// Leave the missed ticks out: ticks stay on multiples of the period from the start.
    Skip,
}

/// Ticks at a period; made by [`interval`] and [`interval_at`].
#[derive(Debug)]
pub struct Interval {
    next: Instant,
    period: Duration,
    missed: MissedTicks,
    sleep: Sleep,
}

impl Interval {
    /// Chooses what happens to missed ticks.
    #[must_use]
    pub fn missed_ticks(mut self, missed: MissedTicks) -> Self {
        self.missed = missed;
        self
    }

    /// The time between ticks.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Waits for the next tick; gives the instant for which it was due.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if the period is zero; the errors of
    /// [`sleep`](super::sleep).
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses no tick.
    pub fn tick(&mut self) -> Tick<'_> {
        Tick { interval: self }
    }

    /// As [`tick`](Self::tick), for hand-written futures.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Instant>> {
        if self.period.is_zero() {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "an interval of zero would tick without end: give a period above zero, or call \
                 `yield_now` in a loop",
            )));
        }
        ready!(Pin::new(&mut self.sleep).poll(cx))?;
        let due = self.next;
        let now = self.sleep.now();
        // A clock that cannot say when the next tick is due never gets there.
        match following(self.missed, due, now, self.period) {
            Some(next) => {
                self.next = next;
                self.sleep.reset(next);
            }
            None => self.sleep = Sleep::on(Handle::try_current(), None),
        }
        Poll::Ready(Ok(due))
    }

    /// Starts anew: the next tick comes one period from now.
    pub fn reset(&mut self) {
        if let Some(next) = self.sleep.now().checked_add(self.period) {
            self.next = next;
            self.sleep.reset(next);
        }
    }
}

/// When the tick after the one at `due` comes, which was handed out at `now`.
fn following(missed: MissedTicks, due: Instant, now: Instant, period: Duration) -> Option<Instant> {
    let regular = due.checked_add(period);
    let late = now.saturating_duration_since(due);
    if late < period {
        return regular;
    }
    match missed {
        MissedTicks::Burst => regular,
        MissedTicks::Delay => now.checked_add(period),
        MissedTicks::Skip => {
            let into = late.as_nanos() % period.as_nanos();
            let into = Duration::new(
                u64::try_from(into / 1_000_000_000).ok()?,
                u32::try_from(into % 1_000_000_000).ok()?,
            );
            now.checked_add(period - into)
        }
    }
}

/// Waits for the next tick; made by [`Interval::tick`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Tick<'a> {
    interval: &'a mut Interval,
}

impl Future for Tick<'_> {
    type Output = io::Result<Instant>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.interval.poll_tick(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_tick_is_followed_as_its_behaviour_says() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let period = Duration::from_millis(10);
        let after = |missed, now| following(missed, at(0), at(now), period).unwrap();
        for missed in [MissedTicks::Burst, MissedTicks::Delay, MissedTicks::Skip] {
            assert_eq!(after(missed, 0), at(10), "in time");
            assert_eq!(after(missed, 9), at(10), "late, but none missed");
        }
        assert_eq!(after(MissedTicks::Burst, 35), at(10));
        assert_eq!(after(MissedTicks::Delay, 35), at(45));
        assert_eq!(after(MissedTicks::Skip, 35), at(40));
        assert_eq!(after(MissedTicks::Skip, 30), at(40));
    }
}

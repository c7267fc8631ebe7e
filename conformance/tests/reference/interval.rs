//! Ticks at a fixed period.

use std::sync::Weak;
use std::time::{Duration, Instant};

use executor_conformance::adapter::MissedTicks;

use super::core::Core;
use super::fault::{Fault, broken};
use super::time::Sleep;

/// A series of ticks; the first is due at once.
pub(crate) struct Interval {
    core: Weak<Core>,
    period: Duration,
    missed: MissedTicks,
    next: Instant,
}

impl Interval {
    pub(crate) fn new(core: Weak<Core>, period: Duration, missed: MissedTicks) -> Self {
        let missed = match missed {
            MissedTicks::Skip if broken(Fault::SkipIsBurst) => MissedTicks::Burst,
            MissedTicks::Delay if broken(Fault::DelayIsSkip) => MissedTicks::Skip,
            MissedTicks::Burst if broken(Fault::BurstIsDelay) => MissedTicks::Delay,
            missed => missed,
        };
        Self {
            core,
            period,
            missed,
            next: Instant::now(),
        }
    }

    /// Waits for the next tick; gives the instant for which it was due.
    pub(crate) async fn tick(&mut self) -> Instant {
        let due = self.next;
        Sleep::until(self.core.clone(), Some(due)).await;
        let now = Instant::now();
        self.next = match self.missed {
            MissedTicks::Burst => due + self.period,
            MissedTicks::Delay if now < due + self.period => due + self.period,
            MissedTicks::Delay => now + self.period,
            MissedTicks::Skip => {
                let late = now.duration_since(due).as_nanos();
                let periods = late / self.period.as_nanos() + 1;
                due + self.period * u32::try_from(periods).expect("ticks fit")
            }
        };
        due
    }
}

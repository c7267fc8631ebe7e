//! When a batch reads the clock, and when it looks at the drivers.

use std::cell::Cell;
use std::time::Duration;

/// Reads the clock every so many polls: the longer the polls, the fewer.
///
/// A reading costs about as much as a short poll, so it is not done for each; but polls of a
/// hundred microseconds would make a fixed number of them a long time.
pub(super) struct Pace {
    /// Polls between two readings.
    stride: Cell<u32>,
    /// Polls until the next reading.
    left: Cell<u32>,
    /// The latest reading, if the thread has not slept since.
    read_at: Cell<Option<u64>>,
    /// When the drivers were last looked at, as far as is known.
    looked_at: Cell<Option<u64>>,
    look_every: Cell<u64>,
}

/// The time between readings that the stride aims at, in nanoseconds.
const AIM: u64 = 20_000;
/// At most so many polls go unmeasured; if each suddenly takes 100 µs, that is 6 ms, once.
const MOST: u32 = 64;

impl Pace {
    pub(super) fn new() -> Self {
        Self {
            stride: Cell::new(1),
            left: Cell::new(1),
            read_at: Cell::new(None),
            looked_at: Cell::new(None),
            look_every: Cell::new(0),
        }
    }

    pub(super) fn set_look_every(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.look_every.set(nanos);
    }

    /// Counts a poll; `true` if the clock is to be read.
    #[inline]
    pub(super) fn tick(&self) -> bool {
        let left = self.left.get().saturating_sub(1);
        self.left.set(left);
        left == 0
    }

    /// Takes a reading; `true` if the drivers are due.
    pub(super) fn check(&self, now: u64) -> bool {
        if let Some(before) = self.read_at.replace(Some(now)) {
            let elapsed = now.saturating_sub(before).max(1);
            let stride = u64::from(self.stride.get());
            let wanted = (AIM * stride / elapsed).clamp(1, (stride * 2).min(u64::from(MOST)));
            self.stride.set(u32::try_from(wanted).unwrap_or(MOST));
        }
        self.left.set(self.stride.get());
        let looked = self.looked_at.get().unwrap_or(now);
        self.looked_at.set(Some(looked));
        now.saturating_sub(looked) >= self.look_every.get()
    }

    /// The drivers were looked at, right after a reading or nearly so.
    pub(super) fn looked(&self) {
        self.looked_at.set(self.read_at.get());
        self.left.set(self.stride.get());
    }

    /// The thread slept: the next reading measures nothing.
    pub(super) fn rested(&self) {
        self.read_at.set(None);
        self.looked_at.set(None);
        self.left.set(self.stride.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs polls of `nanos` each from `start` until the drivers are due; counts polls and
    /// readings.
    fn until_due(pace: &Pace, start: u64, nanos: u64) -> (u64, u64) {
        let (mut polls, mut readings) = (0, 0);
        loop {
            polls += 1;
            if pace.tick() {
                readings += 1;
                if pace.check(start + polls * nanos) {
                    return (polls, readings);
                }
            }
            assert!(polls < 1_000_000, "the drivers are never due");
        }
    }

    #[test]
    fn the_drivers_are_due_by_time_whatever_polls_cost() {
        for nanos in [10, 100, 1_000, 10_000, 100_000] {
            let pace = Pace::new();
            pace.set_look_every(Duration::from_micros(200));
            until_due(&pace, 0, nanos);
            pace.looked();
            let (polls, _) = until_due(&pace, 1_000_000_000, nanos);
            let time = polls * nanos;
            let longest = 200_000 + u64::from(MOST) * nanos;
            assert!(time <= longest, "{nanos} ns a poll: looked after {time} ns");
        }
    }

    #[test]
    fn short_polls_are_rarely_measured_and_long_ones_each() {
        let pace = Pace::new();
        pace.set_look_every(Duration::from_millis(10));
        let (polls, readings) = until_due(&pace, 0, 20);
        assert!(
            readings * 16 < polls,
            "{readings} readings in {polls} polls"
        );
        pace.looked();
        let (polls, readings) = until_due(&pace, 1_000_000_000, 100_000);
        assert!(polls - readings <= u64::from(MOST), "{readings} of {polls}");
    }
}

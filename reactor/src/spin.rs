//! Whether to look for events again and again before blocking.
//!
//! Spinning pays when the next event comes sooner than a sleep and a wake-up take; it is waste
//! otherwise, and worse than waste where the peer needs the same processor. Nobody knows which
//! it is, so what spinning found lately decides. A spin lasts the whole limit or not at all: how
//! soon the next event comes is a property of the peer, and a shorter spin finds nothing where
//! the whole one would.
//!
//! | from | on | to |
//! |---|---|---|
//! | hot, `c` credits | something was found | hot, `c + 2`, at most 8 |
//! | hot, `c` credits | nothing was found | hot, `c - 1`; cold at none |
//! | cold | `n` parks have passed | a probe: one spin |
//! | a probe | something was found | hot, 4 credits; `n` starts small again |
//! | a probe | nothing was found | cold, `n` doubles up to a bound |
//!
//! So it stays hot while at least every third spin finds something, and where none does it costs
//! four spins and then next to nothing.

use std::time::Duration;

const FIRST_CREDITS: u32 = 4;
const MOST_CREDITS: u32 = 8;

/// Parks between the first probes. Small, so that a burst of slow requests is soon forgotten.
const FIRST_PROBE: u32 = 8;

/// Parks between probes in the long run: a limit of 50 µs then costs 50 ns a park.
const LAST_PROBE: u32 = 1024;

#[derive(Debug)]
pub(crate) struct SpinBudget {
    limit: Duration,
    /// None while cold.
    credits: u32,
    /// Parks from one probe to the next.
    probe_every: u32,
    /// Parks until the next probe; counts while cold.
    until_probe: u32,
}

impl SpinBudget {
    /// A budget that begins hot, and spins for `limit`. Zero means never to spin.
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            credits: FIRST_CREDITS,
            probe_every: FIRST_PROBE,
            until_probe: 0,
        }
    }

    /// How long to spin in the park that begins now.
    ///
    /// Unless it is zero, [`hit`](Self::hit) or [`miss`](Self::miss) may say what came of it.
    pub(crate) fn next(&mut self) -> Duration {
        if self.credits > 0 {
            return self.limit;
        }
        // Saturating, because a park may say neither hit nor miss.
        self.until_probe = self.until_probe.saturating_sub(1);
        if self.until_probe == 0 {
            self.limit
        } else {
            Duration::ZERO
        }
    }

    /// Spinning found something: a sleep was saved.
    pub(crate) fn hit(&mut self) {
        self.credits = match self.credits {
            0 => FIRST_CREDITS,
            credits => MOST_CREDITS.min(credits + 2),
        };
        self.probe_every = FIRST_PROBE;
    }

    /// Spinning found nothing before it, or the wait, was over.
    pub(crate) fn miss(&mut self) {
        if self.credits == 0 {
            self.probe_every = LAST_PROBE.min(self.probe_every * 2);
        } else {
            self.credits -= 1;
        }
        self.until_probe = self.probe_every;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_micros(32);

    fn cold() -> SpinBudget {
        let mut budget = SpinBudget::new(LIMIT);
        for _ in 0..FIRST_CREDITS {
            assert_eq!(budget.next(), LIMIT);
            budget.miss();
        }
        budget
    }

    /// Parks until one spins, that one included.
    fn parks_until_probe(budget: &mut SpinBudget) -> u32 {
        (1..)
            .find(|_| !budget.next().is_zero())
            .expect("a cold budget probes again")
    }

    #[test]
    fn a_limit_of_zero_never_spins() {
        let mut budget = SpinBudget::new(Duration::ZERO);
        assert!((0..10_000).all(|_| budget.next().is_zero()));
    }

    #[test]
    fn where_nothing_comes_it_soon_stops() {
        assert!(cold().next().is_zero());
    }

    #[test]
    fn one_hit_in_three_keeps_it_hot() {
        let mut budget = SpinBudget::new(LIMIT);
        for park in 0..999 {
            assert_eq!(budget.next(), LIMIT, "park {park}");
            match park % 3 {
                0 => budget.hit(),
                _ => budget.miss(),
            }
        }
    }

    #[test]
    fn past_success_is_forgotten_after_eight_misses() {
        let mut budget = SpinBudget::new(LIMIT);
        for _ in 0..1_000 {
            budget.hit();
        }
        for _ in 0..MOST_CREDITS {
            assert_eq!(budget.next(), LIMIT);
            budget.miss();
        }
        assert!(budget.next().is_zero());
    }

    #[test]
    fn a_cold_budget_probes_ever_more_rarely_but_always_again() {
        let mut budget = cold();
        let mut intervals = Vec::new();
        for _ in 0..10 {
            intervals.push(parks_until_probe(&mut budget));
            budget.miss();
        }
        assert_eq!(intervals, [8, 16, 32, 64, 128, 256, 512, 1024, 1024, 1024]);
    }

    #[test]
    fn a_probe_that_finds_something_makes_it_hot_at_once() {
        let mut budget = cold();
        parks_until_probe(&mut budget);
        budget.miss();
        parks_until_probe(&mut budget);
        budget.hit();
        assert_eq!(budget.next(), LIMIT);

        // And the next cold time begins with frequent probes again.
        for _ in 0..FIRST_CREDITS {
            budget.miss();
        }
        assert_eq!(parks_until_probe(&mut budget), FIRST_PROBE);
    }
}

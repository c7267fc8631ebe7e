//! How long to look for events before blocking.
//!
//! Spinning pays when the next event comes sooner than a sleep and a wake-up take; it is waste
//! otherwise, and worse than waste where the peer needs the same processor. Nobody knows which
//! it is, so the budget follows what spinning found lately:
//!
//! | from | on | to |
//! |---|---|---|
//! | hot, budget `b` | something was found | hot, `2b`, at most the limit |
//! | hot, budget `b` | nothing was found | hot, `b / 2`; cold once that is an eighth of the limit |
//! | cold | `n` parks have passed | a probe: the whole limit, once |
//! | a probe | something was found | hot, the limit; `n` starts small again |
//! | a probe | nothing was found | cold, `n` doubles up to a bound |

use std::time::Duration;

/// Parks between the first probes. Small, so that a burst of slow requests is soon forgotten.
const FIRST_PROBE: u32 = 8;

/// Parks between probes in the long run: a limit of 30 µs then costs 30 ns a park.
const LAST_PROBE: u32 = 1024;

#[derive(Debug)]
pub(crate) struct SpinBudget {
    limit: Duration,
    /// Zero while cold.
    budget: Duration,
    /// Parks from one probe to the next.
    probe_every: u32,
    /// Parks until the next probe; counts while cold.
    until_probe: u32,
}

impl SpinBudget {
    /// A budget that begins hot, and never exceeds `limit`. Zero means never to spin.
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            budget: limit,
            probe_every: FIRST_PROBE,
            until_probe: 0,
        }
    }

    /// How long to spin in the park that begins now.
    ///
    /// Unless it is zero, [`hit`](Self::hit) or [`miss`](Self::miss) says what came of it.
    pub(crate) fn next(&mut self) -> Duration {
        if self.limit.is_zero() || !self.budget.is_zero() {
            return self.budget;
        }
        // Saturating, because a park that fails says neither hit nor miss.
        self.until_probe = self.until_probe.saturating_sub(1);
        if self.until_probe == 0 {
            self.limit
        } else {
            Duration::ZERO
        }
    }

    /// Spinning found something: a sleep was saved.
    pub(crate) fn hit(&mut self) {
        self.budget = if self.budget.is_zero() {
            self.limit
        } else {
            self.limit.min(self.budget * 2)
        };
        self.probe_every = FIRST_PROBE;
    }

    /// Spinning found nothing before it, or the wait, was over.
    pub(crate) fn miss(&mut self) {
        if self.budget.is_zero() {
            self.probe_every = LAST_PROBE.min(self.probe_every * 2);
        } else {
            self.budget /= 2;
            if self.budget > self.limit / 8 {
                return;
            }
            self.budget = Duration::ZERO;
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
        while !budget.budget.is_zero() {
            budget.next();
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
    fn misses_halve_it_and_three_in_a_row_end_it() {
        let mut budget = SpinBudget::new(LIMIT);
        let mut spent = Vec::new();
        for _ in 0..4 {
            let spin = budget.next();
            spent.push(spin);
            if !spin.is_zero() {
                budget.miss();
            }
        }
        assert_eq!(spent, [LIMIT, LIMIT / 2, LIMIT / 4, Duration::ZERO]);
    }

    #[test]
    fn hits_grow_it_to_the_limit_and_no_further() {
        let mut budget = SpinBudget::new(LIMIT);
        budget.miss();
        budget.miss();
        assert_eq!(budget.next(), LIMIT / 4);
        budget.hit();
        assert_eq!(budget.next(), LIMIT / 2);
        budget.hit();
        budget.hit();
        assert_eq!(budget.next(), LIMIT);
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
        for _ in 0..3 {
            budget.miss();
        }
        assert_eq!(parks_until_probe(&mut budget), FIRST_PROBE);
    }

    #[test]
    fn the_tiniest_limit_works() {
        let mut budget = SpinBudget::new(Duration::from_nanos(1));
        assert_eq!(budget.next(), Duration::from_nanos(1));
        budget.miss();
        assert_eq!(parks_until_probe(&mut budget), FIRST_PROBE);
        budget.hit();
        assert_eq!(budget.next(), Duration::from_nanos(1));
    }
}

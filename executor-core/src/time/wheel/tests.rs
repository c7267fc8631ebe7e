//! Tests of the timer wheel; each names the invariants (W1 to W4) that it would catch broken.

mod model;

use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

use super::table::{KEEP_ENTRIES, LEVELS};
use super::{NEVER, NotPending, TICK_BITS, TimerKey, Wheel, shift};

const TICK: u64 = 1 << TICK_BITS;

/// A waker that writes its name down.
struct Named {
    name: usize,
    log: Arc<Mutex<Vec<usize>>>,
}

impl Wake for Named {
    fn wake(self: Arc<Self>) {
        self.log.lock().unwrap().push(self.name);
    }
}

/// A wheel whose timers have names, and which counts what it takes to drive it.
#[derive(Default)]
struct Bench {
    wheel: Wheel,
    log: Arc<Mutex<Vec<usize>>>,
    fired: Vec<Waker>,
    rounds: usize,
}

impl Bench {
    fn waker(&self, name: usize) -> Waker {
        let log = self.log.clone();
        Waker::from(Arc::new(Named { name, log }))
    }

    fn insert(&mut self, deadline: u64, name: usize) -> TimerKey {
        let waker = self.waker(name);
        self.wheel.insert(deadline, waker)
    }

    /// The names of what fires, in order.
    fn expire(&mut self, now: u64) -> Vec<usize> {
        self.wheel.expire(now, &mut self.fired);
        self.fired.drain(..).for_each(Waker::wake);
        std::mem::take(&mut *self.log.lock().unwrap())
    }

    /// Does what a loop that sleeps until `next_wake` does, up to `until`; returns when each timer
    /// fired, and its name.
    fn drive(&mut self, until: u64) -> Vec<(u64, usize)> {
        let mut fired = Vec::new();
        while let Some(at) = self.wheel.next_wake().filter(|&at| at <= until) {
            self.rounds += 1;
            let most = (LEVELS + 1) * (fired.len() + self.wheel.len());
            assert!(self.rounds <= most, "{} wake-ups", self.rounds);
            let now = at.max(self.wheel.now);
            fired.extend(self.expire(now).into_iter().map(|name| (now, name)));
        }
        fired
    }
}

#[test]
fn an_empty_wheel_asks_for_nothing() {
    let mut bench = Bench::default();
    assert_eq!(bench.wheel.next_wake(), None);
    assert!(bench.expire(u64::MAX).is_empty());
    assert!(bench.wheel.is_empty());
}

#[test]
fn zero_and_past_deadlines_are_due_at_once() {
    let mut bench = Bench::default();
    bench.insert(0, 0);
    assert_eq!(bench.wheel.next_wake(), Some(0));
    assert_eq!(bench.expire(0), [0]);
    bench.expire(1_000_000_000);
    // A timer later in the same tick must not make an overdue one wait for company.
    bench.insert(1_000_000_100, 1);
    bench.insert(5, 2);
    bench.insert(1_000_000_000, 3);
    assert!(bench.wheel.next_wake().unwrap() <= 5);
    assert_eq!(bench.expire(1_000_000_000), [2, 3]);
    assert_eq!(bench.wheel.next_wake(), Some(1_000_000_100));
}

#[test]
fn time_that_goes_backwards_is_clamped() {
    let mut bench = Bench::default();
    bench.expire(10 * TICK);
    bench.insert(10 * TICK, 0);
    bench.insert(11 * TICK, 1);
    assert_eq!(bench.expire(3), [0]);
    assert_eq!(bench.wheel.next_wake(), Some(11 * TICK));
    assert_eq!(bench.expire(11 * TICK), [1]);
}

#[test]
fn never_never_comes_and_its_neighbours_do() {
    let mut bench = Bench::default();
    let never = bench.insert(NEVER, 0);
    assert_eq!(bench.wheel.next_wake(), None);
    bench.insert(NEVER - 1, 1);
    bench.insert(NEVER - 1 - TICK, 2);
    bench.insert(1 << 63, 3);
    bench.insert((1 << 63) - 1, 4);
    let fired = bench.drive(NEVER);
    let expected = [(1 << 63) - 1, 1 << 63, NEVER - 1 - TICK, NEVER - 1];
    assert_eq!(fired, [4, 3, 2, 1].map(|name| (expected[4 - name], name)));
    assert_eq!(bench.expire(NEVER), []);
    assert_eq!(bench.wheel.len(), 1);
    assert!(bench.wheel.reset(never, 7));
    assert_eq!(bench.expire(0), [0]);
}

#[test]
fn a_timer_reset_to_never_does_not_fire() {
    let mut bench = Bench::default();
    let key = bench.insert(100, 0);
    assert!(bench.wheel.reset(key, NEVER));
    assert_eq!(bench.drive(NEVER), []);
    assert!(bench.rounds <= 1);
    assert!(bench.expire(NEVER).is_empty());
    assert!(bench.wheel.remove(key).is_some());
}

/// W1, W3: on either side of the end of each slot width, seen from times on either side too.
#[test]
fn deadlines_round_each_power_of_two_are_exact() {
    let widths = (0..u64::BITS - TICK_BITS).map(|bits| TICK << bits);
    for width in widths {
        for start in [0, 1, TICK - 1, width - 1, width, width + TICK, 63 * TICK] {
            for ticks in [width - TICK, width, width.saturating_add(TICK)] {
                for deadline in [ticks.wrapping_sub(1), ticks, ticks + 1] {
                    lone_timer_is_exact(start, start.saturating_add(deadline).min(NEVER - 1));
                }
            }
        }
    }
}

fn lone_timer_is_exact(start: u64, deadline: u64) {
    let mut bench = Bench::default();
    bench.expire(start);
    bench.insert(deadline, 7);
    assert_eq!(bench.wheel.next_wake(), Some(deadline), "from {start}");
    if deadline > start {
        assert!(
            bench.expire(deadline - 1).is_empty(),
            "{deadline} from {start}"
        );
        assert_eq!(bench.wheel.next_wake(), Some(deadline), "from {start}");
    }
    assert_eq!(bench.expire(deadline), [7], "{deadline} from {start}");
    assert!(bench.wheel.is_empty());
}

#[test]
fn a_lone_timer_takes_one_wake_up_however_far() {
    for deadline in (0..64).map(|bits| 1 << bits) {
        let mut bench = Bench::default();
        bench.insert(deadline, 0);
        assert_eq!(bench.drive(NEVER), [(deadline, 0)]);
        assert_eq!(bench.rounds, 1);
    }
}

/// W4: the worst that removals can leave behind is one stale bound for each level.
#[test]
fn stale_bounds_cost_at_most_a_wake_up_a_level() {
    let mut bench = Bench::default();
    let deadline = NEVER - 1;
    bench.insert(deadline, 0);
    loop {
        // Before each wake-up, a timer comes and goes in every slot that the last one passes through.
        for level in 0..LEVELS {
            let start = deadline >> shift(level) << shift(level);
            let key = bench.insert(start.max(bench.wheel.now + 1), 1);
            bench.wheel.remove(key);
        }
        bench.rounds += 1;
        assert!(bench.rounds <= LEVELS + 1, "{} wake-ups", bench.rounds);
        let at = bench.wheel.next_wake().unwrap();
        if !bench.expire(at).is_empty() {
            assert_eq!(at, deadline);
            break;
        }
    }
}

#[test]
fn twenty_thousand_at_one_instant_fire_in_order_of_insertion() {
    let mut bench = Bench::default();
    let instant = 12_345_678_901;
    for name in 0..20_000 {
        bench.insert(instant, name);
    }
    assert!(bench.expire(instant - 1).is_empty());
    assert_eq!(bench.wheel.next_wake(), Some(instant));
    assert!(bench.expire(instant).into_iter().eq(0..20_000));
}

#[test]
fn one_jump_fires_in_order_of_deadline_then_insertion() {
    let mut bench = Bench::default();
    let mut expected = Vec::new();
    for name in 0..5_000_usize {
        let deadline = (name as u64 * 7_919 % 1_009) << (name % 40);
        bench.insert(deadline, name);
        expected.push((deadline, name));
    }
    expected.sort_unstable();
    let fired = bench.expire(NEVER);
    assert!(
        fired
            .into_iter()
            .eq(expected.into_iter().map(|(_, name)| name))
    );
}

#[test]
fn a_dense_crowd_costs_a_wake_up_a_tick() {
    let mut bench = Bench::default();
    let ticks = 640;
    let deadlines: Vec<_> = (0..ticks * 100).map(|name| name * TICK / 100).collect();
    for (name, &deadline) in deadlines.iter().enumerate() {
        bench.insert(deadline, name);
    }
    let fired = bench.drive(NEVER);
    assert_eq!(fired.len(), deadlines.len());
    for (now, name) in fired {
        assert!((deadlines[name]..deadlines[name] + TICK).contains(&now));
    }
    // One more for each slot of level 1, which its first timer opens, and one for deadline 0.
    let most = ticks as usize + ticks as usize / 64 + 1;
    assert!(bench.rounds <= most, "{} wake-ups", bench.rounds);
}

#[test]
fn stale_keys_are_harmless() {
    let mut bench = Bench::default();
    let fired = bench.insert(1, 0);
    bench.expire(1);
    let removed = bench.insert(TICK, 1);
    assert!(bench.wheel.remove(removed).is_some());
    // It takes the place that both had.
    let heir = bench.insert(2 * TICK, 2);
    let waker = bench.waker(3);
    for stale in [fired, removed] {
        assert!(bench.wheel.remove(stale).is_none());
        assert!(!bench.wheel.reset(stale, 5));
        assert_eq!(
            bench.wheel.set_waker(stale, waker.clone()).unwrap_err(),
            NotPending
        );
    }
    assert_eq!(bench.drive(NEVER), [(2 * TICK, 2)]);
    assert!(bench.wheel.remove(heir).is_none());
}

#[test]
fn the_latest_waker_wins_and_the_old_one_comes_back() {
    let mut bench = Bench::default();
    let key = bench.insert(TICK, 0);
    let waker = bench.waker(1);
    assert_eq!(bench.wheel.is_woken_by(key, &waker), Ok(false));
    let old = bench.wheel.set_waker(key, waker.clone()).unwrap();
    old.expect("it was replaced").wake();
    assert_eq!(bench.expire(0), [0]);
    assert_eq!(bench.wheel.is_woken_by(key, &waker), Ok(true));
    assert_eq!(bench.expire(TICK), [1]);
}

#[test]
fn wakers_are_held_once_and_let_go() {
    let mut bench = Bench::default();
    let named = Arc::new(Named {
        name: 0,
        log: bench.log.clone(),
    });
    let waker = Waker::from(named.clone());
    let key = bench.wheel.insert(TICK, waker.clone());
    assert_eq!(Arc::strong_count(&named), 3);
    drop(bench.wheel.remove(key));
    bench.wheel.insert(TICK, waker.clone());
    bench.expire(TICK);
    assert_eq!(Arc::strong_count(&named), 2);
}

#[test]
fn a_later_reset_wakes_early_once_and_fires_on_time() {
    let mut bench = Bench::default();
    let key = bench.insert(1_000_000, 0);
    for step in 1..1_000 {
        assert!(bench.wheel.reset(key, 1_000_000 + step * TICK));
    }
    let deadline = 1_000_000 + 999 * TICK;
    assert_eq!(bench.drive(NEVER), [(deadline, 0)]);
    assert_eq!(bench.rounds, 2);
}

#[test]
fn an_earlier_reset_takes_effect_at_once() {
    let mut bench = Bench::default();
    let key = bench.insert(1 << 40, 0);
    for deadline in [1 << 39, 1 << 30, 3 * TICK, 2 * TICK + 9, 2 * TICK + 1, 0] {
        assert!(bench.wheel.reset(key, deadline));
        assert_eq!(bench.wheel.next_wake(), Some(deadline));
    }
    // Later and then less late: still in its old slot, which comes first.
    assert!(bench.wheel.reset(key, 1 << 40));
    assert!(bench.wheel.reset(key, 1 << 20));
    assert_eq!(bench.drive(NEVER), [(1 << 20, 0)]);
}

#[test]
fn removals_inside_crowded_slots_leave_the_others_alone() {
    let mut bench = Bench::default();
    let count = 3_000;
    let keys: Vec<_> = (0..count)
        .map(|name| bench.insert(5 * TICK + (name as u64 % 3) * (TICK << 12), name))
        .collect();
    // First, last, middle and whole runs of each list.
    let goes = |name: usize| name < 10 || name >= count - 10 || name % 7 < 3;
    for name in (0..count).filter(|&name| goes(name)) {
        bench
            .wheel
            .remove(keys[name])
            .expect("it is pending")
            .wake();
    }
    assert!(
        bench
            .expire(0)
            .into_iter()
            .eq((0..count).filter(|&name| goes(name)))
    );
    let mut stays: Vec<_> = (0..count).filter(|&name| !goes(name)).collect();
    assert_eq!(bench.wheel.len(), stays.len());
    stays.sort_by_key(|name| name % 3);
    assert_eq!(bench.expire(NEVER), stays);
}

#[test]
fn memory_is_flat_over_a_million_pairs() {
    let mut wheel = Wheel::new();
    for other in 0..100 {
        wheel.insert(other << 30, Waker::noop().clone());
    }
    let before = wheel.table.capacity();
    for pair in 0..1_000_000 {
        let key = wheel.insert(pair << 10, Waker::noop().clone());
        assert!(wheel.remove(key).is_some());
    }
    assert_eq!(wheel.len(), 100);
    assert_eq!(wheel.table.capacity(), before);
}

#[test]
fn memory_is_given_back_after_a_burst() {
    let mut wheel = Wheel::new();
    let early = wheel.insert(NEVER, Waker::noop().clone());
    let burst = 200_000;
    let keys: Vec<_> = (0..burst)
        .map(|at| wheel.insert(at, Waker::noop().clone()))
        .collect();
    assert!(wheel.table.capacity() >= burst as usize);
    keys.iter().for_each(|&key| drop(wheel.remove(key)));
    assert!(wheel.table.capacity() <= 2 * KEEP_ENTRIES);
    // By firing too, and with a timer left over at the far end, which holds it up until it goes.
    for at in 0..burst {
        wheel.insert(at, Waker::noop().clone());
    }
    let last = wheel.insert(NEVER, Waker::noop().clone());
    let mut fired = Vec::new();
    wheel.expire(burst, &mut fired);
    assert_eq!(fired.len(), burst as usize);
    assert!(wheel.table.capacity() > burst as usize);
    assert!(wheel.remove(early).is_some() && wheel.remove(last).is_some());
    assert!(wheel.table.capacity() <= 2 * KEEP_ENTRIES);
    // Keys to what is gone find nothing, and the table works on.
    assert!(keys.iter().all(|&key| wheel.remove(key).is_none()));
    let key = wheel.insert(burst + 1, Waker::noop().clone());
    assert_eq!(wheel.next_wake(), Some(burst + 1));
    assert!(wheel.remove(key).is_some() && wheel.is_empty());
}

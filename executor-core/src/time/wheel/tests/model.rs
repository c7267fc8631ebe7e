//! Random histories, compared with a sorted map that knows nothing of slots.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::table::LEVELS;
use super::super::{NEVER, TimerKey};
use super::{Bench, TICK};

/// One step of a history. Times are relative to the model's; picks are reduced to what there is.
#[derive(Clone, Debug)]
enum Step {
    Insert(u64),
    InsertAt(u64),
    Remove(usize),
    Reset(usize, u64),
    SetWaker(usize),
    Advance(u64),
    Drive(u64),
}

/// A time span of any magnitude, dense near the boundaries of slots.
fn span() -> impl Strategy<Value = u64> {
    let near_boundary = (0..64_u32, 1..4_u64, 0..5_u64).prop_map(|(bits, times, off)| {
        times
            .saturating_mul(1 << bits)
            .saturating_add(off)
            .saturating_sub(2)
    });
    prop_oneof![
        2 => 0..4 * TICK,
        2 => 0..300 * TICK,
        2 => near_boundary,
        1 => (any::<u64>(), 0..64_u32).prop_map(|(time, bits)| time >> bits),
    ]
}

/// A span that leaves room for the history to go on.
fn short_span() -> impl Strategy<Value = u64> {
    prop_oneof![8 => span().prop_map(|span| span >> 24), 3 => 0..3 * TICK, 1 => span()]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => span().prop_map(Step::Insert),
        2 => short_span().prop_map(Step::Insert),
        1 => prop_oneof![Just(0), Just(NEVER), Just(NEVER - 1), any::<u64>()].prop_map(Step::InsertAt),
        3 => any::<usize>().prop_map(Step::Remove),
        4 => (any::<usize>(), prop_oneof![span(), short_span()]).prop_map(|(pick, to)| Step::Reset(pick, to)),
        1 => any::<usize>().prop_map(Step::SetWaker),
        2 => short_span().prop_map(Step::Advance),
        3 => short_span().prop_map(Step::Drive),
    ]
}

/// The wheel, and what it should hold.
#[derive(Default)]
struct Model {
    bench: Bench,
    now: u64,
    /// By deadline and insertion: when the deadline was last set, and the waker's name.
    pending: BTreeMap<(u64, usize), (u64, usize)>,
    /// Every key ever given, with its deadline; insertion n has key n.
    keys: Vec<(TimerKey, u64)>,
    /// Operations after which a bound may be stale or a timer must come down the levels.
    placements: usize,
    fired: usize,
}

impl Model {
    fn insert(&mut self, deadline: u64) {
        let id = self.keys.len();
        let key = self.bench.insert(deadline, id);
        self.keys.push((key, deadline));
        self.pending.insert((deadline, id), (self.now, id));
        self.placements += 1;
    }

    fn remove(&mut self, id: usize) {
        let (key, deadline) = self.keys[id];
        let expected = self.pending.remove(&(deadline, id));
        let waker = self.bench.wheel.remove(key);
        assert_eq!(waker.is_some(), expected.is_some());
    }

    fn reset(&mut self, id: usize, to: u64) {
        let (key, old) = self.keys[id];
        let entry = self.pending.remove(&(old, id));
        assert_eq!(self.bench.wheel.reset(key, to), entry.is_some());
        if let Some((_, name)) = entry {
            self.pending.insert((to, id), (self.now, name));
            self.keys[id].1 = to;
            self.placements += 1;
        }
    }

    fn set_waker(&mut self, id: usize) {
        let (key, deadline) = self.keys[id];
        let name = id + 1_000_000;
        let waker = self.bench.waker(name);
        let entry = self.pending.get_mut(&(deadline, id));
        let replaced = self.bench.wheel.set_waker(key, waker);
        assert_eq!(replaced.is_ok(), entry.is_some());
        if let Some((_, current)) = entry {
            *current = name;
        }
    }

    /// Calls `expire`, and compares what it fires; with `punctual`, also that it is in time.
    fn expire(&mut self, now: u64, punctual: bool) {
        self.now = self.now.max(now.min(NEVER - 1));
        let later = self.pending.split_off(&(self.now + 1, 0));
        let due = std::mem::replace(&mut self.pending, later);
        if punctual {
            for (&(deadline, id), &(set, _)) in &due {
                let late = self.now - deadline.max(set);
                assert!(late < TICK, "timer {id} for {deadline} is {late} ns late");
            }
        }
        let fired = self.bench.expire(now);
        self.fired += fired.len();
        assert!(
            due.values().map(|&(_, name)| name).eq(fired),
            "fired otherwise at {now}"
        );
    }

    /// Lets `next_wake` alone say when to call `expire`, then moves on to `until`.
    fn drive(&mut self, until: u64) {
        while let Some(at) = self.bench.wheel.next_wake().filter(|&at| at <= until) {
            self.bench.rounds += 1;
            self.expire(at, true);
            // W4: each wake-up fires a timer or brings one down a level.
            let most = self.fired + (LEVELS + 1) * self.placements;
            assert!(self.bench.rounds <= most, "{} wake-ups", self.bench.rounds);
        }
        // Nothing that is overdue by a tick may be left to find here.
        self.expire(until, true);
    }

    fn check(&self) {
        let wheel = &self.bench.wheel;
        assert_eq!(wheel.len(), self.pending.len());
        assert_eq!(wheel.is_empty(), self.pending.is_empty());
        let Some((&(first, _), _)) = self.pending.first_key_value() else {
            assert_eq!(wheel.next_wake(), None);
            return;
        };
        let next = wheel.next_wake();
        if first <= self.now {
            assert!(
                next.is_some_and(|at| at <= self.now),
                "overdue, yet {next:?}"
            );
        } else if first < NEVER {
            assert!(
                next.is_some_and(|at| at - at.min(first) < TICK),
                "{next:?} for {first}"
            );
        }
    }

    fn apply(&mut self, step: Step) {
        let count = self.keys.len().max(1);
        let known = |pick: usize| Some(pick % count).filter(|_| !self.keys.is_empty());
        match step {
            Step::Insert(span) => self.insert(self.now.saturating_add(span)),
            Step::InsertAt(deadline) => self.insert(deadline),
            Step::Remove(pick) => known(pick).into_iter().for_each(|id| self.remove(id)),
            Step::Reset(pick, span) => {
                let to = self.now.saturating_add(span);
                known(pick).into_iter().for_each(|id| self.reset(id, to));
            }
            Step::SetWaker(pick) => known(pick).into_iter().for_each(|id| self.set_waker(id)),
            Step::Advance(span) => self.expire(self.now.saturating_add(span), false),
            Step::Drive(span) => self.drive(self.now.saturating_add(span)),
        }
        self.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    /// W1 to W4, over anything that an owner may do.
    #[test]
    fn any_history_agrees_with_a_sorted_map(steps in prop::collection::vec(step(), 1..300)) {
        let mut model = Model::default();
        steps.into_iter().for_each(|step| model.apply(step));
        model.drive(NEVER);
        model.check();
        prop_assert!(model.pending.keys().all(|&(deadline, _)| deadline == NEVER));
    }
}

//! T: timers.

mod alarms;
mod driver;
mod idle;
mod instants;
mod interval;
mod order;
mod reset;
mod wakers;

pub use driver::{
    t10_must_earlier_timer_shortens_the_park, t12_must_timers_may_outlive_the_executor,
};
pub use idle::t14_should_waiting_for_a_timer_does_not_spin;
pub use instants::{
    t01_must_zero_and_past_complete, t02_must_durations_near_max_never_fire,
    t03_must_sleeps_are_never_early,
};
pub use interval::t13_should_interval_treats_missed_ticks_as_asked;
pub use order::{
    t04_must_distinct_deadlines_fire_in_order, t05_must_many_timers_at_one_instant_all_fire,
    t11_must_deadlines_around_powers_of_two,
};
pub use reset::t08_must_reset_moves_the_deadline;
pub use wakers::{
    t06_must_latest_waker_wins, t07_must_drop_releases_waker_and_memory,
    t09_must_drop_on_the_firing_tick,
};

use crate::Rule;

/// The rules of the group.
pub static RULES: &[Rule] = &[
    Rule {
        name: "t01_must_zero_and_past_complete",
        statement: "A sleep of nothing, and one till an instant that has passed, end.",
        rationale: "Such deadlines come of subtracting the time that was spent, and a timer that \
            is put behind the hand of the clock waits for a whole turn of it. Zero and tiny \
            durations, and instants up to an hour ago, are waited for alone and together.",
        bugs: &["tokio#3069", "glommio#326"],
    },
    Rule {
        name: "t02_must_durations_near_max_never_fire",
        statement: "A sleep of `Duration::MAX`, or of any very long time, neither panics nor ends.",
        rationale: "Far deadlines stand for `never`, and overflow where they are added to a clock, \
            put into milliseconds or handed to the system. Durations around the limits of 32 and \
            64 bits in all units are waited for, each as the only deadline and then beside a \
            short one, which must end.",
        bugs: &["tokio#5183", "embassy#6141"],
    },
    Rule {
        name: "t03_must_sleeps_are_never_early",
        statement: "A sleep does not end before its deadline.",
        rationale: "Protocols count on it, and rounding down to a tick, or adding to a clock that \
            was read long ago, breaks it. Durations from a nanosecond to 30 ms, on and beside \
            whole milliseconds, are compared with the system's clock: one by one, many at once, \
            after the thread was blocked, and polled again and again.",
        bugs: &[],
    },
    Rule {
        name: "t04_must_distinct_deadlines_fire_in_order",
        statement: "Sleeps are woken in the order of their deadlines.",
        rationale: "A time limit must not beat one that was due before it. Twelve sleeps 10 ms \
            apart, which any clock tells apart, are set in random order, and the calls of their \
            wakers compared; once they fire one by one, once the thread was blocked past all of \
            them. It fails if three tries do.",
        bugs: &[],
    },
    Rule {
        name: "t05_must_many_timers_at_one_instant_all_fire",
        statement: "Of many sleeps till the same instant, all end.",
        rationale: "Timers that are kept by their deadline overwrite each other, and a batch of \
            limited size may forget the rest. 20,000 sleeps share a deadline, once ahead and once \
            just reached; each is polled again only when its own waker was called.",
        bugs: &[],
    },
    Rule {
        name: "t06_must_latest_waker_wins",
        statement: "A sleep that was polled by several wakers wakes the last of them.",
        rationale: "A sleep that moves between tasks, or into a `select`, gets a new waker; a \
            timer that keeps the first one is never heard of again. A sleep is polled with one, \
            two, and a hundred wakers before its own, and with another one in between.",
        bugs: &[],
    },
    Rule {
        name: "t07_must_drop_releases_waker_and_memory",
        statement: "Dropping a sleep lets go of its waker and of the memory that it took.",
        rationale: "Most time limits are dropped before they end, and a waker keeps a task alive. \
            Sleeps of an hour are polled and dropped: the count of references to their waker must \
            fall, and 20,000 of them after 8,000 leave no memory behind. The executor may take a \
            few turns to do so.",
        bugs: &[],
    },
    Rule {
        name: "t08_must_reset_moves_the_deadline",
        statement: "A sleep that is given another deadline, earlier or later, ends at that one.",
        rationale: "Idle limits are moved at every message. Deadlines are moved to and fro, to the \
            past, and after the end, of sleeps that were polled and of such that were not; each \
            must end at the last one and not before. One that was moved to the future while it \
            waited must wake who waits, without being polled again.",
        bugs: &["tokio#849"],
    },
    Rule {
        name: "t09_must_drop_on_the_firing_tick",
        statement: "A sleep may be dropped at the moment at which it fires.",
        rationale: "What wakes a task is often what makes it drop its other timers, which may be \
            due in the same tick and already be taken from their list. Sleeps are dropped just \
            before and after their instant, beside others due together, after their end, and by \
            the waker of another one; those that stay must end.",
        bugs: &["tokio#3229"],
    },
    Rule {
        name: "t10_must_earlier_timer_shortens_the_park",
        statement: "A sleep that is set while the executor waits for a later deadline ends at its \
            own.",
        rationale: "A driver that has gone to sleep until the earliest deadline must be told of \
            an earlier one. While the executor waits for an hour, a thread wakes the root, which \
            sets a sleep of 2 ms; that it takes 3 s is taken for the fault.",
        bugs: &["tokio#3190"],
    },
    Rule {
        name: "t11_must_deadlines_around_powers_of_two",
        statement: "Deadlines of 2^k - 1, 2^k, and 2^k + 1 ticks are kept, in order and none early.",
        rationale: "The slots of timer wheels change hands at powers of two. All such deadlines \
            up to a second, in microseconds and milliseconds, are set at several places of the \
            wheel, and the calls of their wakers put in order. Faults that take days to show \
            are out of its reach.",
        bugs: &["tokio#8334"],
    },
    Rule {
        name: "t12_must_timers_may_outlive_the_executor",
        statement: "A sleep that is polled or dropped after its executor is gone does no harm.",
        rationale: "Futures are dropped in any order. Sleeps that wait, have ended, or were never \
            polled outlive the executor; polling them may end, wait, or panic, and dropping them \
            must not disturb the timers of the next executor, nor leave their wakers behind.",
        bugs: &["tokio#2789"],
    },
    Rule {
        name: "t13_should_interval_treats_missed_ticks_as_asked",
        statement: "Ticks of an interval that were missed come at once, or delay the next, or are \
            left out, as was asked.",
        rationale: "A meter must not lose ticks, a poller must not hurry. The thread is blocked \
            past four ticks of 20 ms; those that follow must not come before the instant that \
            each way allows, and, in one of five tries, must be where it puts them.",
        bugs: &["tokio#3574"],
    },
    Rule {
        name: "t14_should_waiting_for_a_timer_does_not_spin",
        statement: "Waiting for a timer takes next to no processor time, also for less than a \
            millisecond.",
        rationale: "A wait that is rounded down to whole milliseconds turns into a busy loop for \
            the rest. The process's processor time during 200 sleeps of 0.3 to 1.9 ms must be \
            under 40 % of their length, and beside far deadlines under 20 % of 100 ms, in the \
            best of three tries.",
        bugs: &["smol#109"],
    },
];

/// Lists the rules with the capabilities that they need.
#[doc(hidden)]
#[macro_export]
macro_rules! __timers {
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } timers
            t01_must_zero_and_past_complete [timers];
            t02_must_durations_near_max_never_fire [timers];
            t03_must_sleeps_are_never_early [timers];
            t04_must_distinct_deadlines_fire_in_order [timers];
            t05_must_many_timers_at_one_instant_all_fire [timers];
            t06_must_latest_waker_wins [timers];
            t07_must_drop_releases_waker_and_memory [timers];
            t08_must_reset_moves_the_deadline [reset];
            t09_must_drop_on_the_firing_tick [timers];
            t10_must_earlier_timer_shortens_the_park [timers];
            t11_must_deadlines_around_powers_of_two [timers];
            t12_must_timers_may_outlive_the_executor [timers];
            t13_should_interval_treats_missed_ticks_as_asked [intervals];
            t14_should_waiting_for_a_timer_does_not_spin [timers];
        }
    };
}

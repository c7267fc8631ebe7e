//! L: lifecycle of a task.

mod anchored;
mod drops;
mod on_drop;
mod polls;
mod progress;
mod spawns;
mod wakers;
mod watch;

pub use drops::{
    l05_must_drop_at_completion_although_wakers_live, l06_must_drop_before_join_resolves,
    l07_must_drop_an_output_exactly_once,
};
pub(in crate::rules) use on_drop::{OnDrop, with_drop};
pub use polls::{
    l01_must_poll_what_is_spawned, l02_must_never_poll_after_the_end,
    l03_must_never_poll_concurrently, l04_must_never_move_after_the_first_poll,
    l08_should_never_poll_inline_in_spawn, l09_should_not_poll_without_a_wake,
};
pub(in crate::rules) use progress::{Notifier, Progress, patience};
pub use spawns::{
    l10_must_bear_any_size_and_alignment, l11_must_spawn_from_poll_and_drop,
    l12_should_bear_100000_spawns_in_one_poll,
};
pub(in crate::rules) use wakers::Wakers;
pub(in crate::rules) use watch::Track;

use crate::Rule;

/// What it means that all threads sleep while tasks are run and joined.
pub(in crate::rules) const STUCK: &str =
    "the executor does not go on: a task is not run, or its handle gives nothing";

/// The rules of the group.
pub static RULES: &[Rule] = &[
    Rule {
        name: "l01_must_poll_what_is_spawned",
        statement: "A future that was spawned is polled, wherever it was spawned.",
        rationale: "Nothing else works without it. Futures are spawned before `block_on`, by the \
            root and by a task, while the root waits for nothing but their first polls.",
        bugs: &[],
    },
    Rule {
        name: "l02_must_never_poll_after_the_end",
        statement: "A future that was ready or has panicked is never polled again.",
        rationale: "Most futures panic at such a poll, and those written with unsafe code may do \
            worse. Futures end at their first or a later poll, with and without having woken \
            themselves during it; then the wakers that they left are called, and peers run. Last \
            come futures that panic, whether or not the executor keeps panics from `block_on`.",
        bugs: &["wasm-bindgen#1598"],
    },
    Rule {
        name: "l03_must_never_poll_concurrently",
        statement: "A future is never polled by two threads at once.",
        rationale: "`poll` takes the future by exclusive reference, so that an executor which \
            hands a running task to a second thread breaks memory safety. Futures are woken \
            by themselves and by other threads while they are polled, and stay in the poll until \
            these wakes have been made.",
        bugs: &[],
    },
    Rule {
        name: "l04_must_never_move_after_the_first_poll",
        statement: "A future stays where it is from its first poll until it has been dropped.",
        rationale: "This is what `Pin` promises, and references inside of `async` blocks dangle \
            without it. Futures compare their addresses at each poll and at their drop, while \
            thousands of the same type come, end and go, which makes any table of them grow and \
            close its gaps; the root is watched too.",
        bugs: &[],
    },
    Rule {
        name: "l05_must_drop_at_completion_although_wakers_live",
        statement: "A future is dropped when it is ready, although wakers of its task live on.",
        rationale: "Wakers are kept by timers, sockets and channels for any length of time, and \
            what the future owns (a lock, a socket) must not wait for them. Futures leave clones \
            of their wakers behind; their handles are awaited, or kept and not awaited.",
        bugs: &[],
    },
    Rule {
        name: "l06_must_drop_before_join_resolves",
        statement: "When a handle gives the output, the future has been dropped.",
        rationale: "Whoever has joined a task relies on its files being closed and its locks free. \
            The future itself is watched, since the locals of an `async` block go before it is \
            ready. The order is often right by chance, so it is looked at a thousand times.",
        bugs: &[],
    },
    Rule {
        name: "l07_must_drop_an_output_exactly_once",
        statement: "A task's output is dropped exactly once, whatever becomes of its handle.",
        rationale: "The output passes from the future to the task to the handle, and each may go \
            at any time. Handles are awaited, and dropped before the task has run, after it has \
            ended, by another task at the same time, and after the executor.",
        bugs: &[],
    },
    Rule {
        name: "l08_should_never_poll_inline_in_spawn",
        statement: "`spawn` returns without having polled the future on the caller's stack.",
        rationale: "Callers spawn while they hold locks and borrows, and recursion by spawning \
            overflows the stack. A future looks whether its thread is inside of `spawn`; another \
            thread may poll it before `spawn` returns.",
        bugs: &[],
    },
    Rule {
        name: "l09_should_not_poll_without_a_wake",
        statement: "A task whose wakers nobody calls is not polled, whatever its peers do.",
        rationale: "An executor that polls everything at each turn makes the cost of a task grow \
            with the number of its peers. Tasks wait while a thousand peers are spawned and \
            joined, and then called by the wakers that they left; each has been polled once, and once more when its gate opens.",
        bugs: &["unicycle#5"],
    },
    Rule {
        name: "l10_must_bear_any_size_and_alignment",
        statement: "Futures of 1 MiB, of an alignment of 4 KiB, and of no size at all work.",
        rationale: "Task cells are laid out by hand, with offsets that are right for common sizes. \
            The futures look at their own addresses and contents at each poll and at their drop. \
            They are spawned by a thread with a large stack, since `spawn` may pass them by value.",
        bugs: &[],
    },
    Rule {
        name: "l11_must_spawn_from_poll_and_drop",
        statement: "`spawn` works inside of a poll, of a future's drop and of an output's drop.",
        rationale: "A future that ends is dropped by the executor, which may hold a lock or a borrow \
            at that time; a `spawn` in there deadlocks or panics. What is spawned must be polled.",
        bugs: &["async-executor#60"],
    },
    Rule {
        name: "l12_should_bear_100000_spawns_in_one_poll",
        statement: "One poll can spawn 100,000 tasks, and all of them run.",
        rationale: "A poll cannot wait for room, so that a bounded queue can only panic, drop or \
            deadlock. The root spawns them in one poll; each runs exactly once.",
        bugs: &[],
    },
];

/// Lists the rules with the capabilities that they need.
#[doc(hidden)]
#[macro_export]
macro_rules! __lifecycle {
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } lifecycle
            l01_must_poll_what_is_spawned [spawn];
            l02_must_never_poll_after_the_end [spawn];
            l03_must_never_poll_concurrently [spawn];
            l04_must_never_move_after_the_first_poll [spawn];
            l05_must_drop_at_completion_although_wakers_live [spawn];
            l06_must_drop_before_join_resolves [spawn];
            l07_must_drop_an_output_exactly_once [spawn];
            l08_should_never_poll_inline_in_spawn [spawn];
            l09_should_not_poll_without_a_wake [spawn];
            l10_must_bear_any_size_and_alignment [spawn];
            l11_must_spawn_from_poll_and_drop [spawn];
            l12_should_bear_100000_spawns_in_one_poll [spawn];
        }
    };
}

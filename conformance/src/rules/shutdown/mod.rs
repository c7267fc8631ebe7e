//! D: shutdown, which is dropping the executor.

mod blocked;
mod drops;
mod reentry;
mod resources;

pub use blocked::{d10_must_not_hang_with_blocked_workers, d12_must_honour_the_shutdown_timeout};
pub use drops::{
    d01_must_drop_every_future, d02_must_break_cycles_of_wakers,
    d06_must_not_drop_live_tasks_early, d07_must_never_poll_after_shutdown,
};
pub use reentry::{
    d03_must_bear_spawn_in_drop, d04_must_bear_wakes_in_drop, d05_must_not_hold_locks_in_drop,
    d09_must_bear_shutdown_inside_async_as_declared,
};
pub use resources::{d08_must_give_back_what_cycles_take, d11_must_bear_deep_chains_of_handles};

use super::lifecycle::Track;
use crate::harness::eventually;
use crate::{Case, Executor, Rule};

/// The rules of the group.
pub static RULES: &[Rule] = &[
    Rule {
        name: "d01_must_drop_every_future",
        statement: "Shutdown drops each future, whether its task is idle, queued or was never polled.",
        rationale: "What a future owns (a connection, a temporary file, a lock) is given back by its \
            drop. An executor that reaches its tasks by its queue alone misses the idle ones. Wakers \
            live outside, and a half of the handles. Another executor is dropped that has never run.",
        bugs: &["tokio#722"],
    },
    Rule {
        name: "d02_must_break_cycles_of_wakers",
        statement: "Shutdown drops futures that own their own wakers or each other's, or wake themselves without end.",
        rationale: "A waker keeps its task alive, so that a task whose future holds it is a cycle \
            which counting references never frees; channels between tasks make such cycles every \
            day; nothing outside refers to them. Tasks that yield for ever are always queued, \
            whenever an executor looks.",
        bugs: &[],
    },
    Rule {
        name: "d03_must_bear_spawn_in_drop",
        statement: "A task that is spawned by a drop during shutdown is refused or dropped.",
        rationale: "Clean-up code spawns, and does not know that its executor is going. The executor \
            may panic in `spawn` or take the future; it may not hang, abort, or leak it. What is \
            spawned spawns in its own drop, three deep.",
        bugs: &["tokio#3548"],
    },
    Rule {
        name: "d04_must_bear_wakes_in_drop",
        statement: "Futures that are dropped by shutdown may wake themselves, their peers and the root.",
        rationale: "Dropping a sender wakes its receiver, so that shutdown is a storm of wakes for \
            tasks that are queued, dropped already, or being dropped. Each future calls all wakers; \
            each must be dropped once, and the wakers stay harmless afterwards.",
        bugs: &["compio#936"],
    },
    Rule {
        name: "d05_must_not_hold_locks_in_drop",
        statement: "No internal lock is held while the drop of a user's future runs.",
        rationale: "The drop may wait for another thread, which may call a waker: if that needs a \
            lock which the dropping thread holds, neither goes on. A drop waits for a thread that \
            clones, calls and drops a peer's waker, when a future ends and at shutdown; then drops \
            let go of peers' handles.",
        bugs: &["tokio#1929"],
    },
    Rule {
        name: "d06_must_not_drop_live_tasks_early",
        statement: "A live task is dropped neither before shutdown nor inside of a wake.",
        rationale: "Tasks without a handle live as long as the executor, whatever handles to it \
            are dropped. During shutdown an executor may be tempted to drop a task where it is woken: \
            there the waker's caller may hold a lock that the future's drop takes.",
        bugs: &["tokio#3869"],
    },
    Rule {
        name: "d07_must_never_poll_after_shutdown",
        statement: "When dropping the executor has returned, nothing is polled any more.",
        rationale: "The caller frees what tasks use. Tasks that yield without end are running or \
            queued when the executor is dropped, others are woken by two threads before, during and \
            after that.",
        bugs: &[],
    },
    Rule {
        name: "d08_must_give_back_what_cycles_take",
        statement: "Threads, descriptors and memory stay flat over cycles of start and shutdown.",
        rationale: "Test suites and plugins make executors by the thousand. Each of 40 cycles leaves \
            joined, pending and never-polled tasks behind; what is in use must not grow over two \
            windows. What cannot be read on this system is left out.",
        bugs: &["tokio#3473"],
    },
    Rule {
        name: "d09_must_bear_shutdown_inside_async_as_declared",
        statement: "Dropping an executor inside of another's `block_on` does what the adapter declares.",
        rationale: "It happens when a library's object that owns an executor is dropped in async \
            code. It works or panics; in both cases the outer executor must go on. Ownership keeps \
            an executor from being dropped inside of its own tasks.",
        bugs: &["tokio#1950"],
    },
    Rule {
        name: "d10_must_not_hang_with_blocked_workers",
        statement: "Shutdown returns although workers were blocked in polls when it began.",
        rationale: "A worker in a long poll cannot take part in a shutdown that needs all workers at \
            a time. Two tasks block until another thread, which waits for the shutdown to begin, lets \
            them go; others are queued behind them or idle, and all must be dropped.",
        bugs: &["tokio#2119"],
    },
    Rule {
        name: "d11_must_bear_deep_chains_of_handles",
        statement: "A long chain of tasks, each of which owns the next one's handle, ends without \
            overflowing the stack.",
        rationale: "Where dropping a handle drops its task's future, and that the next handle, the \
            drop is as deep as the chain; a wake that polls is, too. A chain of 100,000 \
            is dropped by shutdown that was never polled, one in which every task waits loses its \
            first handle and then its executor, and a shorter one is joined, all with little stack.",
        bugs: &[],
    },
    Rule {
        name: "d12_must_honour_the_shutdown_timeout",
        statement: "A bounded shutdown waits for closures that block, but only for as long as it was told.",
        rationale: "A closure that never ends must not keep a process from ending, and one that \
            ends soon must not be cut off. One closure outlasts the time-out and another ends \
            within it; that the shutdown is late is the time limit's to notice.",
        bugs: &[],
    },
];

/// Lists the rules with the capabilities that they need.
#[doc(hidden)]
#[macro_export]
macro_rules! __shutdown {
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } shutdown
            d01_must_drop_every_future [spawn];
            d02_must_break_cycles_of_wakers [spawn];
            d03_must_bear_spawn_in_drop [spawn];
            d04_must_bear_wakes_in_drop [spawn];
            d05_must_not_hold_locks_in_drop [spawn];
            d06_must_not_drop_live_tasks_early [spawn];
            d07_must_never_poll_after_shutdown [spawn];
            d08_must_give_back_what_cycles_take [spawn];
            d09_must_bear_shutdown_inside_async_as_declared [spawn];
            d10_must_not_hang_with_blocked_workers [parallel];
            d11_must_bear_deep_chains_of_handles [spawn];
            d12_must_honour_the_shutdown_timeout [blocking shutdown_timeout];
        }
    };
}

/// Drops the executor.
pub(super) fn shut_down<E: Executor>(case: &Case, executor: E) {
    case.watch("dropping the executor does not return", || drop(executor));
}

/// Fails unless each of the futures has been dropped, and once.
///
/// An executor with threads may drop some of them shortly after its own drop has returned.
pub(super) fn assert_dropped_once(what: &str, tracks: &[Track]) {
    eventually(|| tracks.iter().all(|track| track.drops() > 0));
    let never = tracks.iter().filter(|track| track.drops() == 0).count();
    let twice = tracks.iter().filter(|track| track.drops() > 1).count();
    assert!(
        never + twice == 0,
        "of {} futures {what}, {never} were not dropped, and {twice} more than once",
        tracks.len()
    );
}

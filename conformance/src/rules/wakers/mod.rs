//! W: wakers.

mod arrival;
mod gone;
mod identity;
mod inline;
pub(crate) mod kit;
mod parks;
mod places;
mod polls;
mod references;
mod threads;
mod told;

pub use arrival::{
    w01_must_self_wake_is_a_repoll, w02_must_wake_before_idle_is_not_lost,
    w15_must_stolen_park_token_is_no_lost_wake,
};
pub use gone::{w07_must_wake_after_shutdown_is_harmless, w08_must_wake_races_shutdown_safely};
pub use identity::{w14_should_clone_will_wake, w19_must_will_wake_is_no_false_promise};
pub use inline::w11_must_wake_runs_nothing_inline;
pub use parks::{
    w03_must_remote_wake_unparks, w04_must_remote_wake_interrupts_a_timer_park,
    w17_must_remote_wake_interrupts_an_io_park,
};
pub use places::w12_must_wake_is_legal_in_any_drop;
pub use polls::{w13_must_n_wakes_are_at_most_n_polls, w20_should_wakes_are_merged};
pub use references::{
    w05_must_wake_by_ref_keeps_the_reference, w06_must_clones_and_drops_balance,
    w18_must_root_waker_references_balance,
};
pub use threads::{
    w09_must_wake_never_waits, w10_must_wakers_are_send_and_sync, w16_must_work_across_runtimes,
};
pub(crate) use told::HandleOf;
pub use told::{Told, TrySpawn};

use crate::Rule;

/// The rules of the group.
pub static RULES: &[Rule] = &[
    Rule {
        name: "w01_must_self_wake_is_a_repoll",
        statement: "A future that wakes itself while it is polled is polled again.",
        rationale: "The wake arrives while the future runs; an executor that ignores wakes of what \
            is running, or that forgets them when the poll returns, loses it, and `yield_now` hangs. \
            The root yields a thousand times, with `wake` and `wake_by_ref`; where there are tasks, \
            one does, and then several.",
        bugs: &["monoio#146"],
    },
    Rule {
        name: "w02_must_wake_before_idle_is_not_lost",
        statement: "A task's wake that arrives between its poll and the executor's sleep is not lost.",
        rationale: "Between the poll that returned `Pending` and the thread's sleep lie a few steps \
            in which a wake must leave a trace. Other threads wake a task at random moments around \
            there, some thousand times; from outside that is a matter of luck, so an executor's own \
            tests should also check its sleeping under loom.",
        bugs: &["compio#948", "tokio#525"],
    },
    Rule {
        name: "w03_must_remote_wake_unparks",
        statement: "A wake from another thread rouses an idle executor.",
        rationale: "A wake that only marks the task as ready leaves the executor asleep in its park \
            or its system call, until something else happens to rouse it. The root waits, and another \
            thread wakes it at once, or when the executor has had time to fall asleep; then the same \
            with a task.",
        bugs: &["heph#437"],
    },
    Rule {
        name: "w04_must_remote_wake_interrupts_a_timer_park",
        statement: "A wake from another thread interrupts a sleep until the next timer.",
        rationale: "With a timer pending an executor sleeps in another way than without, and that \
            sleep too must end by a wake. The next timer is an hour off when another thread wakes the \
            root, or a task.",
        bugs: &[],
    },
    Rule {
        name: "w05_must_wake_by_ref_keeps_the_reference",
        statement: "`wake_by_ref` keeps the waker's reference to its task, and `wake` consumes it.",
        rationale: "A `wake_by_ref` that gives a reference back frees the task too early, a `wake` \
            that does not leaks it. One waker is used again and again and must go on to work, as \
            for a leaf that no later poll reaches; then tasks are woken both ways while they are idle, queued, running and done, and memory must \
            not grow with their number.",
        bugs: &["glommio#379"],
    },
    Rule {
        name: "w06_must_clones_and_drops_balance",
        statement: "Cloning and dropping a task's wakers neither frees nor leaks the task.",
        rationale: "Wakers are cloned and dropped while the task is idle, queued, running and done, \
            here and on another thread. The future must live until it is done, and memory must not \
            grow with the number of tasks.",
        bugs: &["tokio#6424"],
    },
    Rule {
        name: "w07_must_wake_after_shutdown_is_harmless",
        statement: "Wakers may be used on any thread after the executor was dropped.",
        rationale: "Wakers end up in other threads, drivers and libraries, and outlive the executor. \
            Each operation on them must then do nothing: no panic, no use of freed memory, no leak. \
            Tasks that are woken after the shutdown are compared with one that is not.",
        bugs: &["compio#489", "glommio#229"],
    },
    Rule {
        name: "w08_must_wake_races_shutdown_safely",
        statement: "A wake that races the executor's drop leaves each future dropped exactly once.",
        rationale: "A wake that puts its task into a queue which the shutdown has emptied already \
            leaks the task, and one that trusts in the queue's memory is undefined behaviour. Threads \
            wake tasks while the executor is dropped, a few hundred times; a future that nobody wakes \
            shows what the shutdown does by itself.",
        bugs: &["async-executor#163", "tokio#542"],
    },
    Rule {
        name: "w09_must_wake_never_waits",
        statement: "`wake` returns although the executor makes no progress.",
        rationale: "A task may hold the executor's thread while it waits for another thread, and \
            that thread may be waking tasks: a bounded queue on which `wake` waits for room is a \
            deadlock. Tasks block every thread that the executor gives them until a thread of the \
            rule's own has woken 5000 peers.",
        bugs: &[],
    },
    Rule {
        name: "w10_must_wakers_are_send_and_sync",
        statement: "Wakers may be cloned, woken and dropped by several threads at once.",
        rationale: "`Waker` is `Send` and `Sync` whatever the executor thinks of threads; a count \
            or a queue behind it that is not safe for threads is undefined behaviour in safe code. \
            Eight threads use the same wakers; no task may be polled by two threads at once, and none \
            may miss the last wake.",
        bugs: &["glommio#194", "monoio#120"],
    },
    Rule {
        name: "w11_must_wake_runs_nothing_inline",
        statement: "`wake` neither polls nor drops a future before it returns.",
        rationale: "Who wakes may hold a lock or a borrow that the future's poll or drop takes: \
            running either inside `wake` is a deadlock or a panic. Wakes come from the root, from \
            peers, from the task itself, from other threads, from a drop during shutdown, and after \
            it; whatever runs on the waking thread before `wake` has returned is told.",
        bugs: &["tokio#1972"],
    },
    Rule {
        name: "w12_must_wake_is_legal_in_any_drop",
        statement: "`wake` works in destructors, while unwinding, and in those of thread-locals.",
        rationale: "Channels and locks wake their peers when they are dropped, wherever that is. The \
            peers must be polled; an executor whose `wake` needs a thread-local of its own must do \
            without when that is gone.",
        bugs: &["tokio#6091"],
    },
    Rule {
        name: "w13_must_n_wakes_are_at_most_n_polls",
        statement: "A task that is woken n times is polled at most n times, once at least after the \
            last.",
        rationale: "Wakes may be merged, but not across the start of a poll, and none may be counted \
            twice: a task that is queued twice may be polled by two threads. Tasks are woken once, \
            many times at once, by themselves and by two threads, and their polls are counted.",
        bugs: &[],
    },
    Rule {
        name: "w14_should_clone_will_wake",
        statement: "A clone of a waker, and the waker of the next poll, say that they `will_wake` \
            the same.",
        rationale: "Leaves use `will_wake` to keep a waker instead of cloning it at each poll; where \
            a clone has another vtable or address than its original, or each poll another waker, \
            each poll clones. The root's waker is compared, and a task's where there are tasks.",
        bugs: &["rust#121600"],
    },
    Rule {
        name: "w15_must_stolen_park_token_is_no_lost_wake",
        statement: "A wake during a poll counts, although the poll consumes the thread's park token.",
        rationale: "`block_on` by `thread::park` alone takes the token of `unpark` for the wake, but \
            whatever parks inside the poll, such as a channel of std, consumes the token. The root is \
            woken while it is polled, takes the token, and must be polled again.",
        bugs: &["async-std#358"],
    },
    Rule {
        name: "w16_must_work_across_runtimes",
        statement: "Tasks and roots of two executors wake each other.",
        rationale: "An executor that hands a woken task to the executor which is current on the \
            thread, instead of to the task's own, loses the wake, at the latest when that one is \
            dropped. Two executors on two threads pass a turn to and fro, between tasks and between \
            roots; then executors are dropped as soon as they have woken a task of another.",
        bugs: &[],
    },
    Rule {
        name: "w17_must_remote_wake_interrupts_an_io_park",
        statement: "A wake from another thread interrupts a wait for I/O.",
        rationale: "As W4, while the executor waits for a connection that nobody makes.",
        bugs: &[],
    },
    Rule {
        name: "w18_must_root_waker_references_balance",
        statement: "The root's waker may be cloned, woken and dropped, before and after the root has \
            ended, without a leak.",
        rationale: "As W5 and W6, for the waker of `block_on`, which outlives the call in the hands \
            of others. It is used in the poll, after it, on another thread, and after `block_on` has \
            returned; memory must not grow with the calls.",
        bugs: &[],
    },
    Rule {
        name: "w19_must_will_wake_is_no_false_promise",
        statement: "A waker that `will_wake` another wakes what the other would.",
        rationale: "A leaf that moves to another task keeps its waker if `will_wake` says that it \
            may; if the old waker then wakes somebody else, the wake is lost. A leaf is polled by one \
            task, then by another, while the first is alive and after it has ended, and keeps what it \
            is told that it may keep.",
        bugs: &[],
    },
    Rule {
        name: "w20_should_wakes_are_merged",
        statement: "Wakes that came before a poll do not cause another poll after it.",
        rationale: "A task that is queued once for each wake is polled in vain, and the queue grows \
            with the wakes; W13 allows it. A task is woken several times in a row, and each of its \
            polls looks whether there was a wake that the poll before could not know of.",
        bugs: &[],
    },
];

/// Lists the rules with the capabilities that they need.
#[doc(hidden)]
#[macro_export]
macro_rules! __wakers {
    // Some rules are told whether there are tasks: they check them too, and do without.
    (@tests [$executor:ty] $have:tt) => {
        $crate::__told_wakers! { @tests [$crate::__told_spawn!($executor, $have)] $have }
        $crate::__other_wakers! { @tests [$executor] $have }
    };
    (@entries $list:ident [$executor:ty] $have:tt) => {
        $crate::__told_wakers! { @entries $list [$crate::__told_spawn!($executor, $have)] $have }
        $crate::__other_wakers! { @entries $list [$executor] $have }
    };
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } wakers
            w01_must_self_wake_is_a_repoll [];
            w02_must_wake_before_idle_is_not_lost [spawn];
            w03_must_remote_wake_unparks [];
            w04_must_remote_wake_interrupts_a_timer_park [timers];
            w05_must_wake_by_ref_keeps_the_reference [spawn];
            w06_must_clones_and_drops_balance [spawn];
            w07_must_wake_after_shutdown_is_harmless [spawn];
            w08_must_wake_races_shutdown_safely [spawn];
            w09_must_wake_never_waits [spawn];
            w10_must_wakers_are_send_and_sync [spawn];
            w11_must_wake_runs_nothing_inline [spawn];
            w12_must_wake_is_legal_in_any_drop [spawn];
            w13_must_n_wakes_are_at_most_n_polls [spawn];
            w14_should_clone_will_wake [];
            w15_must_stolen_park_token_is_no_lost_wake [];
            w16_must_work_across_runtimes [spawn];
            w17_must_remote_wake_interrupts_an_io_park [tcp];
            w18_must_root_waker_references_balance [];
            w19_must_will_wake_is_no_false_promise [spawn];
            w20_should_wakes_are_merged [spawn];
        }
    };
}

/// The rules that check tasks where there are any.
#[doc(hidden)]
#[macro_export]
macro_rules! __told_wakers {
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } wakers
            w01_must_self_wake_is_a_repoll [];
            w03_must_remote_wake_unparks [];
            w04_must_remote_wake_interrupts_a_timer_park [timers];
            w14_should_clone_will_wake [];
            w17_must_remote_wake_interrupts_an_io_park [tcp];
        }
    };
}

/// The rules for which the executor's own type will do.
#[doc(hidden)]
#[macro_export]
macro_rules! __other_wakers {
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } wakers
            w02_must_wake_before_idle_is_not_lost [spawn];
            w05_must_wake_by_ref_keeps_the_reference [spawn];
            w06_must_clones_and_drops_balance [spawn];
            w07_must_wake_after_shutdown_is_harmless [spawn];
            w08_must_wake_races_shutdown_safely [spawn];
            w09_must_wake_never_waits [spawn];
            w10_must_wakers_are_send_and_sync [spawn];
            w11_must_wake_runs_nothing_inline [spawn];
            w12_must_wake_is_legal_in_any_drop [spawn];
            w13_must_n_wakes_are_at_most_n_polls [spawn];
            w15_must_stolen_park_token_is_no_lost_wake [];
            w16_must_work_across_runtimes [spawn];
            w18_must_root_waker_references_balance [];
            w19_must_will_wake_is_no_false_promise [spawn];
            w20_should_wakes_are_merged [spawn];
        }
    };
}

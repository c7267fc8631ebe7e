//! N: local tasks.

mod context;
mod drops;
mod home;
mod moved;
mod threads;

pub use context::{
    n05_must_spawn_local_wakes_an_idle_loop, n07_should_futures_drop_in_their_context,
    n09_should_timers_drop_in_their_context,
};
pub use drops::{n06_must_drop_in_a_thread_local, n08_must_dropping_pending_tasks_ends};
pub use moved::n04_must_not_move_across_threads;
#[doc(hidden)]
pub use moved::{AnySend, SendProbe, TryMove};
pub use threads::{
    n01_must_poll_on_the_owner_thread, n02_must_drop_on_the_owner_thread,
    n03_must_foreign_references_drop_nothing,
};

use crate::Rule;

/// The rules of the group.
pub static RULES: &[Rule] = &[
    Rule {
        name: "n01_must_poll_on_the_owner_thread",
        statement: "A local task is polled on the thread that spawned it, wherever it is woken.",
        rationale: "Its future may hold what is bound to the thread, such as an `Rc`; polling it \
            elsewhere is undefined behaviour. Local tasks are woken by other threads at random \
            moments, and note where they are polled and dropped.",
        bugs: &[],
    },
    Rule {
        name: "n02_must_drop_on_the_owner_thread",
        statement: "A local task that is aborted by another thread is dropped on its own thread.",
        rationale: "The abort must be handed to the owner; a future that is dropped by the thread \
            which cancels it is undefined behaviour, as its poll there would be. Tasks that wait, are \
            queued, or were never polled are aborted by another thread, which keeps the handle, drops \
            it, or wakes the task as well.",
        bugs: &["tokio#3929"],
    },
    Rule {
        name: "n03_must_foreign_references_drop_nothing",
        statement: "A waker or handle that another thread drops last does not drop the future there.",
        rationale: "Wakers go where they like, and may be the last that refers to a task. The \
            last waker is dropped, or used, on another thread while the task waits, while it ends, \
            and when the executor is gone; handles as well.",
        bugs: &[],
    },
    Rule {
        name: "n04_must_not_move_across_threads",
        statement: "Local tasks are not moved to another thread with their executor.",
        rationale: "An executor that is `Send` takes its local futures with it. The macro finds out \
            whether the adapter's type is `Send`; where it is not, the compiler keeps the rule. Else \
            the executor is moved to another thread, entered and dropped there, and must not touch \
            the futures. Other types, such as a set of local tasks that the adapter hides, need a \
            `compile_fail` test of their own.",
        bugs: &["tokio#2397"],
    },
    Rule {
        name: "n05_must_spawn_local_wakes_an_idle_loop",
        statement: "A local task that is spawned when everything else waits is polled.",
        rationale: "Spawning must rouse whatever polls local tasks, as a wake does; nothing else \
            may come to do it. The root and a local task, woken after an idle time, spawn a local task \
            and wait for nothing but a ring from it.",
        bugs: &["tokio#3117"],
    },
    Rule {
        name: "n06_must_drop_in_a_thread_local",
        statement: "An executor with local tasks can be dropped by a thread-local's destructor.",
        rationale: "Programs keep an executor for each thread in a thread-local, and it may be \
            destroyed after the executor's own thread-locals: the drop must do without them rather \
            than panic, which aborts. Both orders of destruction are tried.",
        bugs: &["tokio#5162"],
    },
    Rule {
        name: "n07_should_futures_drop_in_their_context",
        statement: "A local future is dropped where it can spawn, as in its poll.",
        rationale: "Drops close files and send farewells, for which they spawn tasks or start \
            operations. A future that has ended, or was cancelled, spawns a local task in its drop, \
            which must work and be polled.",
        bugs: &["compio#494"],
    },
    Rule {
        name: "n08_must_dropping_pending_tasks_ends",
        statement: "Dropping an executor drops its pending local tasks, and neither panics nor spins.",
        rationale: "A loop over what is left must end although drops wake their peers and \
            themselves. Tasks wait, are queued, were never polled, were woken after the last call, \
            join each other, and wake each other in their drops. What does not end is seen to by the \
            time limit.",
        bugs: &["tokio#1892"],
    },
    Rule {
        name: "n09_should_timers_drop_in_their_context",
        statement: "Local futures that wait for a timer can be dropped by the executor's drop.",
        rationale: "A timer that deregisters itself needs the executor's driver; where the drop of \
            an executor has left its own context, that is a panic. Sleeps are pending in local tasks \
            when the executor is dropped.",
        bugs: &["compio#494"],
    },
];

/// Lists the rules with the capabilities that they need.
#[doc(hidden)]
#[macro_export]
macro_rules! __local {
    // N4 is told whether the executor is `Send`, which only a macro can find out.
    (@tests [$executor:ty] $have:tt) => {
        $crate::__group! { { @tests [$crate::__movable!($executor)] $have } local
            n04_must_not_move_across_threads [local];
        }
        $crate::__other_local! { @tests [$executor] $have }
    };
    (@entries $list:ident [$executor:ty] $have:tt) => {
        $crate::__group! { { @entries $list [$crate::__movable!($executor)] $have } local
            n04_must_not_move_across_threads [local];
        }
        $crate::__other_local! { @entries $list [$executor] $have }
    };
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } local
            n01_must_poll_on_the_owner_thread [local];
            n02_must_drop_on_the_owner_thread [local abort];
            n03_must_foreign_references_drop_nothing [local];
            n04_must_not_move_across_threads [local];
            n05_must_spawn_local_wakes_an_idle_loop [local];
            n06_must_drop_in_a_thread_local [local];
            n07_should_futures_drop_in_their_context [local];
            n08_must_dropping_pending_tasks_ends [local];
            n09_should_timers_drop_in_their_context [local timers];
        }
    };
}

/// The rules for which the executor's own type will do.
#[doc(hidden)]
#[macro_export]
macro_rules! __other_local {
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } local
            n01_must_poll_on_the_owner_thread [local];
            n02_must_drop_on_the_owner_thread [local abort];
            n03_must_foreign_references_drop_nothing [local];
            n05_must_spawn_local_wakes_an_idle_loop [local];
            n06_must_drop_in_a_thread_local [local];
            n07_should_futures_drop_in_their_context [local];
            n08_must_dropping_pending_tasks_ends [local];
            n09_should_timers_drop_in_their_context [local timers];
        }
    };
}

/// The executor's type together with whether it is `Send`.
#[doc(hidden)]
#[macro_export]
macro_rules! __movable {
    ($executor:ty) => {
        $crate::rules::wakers::Told<$executor, {
            #[allow(unused_imports, reason = "needed only for types that are not `Send`")]
            use $crate::rules::local::AnySend as _;
            <$crate::rules::local::SendProbe<$executor>>::IS_SEND
        }>
    };
}

//! B: `block_on`.

mod calls;
mod nested;
mod shared;

pub use calls::{
    b01_must_wake_before_park_returns, b04_should_tasks_survive_between_calls,
    b06_must_return_although_tasks_pend, b08_must_context_is_restored,
};
pub use nested::{
    b02_must_nested_call_is_as_declared, b03_must_work_on_blocking_threads,
    b07_should_nested_scopes_do_not_stack,
};
pub use shared::b05_must_concurrent_calls_all_progress;

use crate::Rule;

/// The rules of the group.
pub static RULES: &[Rule] = &[
    Rule {
        name: "b01_must_wake_before_park_returns",
        statement: "A root that is woken before its thread sleeps is polled again.",
        rationale: "The wake may come while the poll still runs, or between its return and the \
            park; both must leave a trace that the park sees. A thread wakes the root inside its \
            poll, and then some thousand times at random moments shortly after it.",
        bugs: &[],
    },
    Rule {
        name: "b02_must_nested_call_is_as_declared",
        statement: "`block_on` inside `block_on` does what the adapter declares, and the outer call \
            goes on.",
        rationale: "A call that waits for a thread which it holds itself never returns; one that \
            leaves the thread's state changed spoils the outer call. The inner root needs a wake from \
            another thread, and wakes the outer one, which must not lose that, nor the outer tasks \
            their turn.",
        bugs: &["async-std#644"],
    },
    Rule {
        name: "b03_must_work_on_blocking_threads",
        statement: "`block_on` can be called on the threads of the blocking pool.",
        rationale: "The pool is where synchronous code goes, and such code calls `block_on`. A \
            closure runs another executor of the kind; its root and tasks exchange wakes with the \
            outer executor's.",
        bugs: &[],
    },
    Rule {
        name: "b04_should_tasks_survive_between_calls",
        statement: "Tasks that are pending when `block_on` returns go on with the next call.",
        rationale: "Programs call `block_on` again and again, tests above all. Tasks \
            that wait, that have not been polled, and that were woken between two calls must end in \
            the next.",
        bugs: &[],
    },
    Rule {
        name: "b05_must_concurrent_calls_all_progress",
        statement: "Concurrent calls of `block_on` all make progress, whichever returns first.",
        rationale: "One of the calls drives I/O and timers for the others, or polls the tasks; when \
            it returns, another must take over. Roots pass a turn round, and wait for tasks of each \
            other while calls return in random order.",
        bugs: &[],
    },
    Rule {
        name: "b06_must_return_although_tasks_pend",
        statement: "`block_on` returns when its root is ready, although tasks are pending.",
        rationale: "A server's tasks wait for ever. An executor that runs until its queue is empty, \
            or until all tasks have ended, never returns. The executor is not dropped here: whether \
            that hangs is the matter of others.",
        bugs: &[],
    },
    Rule {
        name: "b07_should_nested_scopes_do_not_stack",
        statement: "Tasks that call `block_on` inside do not pile up on one thread's stack.",
        rationale: "An inner call that runs other tasks while it waits may run one that makes an \
            inner call as well, and so on until the stack overflows. Some hundred tasks wait in an \
            inner call for a task of their own; how deep they are stacked is counted.",
        bugs: &["bevy#21954"],
    },
    Rule {
        name: "b08_must_context_is_restored",
        statement: "After `block_on` has returned or panicked, the thread can call it again.",
        rationale: "What `block_on` notes in the thread, such as which executor is current or that \
            one is entered, must be undone on both ways out. The same executor and another one are \
            entered after a return and after a panic of the root.",
        bugs: &[],
    },
];

/// Lists the rules with the capabilities that they need.
#[doc(hidden)]
#[macro_export]
macro_rules! __block_on {
    // B2 is told whether there are tasks: it checks them too, and does without.
    (@tests [$executor:ty] $have:tt) => {
        $crate::__group! { { @tests [$crate::__told_spawn!($executor, $have)] $have } block_on
            b02_must_nested_call_is_as_declared [nested];
        }
        $crate::__other_block_on! { @tests [$executor] $have }
    };
    (@entries $list:ident [$executor:ty] $have:tt) => {
        $crate::__group! { { @entries $list [$crate::__told_spawn!($executor, $have)] $have } block_on
            b02_must_nested_call_is_as_declared [nested];
        }
        $crate::__other_block_on! { @entries $list [$executor] $have }
    };
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } block_on
            b01_must_wake_before_park_returns [];
            b02_must_nested_call_is_as_declared [nested];
            b03_must_work_on_blocking_threads [blocking];
            b04_should_tasks_survive_between_calls [spawn];
            b05_must_concurrent_calls_all_progress [shared];
            b06_must_return_although_tasks_pend [spawn];
            b07_should_nested_scopes_do_not_stack [spawn nested];
            b08_must_context_is_restored [];
        }
    };
}

/// The rules for which the executor's own type will do.
#[doc(hidden)]
#[macro_export]
macro_rules! __other_block_on {
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } block_on
            b01_must_wake_before_park_returns [];
            b03_must_work_on_blocking_threads [blocking];
            b04_should_tasks_survive_between_calls [spawn];
            b05_must_concurrent_calls_all_progress [shared];
            b06_must_return_although_tasks_pend [spawn];
            b07_should_nested_scopes_do_not_stack [spawn nested];
            b08_must_context_is_restored [];
        }
    };
}

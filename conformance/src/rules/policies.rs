//! Q: scheduling policies.
//!
//! These rules are checked on a policy rather than on an executor, by
//! [`scheduler_suite!`](crate::scheduler_suite); the functions that check them are in the module
//! `policy`.

use crate::Rule;

/// The rules of the group.
pub static RULES: &[Rule] = &[
    Rule {
        name: "q01_must_each_task_comes_back_once",
        statement: "A policy gives back each task that it was given, and counts them rightly.",
        rationale: "A task that a policy drops, hides or forgets never runs again; a wrong `len` \
            misleads whoever looks at it. Bursts of all sizes round the powers of two, with every \
            kind of task option, are held against a multiset of what the policy was given.",
        bugs: &[],
    },
    Rule {
        name: "q02_must_two_workers_never_get_one_task",
        statement: "A policy shared by workers gives a task to one of them only.",
        rationale: "Two workers that poll one future at once are undefined behaviour in safe \
            clothing. It is a rule for policies that several threads share; the others are \
            owned by one thread.",
        bugs: &[],
    },
    Rule {
        name: "q03_must_tasks_pushed_while_closing_are_let_go",
        statement: "A policy lets go of the tasks that it is given while its runtime shuts down.",
        rationale: "A runtime that shuts down wakes all its tasks to drop them, so the last that \
            a policy sees is a burst of tasks that were idle, some from other threads. Each \
            future must be dropped, on the loop's thread, when the runtime's drop returns.",
        bugs: &[],
    },
    Rule {
        name: "q04_must_a_push_before_the_park_is_kept",
        statement: "A policy that had nothing to run gives the next task that it is given.",
        rationale: "A task may be pushed after the policy has said `None` and before the thread \
            sleeps; a policy that remembers to be idle loses it. Hundreds of times another \
            thread wakes a task at the moment at which the loop turns to its park.",
        bugs: &["heph#437"],
    },
    Rule {
        name: "q05_must_a_leaving_worker_hands_over_its_queue",
        statement: "A worker that leaves or blocks hands its tasks to the others.",
        rationale: "Tasks in the queue of a worker that does not come back are stranded. It is a \
            rule for policies that several threads share.",
        bugs: &["async-executor#104", "tokio#6596"],
    },
    Rule {
        name: "q06_must_all_ways_in_lead_to_one_count",
        statement: "A policy serves spawns, wakes, yields and wakes from other threads alike.",
        rationale: "A policy with a line for each way in which tasks become ready has as many \
            ways to overlook one: a counter that only one of them raises, a line that is not \
            looked at while another is empty. All ways are mixed, in every proportion.",
        bugs: &["async-executor#103"],
    },
    Rule {
        name: "q07_must_drop_drains",
        statement: "Dropping a policy lets go of all tasks that it holds, and does not panic.",
        rationale: "Tasks kept in a static, leaked, or sent elsewhere outlive their runtime; it \
            waits for them in vain. Runtimes are dropped with tasks that were never polled, that \
            were just woken, and that yielded.",
        bugs: &[],
    },
    Rule {
        name: "q08_must_random_histories_match_a_model",
        statement: "Whatever is spawned, woken, cancelled and dropped, in any order, rules Q1 to \
            Q7 hold.",
        rationale: "What goes wrong in one order only is found by trying many. Random histories \
            run beside a multiset of what the policy holds; one that fails is made as short as \
            possible and printed, with its seed.",
        bugs: &[],
    },
];

/// Lists the rules with the capabilities that they need.
///
/// `pool` is the capability of policies that several threads share.
#[doc(hidden)]
#[macro_export]
macro_rules! __policies {
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } policies
            q01_must_each_task_comes_back_once [];
            q02_must_two_workers_never_get_one_task [pool];
            q03_must_tasks_pushed_while_closing_are_let_go [];
            q04_must_a_push_before_the_park_is_kept [];
            q05_must_a_leaving_worker_hands_over_its_queue [pool];
            q06_must_all_ways_in_lead_to_one_count [];
            q07_must_drop_drains [];
            q08_must_random_histories_match_a_model [];
        }
    };
}

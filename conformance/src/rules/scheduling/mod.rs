//! S: scheduling.

mod drivers;
mod fairness;
mod gates;
mod idle;
mod load;
mod queue;
mod usage;
mod watch;
mod workers;

pub use drivers::{
    s05_should_yield_loops_do_not_starve_timers, s06_should_yield_loops_do_not_starve_sockets,
};
pub use fairness::{
    s01_should_self_wakers_do_not_starve_peers, s02_should_self_wakers_do_not_starve_the_root,
    s03_should_self_waking_root_does_not_starve_tasks,
    s04_should_ping_pong_does_not_starve_a_third, s07_should_injected_work_runs_under_load,
    s10_should_self_waking_children_yield,
};
pub use idle::s11_should_idle_cpu_is_nil;
pub use queue::{s12_must_queue_overflow_keeps_every_task_once, s13_info_wake_and_spawn_order};
pub use workers::{
    s08_should_blocked_workers_child_runs, s09_should_blocked_worker_does_not_strand_the_driver,
};

pub(super) use usage::Usage;
pub(super) use watch::{PATIENCE, watch};

use crate::Rule;

/// The rules of the group.
pub static RULES: &[Rule] = &[
    Rule {
        name: "s01_should_self_wakers_do_not_starve_peers",
        statement: "A task that wakes itself whenever it is polled does not keep others from \
            running.",
        rationale: "`yield_now` is how a busy task gives way; an executor that polls it again at \
            once, or puts it at the head of its queue, turns that into a lock-up. One task and \
            then more than there are threads yield until others have got on: tasks that yield as \
            well, and such as were spawned or woken by a task that yields or by a thread. It \
            fails if those get nowhere in 100,000 polls and a second.",
        bugs: &["smol#171"],
    },
    Rule {
        name: "s02_should_self_wakers_do_not_starve_the_root",
        statement: "Tasks that wake themselves do not keep the root of `block_on` from running.",
        rationale: "An executor that turns to the root only when its queue is empty never \
            returns from `block_on` while a task yields. The root yields, is woken by a task and \
            is woken by a thread, each while tasks yield.",
        bugs: &[],
    },
    Rule {
        name: "s03_should_self_waking_root_does_not_starve_tasks",
        statement: "A root that wakes itself whenever it is polled does not keep tasks from \
            running.",
        rationale: "A `block_on` that polls the root for as long as it is woken never gets to \
            its tasks. The root yields until a task that yields as well and one that a thread \
            wakes have got on.",
        bugs: &[],
    },
    Rule {
        name: "s04_should_ping_pong_does_not_starve_a_third",
        statement: "Two tasks that wake each other do not keep a third from running.",
        rationale: "Running the task that was woken last first is quick, and without a limit two \
            tasks pass the thread to each other for ever. One pair and then more pairs than \
            there are threads do so, until tasks that yield and tasks that one of a pair woke \
            have got on.",
        bugs: &["tokio#5712"],
    },
    Rule {
        name: "s05_should_yield_loops_do_not_starve_timers",
        statement: "Timers fire although some task is always ready.",
        rationale: "An executor that looks at its timers when it has run out of tasks never \
            does so beside a task that yields. A timer of 1 ms is set while tasks yield, and \
            while the root does; what is looked at is the call of its waker, so that a starved \
            root is not mistaken for a starved timer.",
        bugs: &["tokio#5223"],
    },
    Rule {
        name: "s06_should_yield_loops_do_not_starve_sockets",
        statement: "Sockets become ready although some task is always ready.",
        rationale: "As S5, for what the operating system reports: a peer sends a byte while \
            tasks yield, which must wake the reader, and let the root answer.",
        bugs: &["wasmtime#13040"],
    },
    Rule {
        name: "s07_should_injected_work_runs_under_load",
        statement: "What other threads spawn and wake runs although the executor is busy.",
        rationale: "Work from other threads often arrives in a queue of its own, which is \
            forgotten while the local one has work. While tasks yield, a thread spawns tasks, \
            singly and 500 at once, and wakes others. It fails if that gets nowhere in 100,000 \
            polls and a second.",
        bugs: &[],
    },
    Rule {
        name: "s08_should_blocked_workers_child_runs",
        statement: "With two workers, what a task spawned or woke runs although the task then \
            blocks its worker.",
        rationale: "A task that waits for its child without giving way is a mistake, but with \
            other workers idle it need not be a deadlock: it is one if the child waits in a slot \
            from which nobody can take it. A task spawns or wakes 1 and 10 others and blocks \
            until all have run, for two seconds at most.",
        bugs: &["tokio#4941"],
    },
    Rule {
        name: "s09_should_blocked_worker_does_not_strand_the_driver",
        statement: "With two workers, timers fire although one worker is blocked.",
        rationale: "The worker that watches timers runs what they woke; if that blocks and no \
            other worker takes over the watch, everything stands still. A timer wakes a task \
            that blocks until a second timer fires, for two seconds at most.",
        bugs: &["tokio#8010"],
    },
    Rule {
        name: "s10_should_self_waking_children_yield",
        statement: "A task whose children wake themselves, through wakers of their own, yields \
            to others.",
        rationale: "Combinators such as `join_all` poll children with wakers of their own, so \
            that one poll of the task wakes it many times and not by its own waker; that must \
            count as yielding all the same. Tasks of 20 children each that yield run beside \
            tasks and a root that must get on. How an executor's own combinators behave inside \
            one poll is not looked at.",
        bugs: &["futures-rs#2047"],
    },
    Rule {
        name: "s11_should_idle_cpu_is_nil",
        statement: "An executor that has nothing to do takes next to no processor time.",
        rationale: "Waiting by polling empties batteries and hides lost wakes. While the root \
            waits for a thread's wake, the process's processor time and the number of times its \
            threads wake up are taken from the system, up to three times over 150 ms; the least \
            of them must be under 8 ms and 15 times.",
        bugs: &["async-io#8"],
    },
    Rule {
        name: "s12_must_queue_overflow_keeps_every_task_once",
        statement: "However many tasks are ready at once, each runs, and runs once for its wake.",
        rationale: "Queues of fixed size move what does not fit elsewhere, and there tasks get \
            lost or doubled. 10,000 tasks are spawned by the root and by a task, and woken by a \
            task and by a thread; their polls and ends are counted. Extra polls are held \
            against it unless a task that is not woken gets some too; that nothing ends for 3 s is \
            taken for a loss.",
        bugs: &[],
    },
    Rule {
        name: "s13_info_wake_and_spawn_order",
        statement: "In which order tasks run that were spawned, woken, or yielded.",
        rationale: "Any order is a legal one, but tests and latencies come to depend on it. Eight \
            tasks are spawned by one, yield, and are later woken by one; the notes give the \
            order of their polls, those after the yield as 8 to 15.",
        bugs: &[],
    },
];

/// Lists the rules with the capabilities that they need.
#[doc(hidden)]
#[macro_export]
macro_rules! __scheduling {
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } scheduling
            s01_should_self_wakers_do_not_starve_peers [spawn];
            s02_should_self_wakers_do_not_starve_the_root [spawn];
            s03_should_self_waking_root_does_not_starve_tasks [spawn];
            s04_should_ping_pong_does_not_starve_a_third [spawn];
            s05_should_yield_loops_do_not_starve_timers [spawn timers];
            s06_should_yield_loops_do_not_starve_sockets [spawn tcp];
            s07_should_injected_work_runs_under_load [remote];
            s08_should_blocked_workers_child_runs [parallel];
            s09_should_blocked_worker_does_not_strand_the_driver [parallel timers];
            s10_should_self_waking_children_yield [spawn];
            s11_should_idle_cpu_is_nil [];
            s12_must_queue_overflow_keeps_every_task_once [spawn];
            s13_info_wake_and_spawn_order [spawn];
        }
    };
}

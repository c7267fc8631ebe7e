//! What the rules of the group demand, and why.

use crate::Rule;

/// The rules of the group.
pub static RULES: &[Rule] = &[
    Rule {
        name: "p01_should_contain_a_tasks_panic",
        statement: "A task's panic leaves its peers, the executor's threads and `block_on` alive.",
        rationale: "One bad request must not take the server with it: by unwinding through \
            `block_on`, or by ending a thread of the pool, whose share of the work then waits for \
            ever. More tasks panic than an executor is likely to have threads, in their first \
            poll and in a later one; peers that waited meanwhile, and new tasks, must run.",
        bugs: &["futures-rs#1468", "monoio#314", "glommio#671", "bevy#2302"],
    },
    Rule {
        name: "p02_must_hand_on_the_payload",
        statement: "Whoever joins a task that panicked gets the panic's payload.",
        rationale: "The payload says what went wrong, and a test harness or a supervisor needs \
            it, also where it is not a string. Tasks panic with a text, a formatted text and a \
            value of another type.",
        bugs: &[],
    },
    Rule {
        name: "p03_must_drop_the_panicked_future",
        statement: "The future of a task that panicked is dropped, and so is a payload that \
            nobody asked for.",
        rationale: "What the future owned, a lock or a connection, is given back only by its \
            drop. Futures panic in their first poll and in a later one, with a handle and \
            without; each on an executor of its own, since what else a panic breaks is another \
            rule's concern.",
        bugs: &[],
    },
    Rule {
        name: "p04_must_not_wedge_on_wake_then_panic",
        statement: "A future that wakes its task and then panics neither blocks the executor nor \
            is polled again.",
        rationale: "The wake has put the task back into the queue, or marked it to be, when the \
            panic ends it; what is queued is then a dead task. Tasks wake themselves, are woken by \
            a clone, or leave their waker to be called when they are dead.",
        bugs: &[],
    },
    Rule {
        name: "p05_should_survive_a_panicking_future_drop",
        statement: "A panic in the drop of a future does not end the process, and its handle \
            resolves.",
        rationale: "A destructor that panics is a bug of the user's, like any other panic, and \
            deserves the same containment; an abort takes everything down without unwinding. \
            Futures whose drop panics return in their first poll or in a later one; peers and new \
            tasks must run.",
        bugs: &[],
    },
    Rule {
        name: "p06_should_contain_a_panicking_output_drop",
        statement: "A panic in the drop of an output, or of a panic's payload, that nobody took is contained.",
        rationale: "The output is dropped by the executor, in its own code, when the handle is \
            dropped before or after the task's end. Neither may the panic reach who drops the \
            handle or calls `block_on`, nor may it stop the executor.",
        bugs: &["tokio#4412"],
    },
    Rule {
        name: "p07_should_contain_a_panicking_join_waker",
        statement: "A panic of the waker that a handle was polled with is contained.",
        rationale: "A foreign waker is foreign code that is called when the task ends, on the \
            executor's thread, and the one who is hurt by its panic should be who brought it. \
            Tasks end whose joiners' wakers panic; the outputs must be there, and peers and new \
            tasks run.",
        bugs: &[],
    },
    Rule {
        name: "p08_must_propagate_the_roots_panic",
        statement: "A panic of the root comes out of `block_on` with its payload, and the executor \
            can be used again, and dropped.",
        rationale: "The caller of `block_on` is the one who can handle it, and may well go on, as \
            test harnesses do; `entered` flags and borrowed states must be restored by the \
            unwinding. The root panics in its first poll, after a wake of its own and after a \
            wake from another thread; another root runs after each.",
        bugs: &["tokio#5177"],
    },
    Rule {
        name: "p09_must_not_be_poisoned_by_a_panic_in_spawn",
        statement: "After a user's panic around `spawn` the executor can be spawned on as before.",
        rationale: "A lock that is held while user code runs is poisoned when that code panics, \
            and every later use fails. What `spawn` calls inside an executor is not the suite's to \
            choose, so the rule panics wherever it can: while the argument of `spawn` is made, \
            outside, in the root and in a task, in a task's first poll, and it spawns from \
            destructors that run because of a panic.",
        bugs: &["async-executor#135"],
    },
    Rule {
        name: "p10_must_drop_while_unwinding",
        statement: "Dropping an executor while the thread unwinds does not end the process.",
        rationale: "It happens whenever a test with an executor fails. A second panic on the way, \
            of an assertion in the shutdown, say, ends the process, and the first panic's message \
            is the last that is seen of the test. The executor is dropped by a panic beside \
            `block_on` and by one of the root, with tasks in every state.",
        bugs: &["compio#888", "glommio#689"],
    },
    Rule {
        name: "p11_must_drop_all_despite_a_panicking_drop",
        statement: "At shutdown, a future whose drop panics does not keep the others from being \
            dropped.",
        rationale: "The others hold locks, files and connections of their own. One of 32 waiting \
            futures panics in its drop, the first, one in the middle or the last; whether the \
            panic comes out of the executor's drop is left open.",
        bugs: &["futures-rs#2863"],
    },
    Rule {
        name: "p12_must_keep_tasks_sound_after_the_roots_panic",
        statement: "After a panic of the root, tasks can be spawned and joined, and those that \
            were there are dropped at shutdown at the latest.",
        rationale: "The panic leaves the loop in the middle of its work: with tasks in its hands, \
            queued, waiting, being woken by other threads. The root panics with such tasks about; \
            then another root spawns and joins new ones, and the executor is dropped.",
        bugs: &["tokio#5177"],
    },
];

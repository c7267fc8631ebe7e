//! What the rules of the group demand, and why.

use crate::Rule;

/// The rules of the group.
pub static RULES: &[Rule] = &[
    Rule {
        name: "j01_must_outcomes_are_told_apart",
        statement: "A handle tells whether its task finished, panicked or was cancelled.",
        rationale: "Who joins a task must act differently on each. The root joins a task that \
            returns and one that panics, and keeps the handle of a third while the executor is \
            dropped.",
        bugs: &[],
    },
    Rule {
        name: "j02_must_wake_the_latest_join_waker",
        statement: "When a task ends, the waker with which its handle was polled last is woken.",
        rationale: "A handle moves: from a `select` to an `await`, from one task to another. A \
            task that keeps the first waker wakes somebody who no longer waits, and whoever does \
            waits for ever. Handles are polled with several wakers in turn.",
        bugs: &[],
    },
    Rule {
        name: "j03_must_join_by_a_foreign_executor",
        statement: "A handle can be awaited by a foreign executor, also outside `block_on`.",
        rationale: "A handle is a future: all that it may rely on is the waker that it is polled \
            with. One that wakes \"the current task\", or asks for the runtime of the thread, \
            fails elsewhere. Handles are polled with wakers of the suite's own, and when \
            `block_on` has returned.",
        bugs: &[],
    },
    Rule {
        name: "j04_must_drop_handles_as_declared",
        statement: "Dropping a handle does to its task what the adapter declares.",
        rationale: "Work that stops because a handle went out of scope, and work that goes on \
            although it should not, are both found late. Handles are dropped at once, while the \
            task waits, and after they were polled; nobody wakes a task that is to be cancelled.",
        bugs: &[],
    },
    Rule {
        name: "j05_must_finish_detached_tasks",
        statement: "A task whose handle was dropped runs to its end, and its output is dropped.",
        rationale: "Nobody is left to notice that it did not. A hundred tasks yield, wait, are \
            woken from another thread and yield again; for half of them somebody had begun to \
            await the handle.",
        bugs: &[],
    },
    Rule {
        name: "j06_must_cancel_without_a_wake",
        statement: "Cancelling drops the future of a waiting task although nobody wakes it, and \
            the handle says so not before that.",
        rationale: "A task that waits for what never comes is the one that is cancelled, and who \
            awaited the cancellation relies on the future's resources being free. Tasks are \
            cancelled that wait; some of them have no waker left anywhere.",
        bugs: &[],
    },
    Rule {
        name: "j07_must_not_lose_a_remote_cancel",
        statement: "A cancel from another thread takes effect whatever the task is doing.",
        rationale: "An `abort` that schedules the task before it marks it as cancelled may be too \
            late with the mark, and one that finds the task running may be overwritten by the end \
            of the poll. Tasks are cancelled, at random moments, while they wait, run, and are \
            being woken.",
        bugs: &[],
    },
    Rule {
        name: "j08_must_not_poll_what_was_cancelled_first",
        statement: "A task that is cancelled before its first poll is never polled.",
        rationale: "A poll begins the work that was called off. The root spawns a thousand tasks \
            and cancels them all; on an executor with threads of its own, those stop in the first \
            poll until that is done, so that each may have begun one late poll and no more.",
        bugs: &[],
    },
    Rule {
        name: "j09_must_drop_one_output_after_a_late_cancel",
        statement: "When a task is cancelled after it ended, the handle gives the output all the \
            same, and that is dropped exactly once.",
        rationale: "The cancel meets a task whose future is gone and whose output lies where the \
            future was; to say that work was called off which was done is to have it done again. \
            Tasks that ended are cancelled, and their handles dropped or awaited.",
        bugs: &[],
    },
    Rule {
        name: "j10_must_drop_after_the_poll",
        statement: "A future that is cancelled while it is polled is dropped when that poll has \
            returned.",
        rationale: "Dropping it earlier takes the ground from under the poll; forgetting it \
            leaves a task that waits for ever. A task has itself cancelled by another thread in \
            the middle of a poll, which then is pending or ready.",
        bugs: &[],
    },
    Rule {
        name: "j11_must_allow_to_cancel_oneself",
        statement: "A task may cancel itself by its own handle.",
        rationale: "Handles are kept where tasks can reach them, so that one day a task meets its \
            own. An executor that locks or borrows the task for the poll must not do so again for \
            the cancel. A task cancels itself, keeps or drops the handle, and then waits or \
            returns.",
        bugs: &[],
    },
    Rule {
        name: "j12_must_cancel_though_the_handle_is_dropped",
        statement: "A task is cancelled although its handle is dropped right after the cancel.",
        rationale: "Cancelling and forgetting is the usual way. Tasks that are new, waiting, \
            awaited or always ready to run are cancelled, and their handles are dropped at once.",
        bugs: &["tokio#3964"],
    },
    Rule {
        name: "j13_must_cancel_outside_a_runtime",
        statement: "Cancelling works outside `block_on`, and is harmless when the executor has \
            gone.",
        rationale: "Handles are dropped and cancelled by destructors, which run anywhere. A task \
            is cancelled before `block_on`, between two calls, and after the executor was \
            dropped.",
        bugs: &["tokio#3157"],
    },
    Rule {
        name: "j14_must_release_the_join_waker",
        statement: "A task drops its joiner's waker when the pending handle is dropped, and when \
            both the task and the handle have ended.",
        rationale: "That waker keeps the joiner's memory in use, and a task can live for long, or \
            for as long as somebody keeps a waker of it. The last clone of a join waker reports \
            its drop, while the rule holds a waker of the task.",
        bugs: &["tokio#4724", "tokio#6505"],
    },
    Rule {
        name: "j15_must_free_cycles_of_joins",
        statement: "Tasks that join each other are freed when the executor is dropped.",
        rationale: "Each of them owns the handle of the other, and each one's memory holds the \
            other's waker: counted references alone never free them. Two hundred pairs join each \
            other, then four hundred; all futures must be dropped, and memory must not grow by \
            the pair, where it is counted.",
        bugs: &["tokio#4724"],
    },
    Rule {
        name: "j16_must_finished_means_ready",
        statement: "When `is_finished` says yes, the handle is ready at the next poll, also when \
            the task was cancelled.",
        rationale: "It is called in order to poll by hand, once, and give up the handle \
            otherwise. Tasks that were asked to end have not ended yet: handles are polled as soon \
            as they say yes after a cancel, and as soon as tasks end by themselves.",
        bugs: &["tokio#4709"],
    },
    Rule {
        name: "j17_must_resolve_after_shutdown",
        statement: "A handle that outlives its executor resolves.",
        rationale: "Whoever awaits it on another executor, or on a plain thread, would wait for \
            ever. The executor is dropped while handles are there of tasks that finished, that \
            wait, and that were never polled; who awaited one before must be woken.",
        bugs: &[],
    },
    Rule {
        name: "j18_must_not_lose_a_racing_join",
        statement: "Whoever polls a handle on another thread while the task ends is woken, or \
            finds it ready.",
        rationale: "Between looking for the output and leaving a waker the task may end; an \
            executor that does not look again leaves the joiner waiting. A thread begins to join \
            at the moment at which the executor finishes the task, two thousand times; the moment \
            is found by trying.",
        bugs: &[],
    },
    Rule {
        name: "j19_must_settle_a_racing_cancel",
        statement: "A cancel or a dropped handle that races the end of the task leaves one outcome, \
            and the output is dropped once.",
        rationale: "Two threads decide what becomes of the output; each may believe that the \
            other does. A thread cancels, and drops or awaits the handle, or only drops it, at the \
            moment at which the executor finishes the task, four thousand times.",
        bugs: &[],
    },
    Rule {
        name: "j20_should_release_the_join_waker_at_completion",
        statement: "A task that has ended drops its joiner's waker although the handle is still \
            there.",
        rationale: "The waker has been used, and nobody will be woken by it again; a handle that \
            is kept for later keeps the joiner's memory with it. The last clone of a join waker \
            reports its drop.",
        bugs: &["tokio#4724"],
    },
    Rule {
        name: "j21_must_finished_means_ready_without_cancelling",
        statement: "When `is_finished` says yes of a task that was not cancelled, the handle is \
            ready at the next poll, and it does not say no for ever.",
        rationale: "This is the part of the rule about `is_finished` for executors that cannot \
            cancel. Handles are polled as soon as they say yes, which on an executor with threads \
            of its own is while the task ends; when the executor has gone, a task that ended must \
            not be said to run.",
        bugs: &[],
    },
    Rule {
        name: "j22_should_drop_the_former_join_waker",
        statement: "A handle that is polled with another waker lets the former one go.",
        rationale: "A handle in a `select` loop is polled a million times, each time perhaps with a \
            new waker; a task that collects them grows until it ends. A handle is polled with many \
            wakers; all but the last must be dropped while the task waits.",
        bugs: &[],
    },
];

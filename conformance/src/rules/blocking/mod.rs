//! K: the pool for closures that block.

mod cancel;
mod closures;
mod threads;

use std::{mem, thread};

use crate::Rule;
use crate::adapter::Blocking;

pub use cancel::{
    k05_must_a_cancelled_closure_runs_whole_or_never, k06_must_after_shutdown_it_resolves,
};
pub use closures::{k01_must_a_panic_reaches_the_awaiter, k02_must_closures_start_closures};
pub use threads::{
    k03_must_a_long_queue_drains, k04_must_a_failed_thread_orphans_nothing,
    k07_must_threads_do_not_pile_up,
};

/// The rules of the group.
pub static RULES: &[Rule] = &[
    Rule {
        name: "k01_must_a_panic_reaches_the_awaiter",
        statement: "A closure's panic reaches whoever awaits it, and the pool goes on.",
        rationale: "A panic that ends its thread unseen leaves the awaiter waiting, and a pool \
            that still counts the thread shrinks until nothing runs. More closures panic than \
            there are threads, and as many run afterwards.",
        bugs: &[],
    },
    Rule {
        name: "k02_must_closures_start_closures",
        statement: "A closure can start closures and tasks.",
        rationale: "Code that blocks calls code that finds its executor by a thread-local or a \
            handle; on a thread of the pool both must work. Closures start each other ten deep, \
            and each starts a task.",
        bugs: &["tokio#1982"],
    },
    Rule {
        name: "k03_must_a_long_queue_drains",
        statement: "Closures beyond the most threads wait, and each of them runs once.",
        rationale: "What is queued while every thread is busy must be found when one is free, \
            without a further closure to start it. All threads are held until hundreds of \
            closures wait; no more may run at once than was asked for.",
        bugs: &[],
    },
    Rule {
        name: "k04_must_a_failed_thread_orphans_nothing",
        statement: "Where no thread can be started, a closure runs later or its handle says no.",
        rationale: "A closure that was queued for a thread which did not start is looked at by \
            nobody. The process is left no memory for another stack, then a closure is given to an \
            empty pool and to a busy one; the call may panic, but a handle that it gives must \
            resolve without another call, and the pool must work afterwards. Skipped where threads \
            can be started all the same.",
        bugs: &["tokio#8406"],
    },
    Rule {
        name: "k05_must_a_cancelled_closure_runs_whole_or_never",
        statement: "Cancelling a closure that waits may keep it from running; one that runs ends.",
        rationale: "A closure cannot be interrupted, so cancelling has an effect before it runs \
            or none. A handle that says cancelled must speak the truth: that closure does not run \
            later. What a closure holds is dropped once in any case. Skipped where the adapter's \
            handles of closures cannot cancel.",
        bugs: &["tokio#6571"],
    },
    Rule {
        name: "k06_must_after_shutdown_it_resolves",
        statement: "The handle of a closure resolves although its executor is gone.",
        rationale: "Closures are given to executors that shut down, from destructors and other \
            threads; a queue that nobody serves keeps their awaiters for ever. A closure runs, \
            one waits, one is started by a task's drop and one afterwards. Starting one may panic; \
            a handle must resolve.",
        bugs: &["tokio#1853"],
    },
    Rule {
        name: "k07_must_threads_do_not_pile_up",
        statement: "Executors that come and go do not leave the threads of their pools behind.",
        rationale: "A thread that outlives its executor waits for a closure that nobody can give to \
            it, and tests or plug-ins that start executors run out of threads. Executors run \
            closures and are dropped; twice as many must leave no more threads, once those that end \
            late have had a second for it. A pool that all executors share does that, too.",
        bugs: &["tokio#3473"],
    },
];

/// Lists the rules with the capabilities that they need.
#[doc(hidden)]
#[macro_export]
macro_rules! __blocking {
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } blocking
            k01_must_a_panic_reaches_the_awaiter [blocking];
            k02_must_closures_start_closures [blocking remote];
            k03_must_a_long_queue_drains [blocking];
            k04_must_a_failed_thread_orphans_nothing [blocking];
            k05_must_a_cancelled_closure_runs_whole_or_never [blocking abort];
            k06_must_after_shutdown_it_resolves [blocking];
            k07_must_threads_do_not_pile_up [blocking];
        }
    };
}

/// An executor whose pool has at most `threads`, and whether that could be chosen.
fn pool<E: Blocking>(threads: usize) -> (Kept<E>, bool) {
    match E::with_blocking_threads(threads) {
        Some(executor) => (Kept(Some(executor)), true),
        None => (Kept(Some(E::new())), false),
    }
}

/// An executor that is not dropped when its rule has failed: it may wait for closures that never
/// end, and so hide what was found.
struct Kept<E>(Option<E>);

impl<E> Kept<E> {
    /// The executor, which is there until it is dropped.
    fn get(&mut self) -> &mut E {
        self.0.as_mut().expect("it is taken by the drop alone")
    }
}

impl<E> Drop for Kept<E> {
    fn drop(&mut self) {
        let executor = self.0.take();
        if thread::panicking() {
            mem::forget(executor);
        }
    }
}

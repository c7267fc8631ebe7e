//! Calls one after the other: B1, B4, B6, B8.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::task::Poll;
use std::thread;

use crate::adapter::{Executor, Spawn};
use crate::devices::yield_once;
use crate::rules::wakers::kit::{Bell, Storm, joined, park, park_one, said};
use crate::{Case, JoinHandle};

/// B1: a root that is woken before its thread sleeps is polled again.
pub fn b01_must_wake_before_park_returns<E: Executor>(case: &Case) {
    let mut executor = E::new();
    case.watch(
        "another thread woke the root while it was polled, and it was not polled again",
        || {
            for _ in 0..50 {
                executor.block_on(woken_while_polled());
            }
        },
    );
    let rounds = case.repeat(3_000);
    let storm = Storm::start(case, 1, rounds);
    case.watch(
        "another thread woke the root as it was about to sleep, and it was not polled again",
        || executor.block_on(Storm::hear(storm.bells[0].clone(), rounds)),
    );
    storm.end();
}

/// Is pending once; another thread has woken the task by then.
async fn woken_while_polled() {
    let mut polled = false;
    poll_fn(|cx| {
        if polled {
            return Poll::Ready(());
        }
        polled = true;
        let waker = cx.waker().clone();
        let waking = thread::spawn(move || waker.wake());
        joined(waking);
        Poll::Pending
    })
    .await;
}

/// B4: tasks that are pending when `block_on` returns go on with the next call.
pub fn b04_should_tasks_survive_between_calls<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let polled = Arc::new(AtomicUsize::new(0));
    let count = |bell: Bell| {
        let polled = Arc::clone(&polled);
        async move {
            polled.fetch_add(1, SeqCst);
            bell.heard(1).await;
        }
    };
    let bell = Bell::default();
    let (waiting, fresh) = case.watch("a call of `block_on` did not return", || {
        executor.block_on(async {
            let waiting = [park_one::<E>(&handle).await, park_one::<E>(&handle).await];
            (waiting, E::spawn(&handle, count(bell.clone())))
        })
    });
    case.event("between two calls");
    bell.ring();
    let [opened, shut] = waiting;
    opened.gate.open();
    case.watch(
        "a task that was pending between two calls of `block_on` did not end",
        || {
            executor.block_on(async {
                ends("spawned at the end of the first call", fresh).await;
                ends("woken between two calls", opened.handle).await;
            });
            executor.block_on(async {
                shut.gate.open();
                ends("left waiting through a whole call", shut.handle).await;
            });
        },
    );
    assert_eq!(polled.load(SeqCst), 1, "a task began more than once");
}

async fn ends(which: &str, task: JoinHandle<()>) {
    if let Err(error) = task.await {
        panic!("a task that was {which} gave no output: {error:?}");
    }
}

/// B6: `block_on` returns when its root is ready, although tasks are pending.
pub fn b06_must_return_although_tasks_pend<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let pending = case.watch(
        "`block_on` did not return although its root was ready; tasks were pending",
        || {
            let pending = executor.block_on(park::<E>(&handle, 20));
            executor.block_on(async {});
            executor.block_on(yield_once());
            pending
        },
    );
    // Whether dropping it hangs is the matter of other rules, and so is what becomes of the tasks.
    std::mem::forget((executor, pending));
}

/// B8: after `block_on` has returned or panicked, the thread can call it again.
pub fn b08_must_context_is_restored<E: Executor>(case: &Case) {
    let mut executor = E::new();
    case.watch(
        "a call of `block_on` after another had ended did not return",
        || {
            works(&mut executor, "after nothing");
            works(&mut executor, "after a call that returned");
            panics(&mut executor, 0);
            works(
                &mut executor,
                "after a call whose root panicked in its first poll",
            );
            panics(&mut executor, 2);
            works(
                &mut executor,
                "after a call whose root panicked in a later poll",
            );
            drop(executor);
            works(&mut E::new(), "of another executor");
            let mut executor = E::new();
            panics(&mut executor, 1);
            drop(executor);
            works(
                &mut E::new(),
                "of another executor, after one whose root panicked",
            );
        },
    );
}

/// Enters the executor with a root that needs wakes, and says when that panics.
fn works<E: Executor>(executor: &mut E, when: &str) {
    let entered = catch_unwind(AssertUnwindSafe(|| {
        executor.block_on(async {
            yield_once().await;
            woken_while_polled().await;
            5
        })
    }));
    match entered {
        Ok(output) => assert_eq!(output, 5, "a call of `block_on` {when} gave another output"),
        Err(payload) => {
            let said = said(payload.as_ref()).to_owned();
            panic!("a call of `block_on` {when} panicked: {said}");
        }
    }
}

/// Enters the executor with a root that panics in its poll number `poll`.
fn panics<E: Executor>(executor: &mut E, poll: usize) {
    let entered = catch_unwind(AssertUnwindSafe(|| {
        executor.block_on(async {
            for _ in 0..poll {
                yield_once().await;
            }
            resume_unwind(Box::new("the root panics"));
        });
    }));
    assert!(
        entered.is_err(),
        "the root's panic did not reach the caller of `block_on`"
    );
}

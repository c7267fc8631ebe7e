//! That a wake arrives: W1, W2, W15.

use std::future::{Future, poll_fn};
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread;

use super::TrySpawn;
use super::kit::{Storm, joined, wake_a_clone};
use crate::Case;
use crate::adapter::{Executor, Spawn};

/// Wakes itself in each of `times` polls, by turns with `wake` and `wake_by_ref`.
fn self_waking(times: usize) -> impl Future<Output = ()> + Send {
    let mut left = times;
    poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        match left % 3 {
            0 => cx.waker().wake_by_ref(),
            1 => wake_a_clone(cx.waker()),
            _ => {
                cx.waker().wake_by_ref();
                wake_a_clone(cx.waker());
            }
        }
        Poll::Pending
    })
}

/// W1: a future that wakes itself while it is polled is polled again.
pub fn w01_must_self_wake_is_a_repoll<T: TrySpawn>(case: &Case) {
    let mut executor = T::Inner::new();
    let handle = executor.handle();
    case.watch(
        "the root woke itself while it was polled, and was not polled again",
        || executor.block_on(self_waking(1_000)),
    );
    case.watch(
        "a task woke itself while it was polled, and was not polled again",
        || {
            for tasks in [1, 4] {
                executor.block_on(async {
                    let tasks = (0..tasks).map(|_| T::try_spawn(&handle, self_waking(300)));
                    for task in tasks.collect::<Vec<_>>().into_iter().flatten() {
                        task.await.expect("the task ends");
                    }
                });
            }
        },
    );
}

/// W2: a task's wake that arrives between its poll and the executor's sleep is not lost.
pub fn w02_must_wake_before_idle_is_not_lost<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    for (tasks, rounds) in [(1, 3_000), (3, 500)] {
        let storm = Storm::start(case, tasks, case.repeat(rounds));
        case.watch(
            "a task was woken as the executor was about to sleep, and was not polled again",
            || {
                executor.block_on(async {
                    let hearing = storm.bells.iter().map(|bell| {
                        let hear = Storm::hear(bell.clone(), storm.rounds);
                        E::spawn(&handle, hear)
                    });
                    for task in hearing.collect::<Vec<_>>() {
                        task.await.expect("the task ends");
                    }
                });
            },
        );
        storm.end();
    }
}

/// W15: a wake during a poll counts, although the poll consumes the thread's park token.
pub fn w15_must_stolen_park_token_is_no_lost_wake<E: Executor>(case: &Case) {
    let mut executor = E::new();
    case.watch(
        "the root was woken while it was polled, the poll consumed the thread's park token, and the \
         root was not polled again",
        || {
            for wake in [wake_here, wake_from_a_thread, wake_and_receive] {
                for _ in 0..20 {
                    executor.block_on(pending_after(wake));
                }
            }
        },
    );
}

/// Is pending once, after `poll` has woken the task and stolen the token.
async fn pending_after(poll: fn(&mut Context<'_>)) {
    let mut polled = false;
    poll_fn(|cx| {
        if polled {
            return Poll::Ready(());
        }
        polled = true;
        poll(cx);
        Poll::Pending
    })
    .await;
}

fn wake_here(cx: &mut Context<'_>) {
    cx.waker().wake_by_ref();
    steal_the_token();
}

fn wake_from_a_thread(cx: &mut Context<'_>) {
    let waker = cx.waker().clone();
    let waking = thread::spawn(move || waker.wake());
    joined(waking);
    steal_the_token();
}

/// As programs do it: by a channel on which the thread has to wait.
fn wake_and_receive(cx: &mut Context<'_>) {
    let waker = cx.waker().clone();
    let (sender, receiver) = mpsc::channel();
    let waking = thread::spawn(move || {
        waker.wake();
        sender.send(())
    });
    receiver.recv().expect("the thread sends");
    let sent = joined(waking);
    sent.expect("the receiver is there");
    steal_the_token();
}

/// Leaves the thread without the token of `unpark`, whether it had it or not.
fn steal_the_token() {
    thread::current().unpark();
    thread::park();
}

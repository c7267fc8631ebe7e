//! That a wake arrives: W1 to W4, W15, W17, W18.

use std::future::{Future, poll_fn};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use super::kit::{Bell, Storm, poll_as_task, wake_a_clone};
use crate::Case;
use crate::adapter::{Executor, Spawn, Tcp, Timers};

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

/// W1: a root that wakes itself while it is polled is polled again.
pub fn w01_must_self_wake_is_a_repoll<E: Executor>(case: &Case) {
    let mut executor = E::new();
    case.watch(
        "the root woke itself while it was polled, and was not polled again",
        || executor.block_on(self_waking(1_000)),
    );
}

/// W17: a task that wakes itself while it is polled is polled again.
pub fn w17_must_task_self_wake_is_a_repoll<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    case.watch(
        "a task woke itself while it was polled, and was not polled again",
        || {
            for tasks in [1, 4] {
                executor.block_on(async {
                    let tasks = (0..tasks).map(|_| E::spawn(&handle, self_waking(300)));
                    for task in tasks.collect::<Vec<_>>() {
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

/// Rings `rounds` times, each when the bell is awaited and the executor has had time to sleep.
fn ring_late(bell: &Bell, rounds: usize) -> thread::JoinHandle<()> {
    let bell = bell.clone();
    thread::spawn(move || {
        for round in 1..=rounds {
            bell.until_awaited(round);
            // Nothing tells whether an executor sleeps. It is right in any case; it is a sharper
            // test if it does.
            thread::sleep(Duration::from_millis(round as u64 * 2));
            bell.ring();
        }
    })
}

/// W3: a wake from another thread rouses an idle executor.
pub fn w03_must_remote_wake_unparks<E: Executor>(case: &Case) {
    const LATE: usize = 8;
    let mut executor = E::new();
    let storm = Storm::start(case, 1, 100);
    let bell = Bell::default();
    let late = ring_late(&bell, LATE);
    case.watch(
        "another thread woke the root of an idle executor, and it was not polled again",
        || {
            executor.block_on(Storm::hear(storm.bells[0].clone(), 100));
            executor.block_on(Storm::hear(bell, LATE));
        },
    );
    storm.end();
    late.join().expect("`wake` does not panic");
}

/// W4: a wake from another thread interrupts a sleep until the next timer.
pub fn w04_must_remote_wake_interrupts_a_timer_park<E: Timers>(case: &Case) {
    const ROUNDS: usize = 6;
    const HOUR: Duration = Duration::from_secs(3_600);
    let mut executor = E::new();
    let handle = executor.handle();
    let bell = Bell::default();
    let ringing = ring_late(&bell, ROUNDS);
    case.watch(
        "another thread woke the root, which was not polled again while a timer was pending",
        || {
            executor.block_on(async {
                let mut sleep = Box::pin(E::sleep(&handle, HOUR));
                for round in 1..=ROUNDS {
                    assert!(!poll_as_task(&mut sleep).await, "an hour is not over yet");
                    bell.heard(round).await;
                }
            });
        },
    );
    ringing.join().expect("`wake` does not panic");
}

/// W18: a wake from another thread interrupts a wait for I/O.
pub fn w18_must_remote_wake_interrupts_an_io_park<E: Tcp>(case: &Case) {
    const ROUNDS: usize = 6;
    let mut executor = E::new();
    let handle = executor.handle();
    let bell = Bell::default();
    let ringing = ring_late(&bell, ROUNDS);
    case.watch(
        "another thread woke the root, which was not polled again while a listener waited",
        || {
            executor.block_on(async {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let mut listener = E::listen(&handle, address).await.expect("a listener");
                let mut accepting = pin!(E::accept(&mut listener));
                for round in 1..=ROUNDS {
                    let connected = poll_as_task(&mut accepting).await;
                    assert!(!connected, "`accept` ended although nobody connected");
                    bell.heard(round).await;
                }
            });
        },
    );
    ringing.join().expect("`wake` does not panic");
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
    waking.join().expect("`wake` does not panic");
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
    let sent = waking.join().expect("`wake` does not panic");
    sent.expect("the receiver is there");
    steal_the_token();
}

/// Leaves the thread without the token of `unpark`, whether it had it or not.
fn steal_the_token() {
    thread::current().unpark();
    thread::park();
}

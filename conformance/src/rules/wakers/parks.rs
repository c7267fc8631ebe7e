//! That a wake from another thread ends any sleep of the executor: W3, W4, W17.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::thread;
use std::time::Duration;

use super::kit::{Bell, Storm, joined, poll_as_task};
use super::{HandleOf, TrySpawn};
use crate::Case;
use crate::adapter::{Executor, Tcp, Timers};

/// How often a rule lets the executor fall asleep.
const ROUNDS: usize = 6;

/// Rings when the bell is awaited and the executor has had time to fall asleep.
fn ring_late(bell: &Bell) -> thread::JoinHandle<()> {
    let bell = bell.clone();
    thread::spawn(move || {
        for round in 1..=ROUNDS {
            bell.until_awaited(round);
            // Nothing tells whether an executor sleeps. It is right in any case; it is a sharper
            // test if it does.
            thread::sleep(Duration::from_millis(round as u64 * 2));
            bell.ring();
        }
    })
}

/// W3: a wake from another thread rouses an idle executor.
pub fn w03_must_remote_wake_unparks<T: TrySpawn>(case: &Case) {
    let mut executor = T::Inner::new();
    let handle = executor.handle();
    hear_from_threads(
        case,
        "another thread woke the root of an idle executor, and it was not polled again",
        |hearing| executor.block_on(hearing),
    );
    if T::TASKS {
        hear_from_threads(
            case,
            "another thread woke a task of an idle executor, and it was not polled again",
            |hearing| {
                executor.block_on(async {
                    let task = T::try_spawn(&handle, hearing).expect("it has tasks");
                    task.await.expect("the task ends");
                });
            },
        );
    }
}

/// Has `run` wait for what other threads ring, promptly or late.
fn hear_from_threads<F>(case: &Case, lost: &str, run: F)
where
    F: FnOnce(Pin<Box<dyn Future<Output = ()> + Send>>),
{
    const PROMPT: usize = 100;
    let storm = Storm::start(case, 1, PROMPT);
    let (prompt, late) = (storm.bells[0].clone(), Bell::default());
    let ringing = ring_late(&late);
    let hearing = Box::pin(async move {
        Storm::hear(prompt, PROMPT).await;
        Storm::hear(late, ROUNDS).await;
    });
    case.watch(lost, || run(hearing));
    storm.end();
    joined(ringing);
}

/// W4: a wake from another thread interrupts a sleep until the next timer.
pub fn w04_must_remote_wake_interrupts_a_timer_park<T: TrySpawn>(case: &Case)
where
    T::Inner: Timers,
{
    const HOUR: Duration = Duration::from_secs(3_600);
    let mut executor = T::Inner::new();
    let handle = executor.handle();
    case.watch(
        "another thread woke the root, or a task, which was not polled again while a timer was \
         pending",
        || {
            executor.block_on(async {
                let sleep = pin!(T::Inner::sleep(&handle, HOUR));
                hear_while_pending::<T, _>(&handle, sleep).await;
            });
        },
    );
}

/// W17: a wake from another thread interrupts a wait for I/O.
pub fn w17_must_remote_wake_interrupts_an_io_park<T: TrySpawn>(case: &Case)
where
    T::Inner: Tcp,
{
    let mut executor = T::Inner::new();
    let handle = executor.handle();
    case.watch(
        "another thread woke the root, or a task, which was not polled again while a listener \
         waited",
        || {
            executor.block_on(async {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let listening = T::Inner::listen(&handle, address).await;
                let mut listener = listening.expect("a listener");
                let accepting = pin!(T::Inner::accept(&mut listener));
                hear_while_pending::<T, _>(&handle, accepting).await;
            });
        },
    );
}

/// Waits for other threads' rings, as root and as task, while the root waits for `pending` as well.
async fn hear_while_pending<T: TrySpawn, F: Future>(
    handle: &HandleOf<T>,
    mut pending: Pin<&mut F>,
) {
    let bell = Bell::default();
    let ringing = ring_late(&bell);
    for round in 1..=ROUNDS {
        let ready = poll_as_task(&mut pending).await;
        assert!(!ready, "what nothing completes was ready");
        bell.heard(round).await;
    }
    joined(ringing);
    if T::TASKS {
        poll_as_task(&mut pending).await;
        let bell = Bell::default();
        let ringing = ring_late(&bell);
        let hearing = T::try_spawn(handle, Storm::hear(bell, ROUNDS));
        let task = hearing.expect("it has tasks");
        task.await.expect("the task ends");
        joined(ringing);
    }
}

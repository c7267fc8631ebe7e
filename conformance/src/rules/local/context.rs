//! Where local futures are spawned and dropped: N5, N7, N9.

use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use crate::adapter::{OnHandleDrop, SpawnLocal, Timers};
use crate::rules::wakers::kit::{Bell, joined, poll_as_task, said};
use crate::{Case, JoinHandle};

/// N5: a local task that is spawned when everything else waits is polled.
pub fn n05_must_spawn_local_wakes_an_idle_loop<E: SpawnLocal>(case: &Case) {
    const ROUNDS: usize = 5;
    let mut executor = E::new();
    let handle = executor.handle();
    let idle = Bell::default();
    let rouses = idle.clone();
    let rousing = thread::spawn(move || {
        for round in 1..=2 * ROUNDS {
            rouses.until_awaited(round);
            // So that the loop is idle, mostly; the rule is right either way.
            thread::sleep(Duration::from_millis(2));
            rouses.ring();
        }
    });
    case.watch(
        "a local task was spawned while everything else waited, and was never polled",
        || {
            executor.block_on(async {
                for round in 1..=ROUNDS {
                    idle.heard(round).await;
                    spawn_and_hear::<E>(&handle).await;
                }
                let (inside, idle) = (handle.clone(), idle.clone());
                let spawning = E::spawn_local(&handle, async move {
                    for round in ROUNDS + 1..=2 * ROUNDS {
                        idle.heard(round).await;
                        spawn_and_hear::<E>(&inside).await;
                    }
                });
                spawning.await.expect("the spawning task ends");
            });
        },
    );
    joined(rousing);
}

/// Spawns a local task and waits for a ring from it, but not for its handle.
async fn spawn_and_hear<E: SpawnLocal>(handle: &E::Handle) {
    let rung = Bell::default();
    let rings = rung.clone();
    let _task = E::spawn_local(handle, async move { rings.ring() });
    rung.heard(1).await;
}

/// N7: a local future is dropped where it can spawn, as in its poll.
pub fn n07_should_futures_drop_in_their_context<E: SpawnLocal>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    case.watch(
        "a local task that was spawned in a drop was not polled",
        || {
            executor.block_on(async {
                let ended = Farewell::<E>::new(&handle, true);
                let seen = ended.seen.clone();
                let task = E::spawn_local(&handle, ended);
                let _ = task.await;
                seen.wait("of a local future that had ended").await;
                if E::ON_HANDLE_DROP == OnHandleDrop::Cancels {
                    let waiting = Farewell::<E>::new(&handle, false);
                    let seen = waiting.seen.clone();
                    let task = E::spawn_local(&handle, waiting);
                    seen.polled.heard(1).await;
                    drop(task);
                    seen.wait("of a local future that was cancelled").await;
                }
            });
        },
    );
}

/// A local future that spawns a local task in its drop.
struct Farewell<E: SpawnLocal> {
    handle: E::Handle,
    ends: bool,
    seen: Seen,
}

/// What is known about the drop of a [`Farewell`].
#[derive(Clone, Default)]
struct Seen {
    polled: Bell,
    dropped: Bell,
    ran: Bell,
    spawned: Rc<RefCell<Option<Spawned>>>,
}

/// The task that was spawned, or what the panic said instead.
type Spawned = Result<JoinHandle<()>, String>;

impl<E: SpawnLocal> Farewell<E> {
    fn new(handle: &E::Handle, ends: bool) -> Self {
        Self {
            handle: handle.clone(),
            ends,
            seen: Seen::default(),
        }
    }
}

impl<E: SpawnLocal> Future for Farewell<E> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.seen.polled.ring();
        if self.ends {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl<E: SpawnLocal> Drop for Farewell<E> {
    fn drop(&mut self) {
        let ran = self.seen.ran.clone();
        let spawned = catch_unwind(AssertUnwindSafe(|| {
            E::spawn_local(&self.handle, async move { ran.ring() })
        }));
        let spawned = spawned.map_err(|payload| said(payload.as_ref()).to_owned());
        self.seen.spawned.replace(Some(spawned));
        self.seen.dropped.ring();
    }
}

impl Seen {
    /// Waits for the drop, and for the task that it spawned.
    async fn wait(&self, which: &str) {
        self.dropped.heard(1).await;
        if let Some(Err(said)) = &*self.spawned.borrow() {
            panic!("the drop {which} could not spawn a local task: {said}");
        }
        self.ran.heard(1).await;
    }
}

/// N9: local futures that wait for a timer can be dropped by the executor's drop.
pub fn n09_should_timers_drop_in_their_context<E: SpawnLocal + Timers>(case: &Case) {
    const HOUR: Duration = Duration::from_secs(3_600);
    let mut executor = E::new();
    let handle = executor.handle();
    let tasks = case.watch("a local task was spawned, and was never polled", || {
        executor.block_on(async {
            let polled = Bell::default();
            let tasks = (0..10).map(|_| {
                let (inside, polled) = (handle.clone(), polled.clone());
                E::spawn_local(&handle, async move {
                    let mut sleep = Box::pin(E::sleep(&inside, HOUR));
                    poll_as_task(&mut sleep).await;
                    polled.ring();
                    sleep.await;
                })
            });
            let tasks: Vec<_> = tasks.collect();
            polled.heard(tasks.len()).await;
            tasks
        })
    });
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(executor)));
    if let Err(payload) = dropped {
        let said = said(payload.as_ref());
        panic!("dropping an executor whose local tasks wait for timers panicked: {said}");
    }
    drop(tasks);
}

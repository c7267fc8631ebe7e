//! Wakers in the hands of several threads: W9, W10, W16.

use std::future::poll_fn;
use std::ops::Range;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use super::kit::{Bell, joined, park, said, wake_a_clone};
use crate::Case;
use crate::adapter::Spawn;
use crate::devices::Opener;
use crate::lock::lock;

/// W9: `wake` returns although the executor makes no progress.
pub fn w09_must_wake_never_waits<E: Spawn>(case: &Case) {
    const PEERS: usize = 5_000;
    /// More than an executor has threads, so that none of them is left to make progress.
    const BLOCKERS: usize = 64;
    let mut executor = E::new();
    let handle = executor.handle();
    let headway = Arc::new(Headway::default());
    case.watch(
        "`wake` did not return while tasks held the executor's threads, or a peer was not polled \
         after that",
        || {
            executor.block_on(async {
                let peers = park::<E>(&handle, PEERS).await;
                case.event("every peer waits; tasks now block on the thread that wakes them");
                let openers = peers.iter().map(|peer| peer.gate.clone()).collect();
                let waking = wake_when_blocked(&headway, openers);
                let blockers = (0..BLOCKERS).map(|_| {
                    let headway = Arc::clone(&headway);
                    E::spawn(&handle, async move { headway.block() })
                });
                for blocker in blockers.collect::<Vec<_>>() {
                    blocker.await.expect("the blocking task ends");
                }
                assert!(
                    !headway.lock().stuck,
                    "`wake` did not return while tasks held the executor's threads: a thread that \
                     woke {PEERS} peers made no headway until the tasks gave up"
                );
                for peer in peers {
                    peer.handle.await.expect("the peer ends");
                }
                joined(waking);
            });
        },
    );
}

/// A thread that opens gates, once a task blocks on it.
fn wake_when_blocked(headway: &Arc<Headway>, openers: Vec<Opener>) -> thread::JoinHandle<()> {
    let headway = Arc::clone(headway);
    thread::spawn(move || {
        headway.until_blocked();
        for opener in openers {
            opener.open();
            headway.lock().woken += 1;
        }
        headway.lock().ended = true;
        headway.changed.notify_all();
    })
}

/// How far the waking thread of W9 is.
#[derive(Default)]
struct Headway {
    state: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Default)]
struct Progress {
    blocked: bool,
    woken: usize,
    ended: bool,
    stuck: bool,
}

impl Headway {
    /// Holds this thread until the waking thread has ended, or makes no headway for seconds.
    fn block(&self) {
        const PATIENCE: Duration = Duration::from_secs(3);
        let mut state = self.lock();
        state.blocked = true;
        self.changed.notify_all();
        while !state.ended && !state.stuck {
            let before = state.woken;
            let waited = self.changed.wait_timeout(state, PATIENCE);
            let (now, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = now;
            state.stuck |= timeout.timed_out() && !state.ended && state.woken == before;
        }
    }

    /// Waits until a task blocks, and a little longer, for other threads to be blocked as well.
    fn until_blocked(&self) {
        let mut state = self.lock();
        while !state.blocked {
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        thread::sleep(Duration::from_millis(5));
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        lock(&self.state)
    }
}

/// W10: wakers may be cloned, woken and dropped by several threads at once.
pub fn w10_must_wakers_are_send_and_sync<E: Spawn>(case: &Case) {
    const TASKS: usize = 4;
    const THREADS: usize = 8;
    let wakes = case.repeat(1_000);
    let mut executor = E::new();
    let handle = executor.handle();
    let waits = Bell::default();
    let counters: Vec<Arc<Counter>> = (0..TASKS).map(|_| Arc::default()).collect();
    case.watch("the last of many wakes by several threads was lost", || {
        executor.block_on(async {
            let tasks = counters.iter().map(|counter| {
                let counted = Arc::clone(counter).reaches(1 + THREADS * wakes, waits.clone());
                E::spawn(&handle, counted)
            });
            let tasks: Vec<_> = tasks.collect();
            waits.heard(TASKS).await;
            use_on_another_thread(&counters);
            let threads = (0..THREADS).map(|thread| {
                let counters = counters.clone();
                let mut rng = case.rng(thread as u64);
                thread::spawn(move || {
                    for _ in 0..wakes {
                        counters.iter().for_each(|counter| counter.add(&mut rng));
                    }
                })
            });
            let threads: Vec<_> = threads.collect();
            for task in tasks {
                task.await.expect("the task ends");
            }
            for thread in threads {
                thread.join().expect("no operation of a waker panics");
            }
        });
    });
    let overlapped = counters
        .iter()
        .any(|counter| counter.overlapped.load(SeqCst));
    assert!(!overlapped, "a task was polled by two threads at once");
}

/// Adds one to each, on a thread that must not panic; else the others would only seem to hang.
fn use_on_another_thread(counters: &[Arc<Counter>]) {
    let counters = counters.to_vec();
    let mut rng = fastrand::Rng::with_seed(3);
    let using = thread::spawn(move || {
        for counter in counters {
            let waker = counter.waker();
            drop([waker.clone(), waker]);
            counter.add(&mut rng);
        }
    });
    if let Err(payload) = using.join() {
        panic!(
            "a waker panicked on another thread: {}",
            said(payload.as_ref())
        );
    }
}

/// A number that threads add to, and that a task waits for.
#[derive(Default)]
struct Counter {
    count: AtomicUsize,
    waker: RwLock<Option<Waker>>,
    polling: AtomicBool,
    overlapped: AtomicBool,
}

impl Counter {
    /// Waits for `goal`, and rings `waits` when its waker is there.
    async fn reaches(self: Arc<Self>, goal: usize, waits: Bell) {
        let mut waits = Some(waits);
        poll_fn(|cx| {
            if self.polling.swap(true, SeqCst) {
                self.overlapped.store(true, SeqCst);
            }
            let mut waker = self.waker.write().unwrap_or_else(PoisonError::into_inner);
            let former = waker.replace(cx.waker().clone());
            drop(waker);
            drop(former);
            if let Some(waits) = waits.take() {
                waits.ring();
            }
            let reached = self.count.load(SeqCst) == goal;
            self.polling.store(false, SeqCst);
            if reached {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// A clone; several threads may be cloning the same waker, and none holds the lock later.
    fn waker(&self) -> Waker {
        let waker = self.waker.read().unwrap_or_else(PoisonError::into_inner);
        waker.clone().expect("the task waits")
    }

    /// Adds one, and wakes the task in one of the ways that there are.
    fn add(&self, rng: &mut fastrand::Rng) {
        self.count.fetch_add(1, SeqCst);
        let waker = self.waker();
        match rng.u8(0..4) {
            0 => waker.wake(),
            1 => waker.wake_by_ref(),
            2 => {
                let clone = waker.clone();
                drop(waker);
                clone.wake();
            }
            _ => {
                wake_a_clone(&waker);
                waker.wake_by_ref();
            }
        }
    }
}

/// W16: tasks and roots of two executors wake each other.
pub fn w16_must_work_across_runtimes<E: Spawn>(case: &Case) {
    const TURNS: usize = 500;
    let (ours, theirs) = (Bell::default(), Bell::default());
    let other = {
        let (ours, theirs) = (ours.clone(), theirs.clone());
        thread::spawn(move || play::<E>(&theirs, &ours, true, TURNS))
    };
    case.watch(
        "a task or root was woken by a task or root of another executor, and was not polled again",
        || {
            play::<E>(&ours, &theirs, false, TURNS);
            other.join().expect("the other executor works");
        },
    );
    case.watch(
        "a task or root was woken by another executor, which was dropped then, and was not polled",
        wake_and_vanish::<E>,
    );
}

/// Plays to and fro with another executor: between tasks first, then between roots.
///
/// Who is `second` waits for the first ring before it rings.
fn play<E: Spawn>(own: &Bell, other: &Bell, second: bool, turns: usize) {
    let mut executor = E::new();
    let handle = executor.handle();
    let game = |from: usize| play_turns(own.clone(), other.clone(), second, from..from + turns);
    executor.block_on(async {
        let task = E::spawn(&handle, game(0));
        task.await.expect("the task ends");
        game(turns).await;
    });
}

async fn play_turns(own: Bell, other: Bell, second: bool, turns: Range<usize>) {
    for turn in turns {
        if second {
            own.heard(turn + 1).await;
        }
        other.ring();
        if !second {
            own.heard(turn + 1).await;
        }
    }
}

/// A task and the root of one executor are woken by others, which are dropped at once.
fn wake_and_vanish<E: Spawn>() {
    const ROUNDS: usize = 20;
    let (of_task, of_root) = (Bell::default(), Bell::default());
    let bells = [of_task.clone(), of_root.clone()];
    let other = thread::spawn(move || {
        for round in 1..=ROUNDS {
            for bell in &bells {
                bell.until_awaited(round);
                ring_and_vanish::<E>(bell, round % 2 == 0);
            }
        }
    });
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        for round in 1..=ROUNDS {
            let heard = of_task.clone();
            let task = E::spawn(&handle, async move { heard.heard(round).await });
            task.await.expect("the task ends");
            of_root.heard(round).await;
        }
    });
    other.join().expect("the other executors work");
}

/// An executor whose root, or task, rings, and which is dropped then.
fn ring_and_vanish<E: Spawn>(bell: &Bell, by_task: bool) {
    let mut executor = E::new();
    let handle = executor.handle();
    let rung = Arc::new(AtomicBool::new(false));
    let ring = {
        let (bell, rung) = (bell.clone(), Arc::clone(&rung));
        move || {
            if !rung.swap(true, SeqCst) {
                bell.ring();
            }
        }
    };
    let ended = Bell::default();
    executor.block_on(async {
        if by_task {
            let (ends, ring) = (ended.clone(), ring.clone());
            // In this order, so that the root may come before whom the task has woken.
            let _task = E::spawn(&handle, async move {
                ends.ring();
                ring();
            });
            ended.heard(1).await;
        } else {
            ring();
        }
    });
    drop(executor);
    // Where the executor was dropped before its task came to that.
    ring();
}

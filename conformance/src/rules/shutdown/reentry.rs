//! User code that runs in drops during shutdown, and shutdown inside of user code.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;

use super::{assert_dropped_once, shut_down};
use crate::Case;
use crate::adapter::{DropInside, JoinHandle, OnHandleDrop, Spawn};
use crate::devices::{gate, turns};
use crate::harness::eventually;
use crate::lock::lock;
use crate::rules::lifecycle::{Notifier, Progress, Track, Wakers, patience, with_drop};

/// D3: a task that is spawned by a drop during shutdown is refused or dropped.
pub fn d03_must_bear_spawn_in_drop<E: Spawn>(case: &Case) {
    let progress = Progress::new();
    let mut executor = E::new();
    let nest = Arc::new(Nest::<E> {
        handle: executor.handle(),
        notifier: progress.notifier(),
        spawned: Mutex::default(),
        kept: Mutex::default(),
    });
    for _ in 0..10 {
        nest.spawn(3);
    }
    executor.block_on(async {
        let polled = || nest.tracks().iter().all(|track| track.polls() > 0);
        progress.until("every future is polled", polled).await;
    });
    case.event("the executor is dropped, and its tasks' drops spawn");
    shut_down(case, executor);
    // New ones may come for as long as old ones go.
    eventually(|| nest.tracks().iter().all(|track| track.drops() > 0));
    let what = "that were spawned by drops";
    assert_dropped_once(what, &nest.tracks()[10..]);
    let polls = || nest.tracks().iter().map(Track::polls).sum::<usize>();
    let before = polls();
    // Not while it is locked: what is dropped may spawn.
    let kept = std::mem::take(&mut *lock(&nest.kept));
    drop(kept);
    let after = polls() - before;
    assert_eq!(
        after, 0,
        "futures that drops had spawned were polled after shutdown"
    );
}

/// Spawns tasks whose drops spawn tasks.
struct Nest<E: Spawn> {
    handle: E::Handle,
    notifier: Notifier,
    spawned: Mutex<Vec<Track>>,
    kept: Mutex<Vec<JoinHandle<()>>>,
}

impl<E: Spawn> Nest<E> {
    /// Spawns a task whose drop does the same, to such a depth.
    fn spawn(self: &Arc<Self>, depth: usize) {
        let nest = Arc::clone(self);
        let on_drop = move || {
            if depth > 0 {
                nest.spawn(depth - 1);
            }
        };
        // Boxed, since the type would contain itself.
        let future: Pin<Box<dyn Future<Output = ()> + Send>> =
            Box::pin(with_drop(|_| Poll::Pending, on_drop));
        let (future, track) = self.notifier.watch(future);
        lock(&self.spawned).push(track);
        let spawning = AssertUnwindSafe(|| E::spawn(&self.handle, future));
        // A panic is a refusal, and has dropped the future.
        if let Ok(task) = catch_unwind(spawning) {
            lock(&self.kept).push(task);
        }
    }

    fn tracks(&self) -> Vec<Track> {
        lock(&self.spawned).clone()
    }
}

/// D4: futures that are dropped by shutdown may wake themselves, their peers and the root.
pub fn d04_must_bear_wakes_in_drop<E: Spawn>(case: &Case) {
    const TASKS: usize = 60;
    let progress = Progress::new();
    let mut executor = E::new();
    let handle = executor.handle();
    let wakers = Wakers::default();
    let panics = Arc::new(AtomicUsize::new(0));
    let mut tracks = Vec::new();
    let mut tasks = Vec::new();
    executor.block_on(async {
        poll_fn(|cx| {
            wakers.push(cx.waker());
            Poll::Ready(())
        })
        .await;
        for number in 0..TASKS {
            let all = wakers.clone();
            let panics = Arc::clone(&panics);
            let on_drop = move || {
                // The executor may swallow what gets out of a drop.
                let waking = AssertUnwindSafe(|| {
                    all.wake_all();
                    all.all().into_iter().for_each(Waker::wake);
                });
                panics.fetch_add(usize::from(catch_unwind(waking).is_err()), SeqCst);
            };
            let (future, track) = progress.watch(with_drop(wakers.pending(), on_drop));
            let task = E::spawn(&handle, future);
            // Where dropping a handle would cancel its task, all of them are kept.
            if number % 2 == 0 || E::ON_HANDLE_DROP == OnHandleDrop::Cancels {
                tasks.push(task);
            }
            tracks.push(track);
        }
        let polled = || tracks.iter().all(|track| track.polls() > 0);
        progress.until("every future is polled", polled).await;
    });
    case.event("the executor is dropped, and its tasks' drops wake all");
    shut_down(case, executor);
    assert_dropped_once("that wake in their drops", &tracks);
    let panics = panics.load(SeqCst);
    assert_eq!(panics, 0, "wakes panicked in so many drops of {TASKS}");
    case.event("the wakers are called and dropped after shutdown");
    wakers.wake_all();
    wakers.clear();
    assert_dropped_once("that wake in their drops", &tracks);
}

/// D5: no internal lock is held while the drop of a user's future runs.
pub fn d05_must_not_hold_locks_in_drop<E: Spawn>(case: &Case) {
    let progress = Progress::new();
    let mut executor = E::new();
    let handle = executor.handle();
    let peers = Wakers::default();
    let stuck = Arc::new(AtomicUsize::new(0));
    let handles: Arc<Mutex<Vec<JoinHandle<()>>>> = Arc::default();
    let root = async {
        for _ in 0..4 {
            let (future, track) = progress.watch(poll_fn(peers.pending()));
            let task = E::spawn(&handle, future);
            let polled = || track.polls() > 0;
            progress.until("a peer is polled", polled).await;
            lock(&handles).push(task);
        }
        case.event("a future ends, and its drop waits for a thread that wakes a peer");
        let ending = waiting_in_drop(|_| Poll::Ready(()), peers.clone(), stuck.clone());
        let joined = E::spawn(&handle, ending).await;
        joined.expect("the task has not been cancelled");
        assert_eq!(stuck.load(SeqCst), 0, "{STUCK} when it had ended");

        for _ in 0..4 {
            let idle = waiting_in_drop(peers.pending(), peers.clone(), stuck.clone());
            let (future, track) = progress.watch(idle);
            let task = E::spawn(&handle, future);
            let polled = || track.polls() > 0;
            progress.until("a future is polled", polled).await;
            lock(&handles).push(task);
        }
        let letting_go = Arc::clone(&handles);
        let on_drop = move || {
            let task = lock(&letting_go).pop();
            drop(task);
        };
        let (future, track) = progress.watch(with_drop(peers.pending(), on_drop));
        lock(&handles).insert(0, E::spawn(&handle, future));
        let polled = || track.polls() > 0;
        progress.until("a future is polled", polled).await;
    };
    case.watch(STUCK, || executor.block_on(root));
    case.event("the executor is dropped; drops wait for threads, and let go of peers' handles");
    case.watch(STUCK_AT_SHUTDOWN, || drop(executor));
    assert_eq!(stuck.load(SeqCst), 0, "{STUCK} at shutdown");
    drop(std::mem::take(&mut *lock(&handles)));
}

const STUCK: &str = "a thread could not wake a peer while a future was being dropped";
const STUCK_AT_SHUTDOWN: &str = "while shutdown dropped a future, a thread could not wake a peer, or \
    the drop of a peer's handle did not return";

/// In its drop, waits for a thread that wakes the peers.
fn waiting_in_drop(
    poll: impl FnMut(&mut Context<'_>) -> Poll<()> + Send,
    peers: Wakers,
    stuck: Arc<AtomicUsize>,
) -> impl Future<Output = ()> + Send {
    with_drop(poll, move || {
        if stuck.load(SeqCst) > 0 {
            return;
        }
        let (done, is_done) = mpsc::channel();
        thread::spawn(move || {
            peers.wake_all();
            // Who waits may have given up.
            let _ = done.send(());
        });
        // A wake that panics is another rule's; it drops the sender.
        if is_done.recv_timeout(patience()) == Err(RecvTimeoutError::Timeout) {
            stuck.fetch_add(1, SeqCst);
        }
    })
}

/// D9: dropping an executor inside of another's `block_on` does what the adapter declares.
pub fn d09_must_bear_shutdown_inside_async_as_declared<E: Spawn>(case: &Case) {
    if E::DROP_INSIDE == DropInside::Undefined {
        case.skip("the adapter does not declare what this does (`DROP_INSIDE`)");
    }
    let progress = Progress::new();
    let mut inner = E::new();
    let handle = inner.handle();
    let mut tracks = Vec::new();
    let mut kept = Vec::new();
    inner.block_on(async {
        for _ in 0..10 {
            let (gate, opener) = gate();
            let (future, track) = progress.watch(gate);
            kept.push((E::spawn(&handle, future), opener));
            tracks.push(track);
        }
        let polled = || tracks.iter().all(|track| track.polls() > 0);
        progress.until("every future is polled", polled).await;
    });
    let mut outer = E::new();
    let handle = outer.handle();
    let panicked = outer.block_on(async move {
        turns::<E>(&handle, 2).await;
        case.event("the inner executor is dropped inside of the outer one");
        let dropping = catch_unwind(AssertUnwindSafe(|| drop(inner)));
        case.event("the outer executor goes on");
        turns::<E>(&handle, 10).await;
        dropping.is_err()
    });
    match E::DROP_INSIDE {
        DropInside::Works => {
            assert!(!panicked, "the drop is declared to work, and panicked");
            assert_dropped_once("of the inner executor", &tracks);
        }
        _ => assert!(panicked, "the drop is declared to panic, and did not"),
    }
}

//! Shutdown while threads are blocked.

use std::future::poll_fn;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use super::{assert_dropped_once, shut_down};
use crate::Case;
use crate::adapter::{Parallel, ShutdownTimeout};
use crate::devices::gate;
use crate::lock::lock;
use crate::rules::lifecycle::{Progress, Track, patience};

/// D10: shutdown returns although workers were blocked in polls when it began.
pub fn d10_must_not_hang_with_blocked_workers<E: Parallel>(case: &Case) {
    case.trials(5, |_, _| {
        let progress = Progress::new();
        let mut executor = E::with_workers(2);
        let handle = executor.handle();
        let latch = Arc::new(Latch::default());
        let releasing = Latch::open_by_thread(&latch);
        let mut tracks: Vec<Track> = Vec::new();
        let mut tasks = Vec::new();
        let mut openers = Vec::new();
        executor.block_on(async {
            for _ in 0..10 {
                let (gate, opener) = gate();
                let (future, track) = progress.watch(gate);
                tasks.push(E::spawn(&handle, future));
                openers.push(opener);
                tracks.push(track);
            }
            let polled = || tracks.iter().all(|track| track.polls() > 0);
            progress.until("every future is polled", polled).await;
            for _ in 0..2 {
                let waiting = Arc::clone(&latch);
                let (future, track) = progress.watch(poll_fn(move |cx| {
                    waiting.wait();
                    cx.waker().wake_by_ref();
                    Poll::<()>::Pending
                }));
                tasks.push(E::spawn(&handle, future));
                tracks.push(track);
            }
            for _ in 0..10 {
                let (future, track) = progress.watch(async {});
                tasks.push(E::spawn(&handle, future));
                tracks.push(track);
            }
            let blocked = || tracks[10..12].iter().any(|track| track.polls() > 0);
            progress.until("a task blocks its worker", blocked).await;
        });
        case.event("the executor is dropped while workers are blocked");
        latch.shutdown_begins();
        shut_down(case, executor);
        assert_dropped_once("of an executor with blocked workers", &tracks);
        releasing
            .join()
            .map_err(|_| "the thread that releases panicked".to_owned())
    });
}

/// What the workers wait for.
#[derive(Debug, Default)]
struct Latch {
    state: Mutex<Open>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Open {
    is_open: bool,
    shutdown: bool,
}

impl Latch {
    /// Opens when shutdown begins, or a while after, so that it may find the workers blocked.
    ///
    /// Where `block_on` itself is blocked by such a task, the latch opens without a shutdown.
    fn open_by_thread(latch: &Arc<Self>) -> thread::JoinHandle<()> {
        let latch = Arc::clone(latch);
        thread::spawn(move || {
            let state = lock(&latch.state);
            let limit = Duration::from_millis(100);
            let waited = latch
                .changed
                .wait_timeout_while(state, limit, |open| !open.shutdown);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
            // Nothing depends on it; the shutdown only gets further.
            thread::sleep(Duration::from_millis(20));
            let mut state = lock(&latch.state);
            state.is_open = true;
            latch.changed.notify_all();
        })
    }

    fn shutdown_begins(&self) {
        let mut state = lock(&self.state);
        state.shutdown = true;
        self.changed.notify_all();
    }

    fn wait(&self) {
        let state = lock(&self.state);
        let waited = self.changed.wait_while(state, |open| !open.is_open);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

/// D12: a bounded shutdown waits for closures that block, but only for as long as it was told.
pub fn d12_must_honour_the_shutdown_timeout<E: ShutdownTimeout>(case: &Case) {
    for timeout in [Duration::ZERO, Duration::from_millis(50)] {
        case.event(format_args!("a closure outlasts a time-out of {timeout:?}"));
        let (release, released) = mpsc::channel();
        let (executor, ended) = blocked_closure::<E>(released);
        let meaning = format!("a shutdown with a time-out of {timeout:?} does not return");
        case.watch(&meaning, || executor.shutdown_timeout(timeout));
        let early = !ended.load(SeqCst);
        // It may have ended by its own limit, which a shutdown that waits for ever has reached.
        let _ = release.send(());
        assert!(
            early,
            "shutdown was told to wait for {timeout:?}, and waited until the closure ended"
        );
    }
    case.event("a closure ends within a time-out of an hour");
    let (release, released) = mpsc::channel();
    let (executor, ended) = blocked_closure::<E>(released);
    let began = Arc::new(AtomicBool::new(false));
    let begins = Arc::clone(&began);
    let releasing = thread::spawn(move || {
        while !begins.load(SeqCst) {
            thread::yield_now();
        }
        // Nothing depends on it; the shutdown only gets further.
        thread::sleep(Duration::from_millis(20));
        // Who waits may have given up.
        let _ = release.send(());
    });
    let started = Instant::now();
    began.store(true, SeqCst);
    let meaning =
        "a shutdown with a time-out of an hour does not return when its closures have ended";
    case.watch(meaning, || {
        executor.shutdown_timeout(Duration::from_secs(3_600));
    });
    let (took, has_ended) = (started.elapsed(), ended.load(SeqCst));
    releasing.join().expect("it does not panic");
    assert!(
        has_ended,
        "shutdown was told to wait for up to an hour, and left a closure running after {took:?}"
    );
}

/// An executor whose pool runs a closure that waits to be released, for a while at most; and whether that has ended.
fn blocked_closure<E: ShutdownTimeout>(released: Receiver<()>) -> (E, Arc<AtomicBool>) {
    let progress = Progress::new();
    let mut executor = E::new();
    let handle = executor.handle();
    let limit = patience();
    let ended = Arc::new(AtomicBool::new(false));
    let started = Arc::new(AtomicBool::new(false));
    let (ends, starts, notifier) = (ended.clone(), started.clone(), progress.notifier());
    executor.block_on(async {
        let closure = E::spawn_blocking(&handle, move || {
            starts.store(true, SeqCst);
            notifier.notify();
            // It ends in any case.
            let _ = released.recv_timeout(limit);
            ends.store(true, SeqCst);
        });
        let has_started = || started.load(SeqCst);
        progress
            .until("a closure that blocks is started", has_started)
            .await;
        drop(closure);
    });
    (executor, ended)
}

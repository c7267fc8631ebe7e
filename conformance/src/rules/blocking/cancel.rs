//! K5, K6: closures that are cancelled, or outlive their executor.

use std::future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use super::pool;
use crate::adapter::{Abort, Blocking, JoinError, JoinHandle};
use crate::devices::{Drops, Gate, Stage, gate};
use crate::{Case, harness};

/// A closure that holds a thread, and what lets it go.
struct Holding {
    handle: JoinHandle<u32>,
    release: mpsc::Sender<()>,
    ended: Gate,
}

const HELD: u32 = 17;

impl Holding {
    /// Is ready when the closure runs.
    async fn start<E: Blocking>(handle: &E::Handle) -> Self {
        let (started, start) = gate();
        let (ended, end) = gate();
        let (release, held) = mpsc::channel();
        let handle = E::spawn_blocking(handle, move || {
            start.open();
            // An error says that the rule has failed meanwhile.
            let _ = held.recv();
            end.open();
            HELD
        });
        started.await;
        Self {
            handle,
            release,
            ended,
        }
    }
}

/// K5: cancelling a closure that waits may keep it from running; one that runs ends.
pub fn k05_must_a_cancelled_closure_runs_whole_or_never<E: Blocking + Abort>(case: &Case) {
    let (mut executor, limited) = pool::<E>(1);
    let handle = executor.get().handle();
    let stage = Stage::new(case);
    executor.get().block_on(stage.watch(async {
        stage.at("a closure that is to hold a thread");
        let mut holding = Holding::start::<E>(&handle).await;
        let mut queued = limited.then(|| Queued::start::<E>(&handle));
        abort(case, &mut holding.handle);
        if let Some(queued) = &mut queued {
            abort(case, &mut queued.handle);
        }
        // The closure waits for it, unless it was killed.
        let _ = holding.release.send(());
        stage.at("a closure was cancelled while it ran, and does not end");
        holding.ended.await;
        stage.at("a closure was cancelled while it ran, and its handle is mute");
        match holding.handle.await {
            Ok(HELD) | Err(JoinError::Cancelled) => {}
            other => panic!("a closure that was cancelled while it ran gave {other:?}"),
        }
        if let Some(queued) = queued {
            queued.check::<E>(&handle, &stage).await;
        }
    }));
}

/// A closure that waits for a thread.
struct Queued {
    handle: JoinHandle<u32>,
    ran: Arc<AtomicUsize>,
    drops: Drops,
}

impl Queued {
    fn start<E: Blocking>(handle: &E::Handle) -> Self {
        let ran = Arc::new(AtomicUsize::new(0));
        let drops = Drops::default();
        let handle = {
            let (ran, token) = (Arc::clone(&ran), drops.token());
            E::spawn_blocking(handle, move || {
                ran.fetch_add(1, SeqCst);
                drop(token);
                1
            })
        };
        Self { handle, ran, drops }
    }

    /// Its thread is free, and it was cancelled before.
    async fn check<E: Blocking>(self, handle: &E::Handle, stage: &Stage<'_>) {
        stage.at("a closure was cancelled while it waited, and its handle is mute");
        let outcome = self.handle.await;
        stage.at("a closure that waited was cancelled, and those after it do not run");
        let next = E::spawn_blocking(handle, || 2).await;
        assert_eq!(next.expect("it was not cancelled"), 2);
        let ran = self.ran.load(SeqCst);
        match outcome {
            Ok(1) => assert_eq!(ran, 1, "runs of a closure that has an outcome"),
            Err(JoinError::Cancelled) => assert_eq!(
                ran, 0,
                "runs of a closure whose handle says that it was cancelled"
            ),
            other => panic!("a closure that was cancelled while it waited gave {other:?}"),
        }
        assert_eq!(self.drops.count(), 1, "drops of what the closure holds");
    }
}

/// Cancels, or skips the rule if these handles cannot.
fn abort(case: &Case, handle: &mut JoinHandle<u32>) {
    let Err(payload) = catch_unwind(AssertUnwindSafe(|| handle.abort())) else {
        return;
    };
    match harness::message(payload.as_ref()) {
        Some(message) if message.starts_with("`abort` is declared") => {
            case.skip("the adapter's handles of closures cannot cancel")
        }
        _ => resume_unwind(payload),
    }
}

/// K6: the handle of a closure resolves although its executor is gone.
pub fn k06_must_after_shutdown_it_resolves<E: Blocking>(case: &Case) {
    let (mut executor, _) = pool::<E>(1);
    let handle = executor.get().handle();
    let stage = Stage::new(case);
    let ran = Arc::new(AtomicUsize::new(0));
    let (started, late) = mpsc::channel();
    let (holding, queued, task) = executor.get().block_on(stage.watch(async {
        stage.at("a closure that is to hold a thread");
        let holding = Holding::start::<E>(&handle).await;
        let ran = Arc::clone(&ran);
        let queued = E::spawn_blocking(&handle, move || ran.fetch_add(1, SeqCst));
        let late = StartsLate::<E> {
            handle: handle.clone(),
            started,
        };
        let task = E::spawn(&handle, async move {
            let _late = late;
            future::pending::<()>().await;
        });
        (holding, queued, task)
    }));
    stage.at("the executor is dropped while a closure runs and another one waits");
    let releasing = thread::spawn(move || {
        // Mostly the shutdown has begun by then; it must do in either order.
        thread::sleep(Duration::from_millis(1));
        // An error says that the closure has gone with its executor.
        let _ = holding.release.send(());
        holding.handle
    });
    drop(executor);
    let running = releasing.join().expect("no panic");
    stage.at("the executor is gone, and the handle of a closure that ran is mute");
    // It may have ended or been given up.
    let _ = stage.block_on(running);
    stage.at("the executor is gone, and the handle of a closure that waited is mute");
    let outcome = stage.block_on(queued);
    let ran = ran.load(SeqCst);
    assert_eq!(
        ran,
        usize::from(outcome.is_ok()),
        "runs of a closure with {outcome:?}"
    );
    drop(task);
    stage.at("a closure was started by a task that the shutdown dropped, and its handle is mute");
    if let Ok(Ok(late)) = late.try_recv() {
        let _ = stage.block_on(late);
    }
    stage.at("a closure was started when the executor was gone, and its handle is mute");
    if let Ok(handle) = start::<E>(&handle) {
        let _ = stage.block_on(handle);
    }
}

/// Starts a closure; the call may panic where the executor is gone.
fn start<E: Blocking>(handle: &E::Handle) -> thread::Result<JoinHandle<u32>> {
    catch_unwind(AssertUnwindSafe(|| E::spawn_blocking(handle, || 3)))
}

/// Starts a closure when it is dropped.
struct StartsLate<E: Blocking> {
    handle: E::Handle,
    started: mpsc::Sender<thread::Result<JoinHandle<u32>>>,
}

impl<E: Blocking> Drop for StartsLate<E> {
    fn drop(&mut self) {
        // Nobody is interested any more if the rule has failed.
        let _ = self.started.send(start::<E>(&self.handle));
    }
}

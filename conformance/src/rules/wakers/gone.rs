//! Wakers that outlive their executor: W7, W8.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Barrier};
use std::task::Waker;
use std::thread;

use super::kit::{Parked, grows, leaks_anyway, linger, own_waker, park, said, wake_a_clone};
use crate::Case;
use crate::adapter::{OnHandleDrop, Spawn};
use crate::devices::Drops;
use crate::harness::eventually;

/// W7: wakers may be used on any thread after the executor was dropped.
pub fn w07_must_wake_after_shutdown_is_harmless<E: Spawn>(case: &Case) {
    const TASKS: usize = 100;
    let failure = "a wake after the executor was dropped leaked";
    let outcome = drop_and_wake::<E>(case, TASKS, use_up);
    if !outcome.judge(case, failure) {
        return;
    }
    let cycle = |tasks, use_up: fn(Waker)| {
        let outcome = drop_and_wake::<E>(case, tasks, use_up);
        eventually(|| outcome.is_over());
    };
    if let Some(grown) = grows(TASKS, |tasks| cycle(tasks, use_up)) {
        let plain = |tasks| cycle(tasks, drop);
        assert!(leaks_anyway(case, TASKS, plain), "{failure}: {grown}");
    }
}

/// The drops of futures that were woken at a bad moment, and of those that were left alone.
#[derive(Default)]
struct Outcome {
    woken: Vec<Drops>,
    control: Vec<Drops>,
}

impl Outcome {
    /// Whether all futures have been dropped.
    fn is_over(&self) -> bool {
        let mut all = self.woken.iter().chain(&self.control);
        all.all(|drops| drops.count() == 1)
    }

    /// How many futures have not been dropped.
    fn left(&self) -> usize {
        let all = self.woken.iter().chain(&self.control);
        all.filter(|drops| drops.count() == 0).count()
    }

    /// Fails if futures were leaked; says no if those are leaked, too, which nobody woke.
    fn judge(&self, case: &Case, failure: &str) -> bool {
        eventually(|| self.is_over());
        let (seed, total) = (case.seed(), self.woken.len());
        let count = |wanted: fn(usize) -> bool| {
            let woken = self.woken.iter();
            woken.filter(|drops| wanted(drops.count())).count()
        };
        let twice = count(|drops| drops > 1);
        assert!(
            twice == 0,
            "{twice} of {total} futures were dropped twice (seed {seed})"
        );
        if self.control.iter().any(|drops| drops.count() == 0) {
            case.note("not judged: this executor leaks futures that nobody wakes; see D1");
            return false;
        }
        let leaked = count(|drops| drops == 0);
        assert!(
            leaked == 0,
            "{failure} {leaked} of {total} futures (seed {seed})"
        );
        true
    }
}

/// Parks tasks, drops the executor, and uses the wakers of most, here and on another thread.
fn drop_and_wake<E: Spawn>(case: &Case, tasks: usize, use_up: fn(Waker)) -> Outcome {
    let mut executor = E::new();
    let handle = executor.handle();
    let (root, parked, control) = case.watch("tasks that were spawned were never polled", || {
        executor.block_on(async {
            let root = own_waker().await;
            let parked = park::<E>(&handle, tasks).await;
            (root, parked, park::<E>(&handle, 2).await)
        })
    });
    let mut wakers: Vec<Waker> = parked.iter().map(Parked::take_waker).collect();
    wakers.push(root);
    case.event("dropping the executor, with tasks that wait");
    drop(executor);
    case.event("using wakers of an executor that was dropped");
    let elsewhere: Vec<Waker> = wakers.iter().skip(1).step_by(2).cloned().collect();
    let used = catch_unwind(AssertUnwindSafe(|| wakers.into_iter().for_each(use_up)));
    if let Err(payload) = used {
        panic!(
            "a waker panicked after its executor was dropped: {}",
            said(payload.as_ref())
        );
    }
    let used = thread::spawn(move || elsewhere.into_iter().for_each(use_up)).join();
    if let Err(payload) = used {
        panic!(
            "a waker panicked on another thread after its executor was dropped: {}",
            said(payload.as_ref())
        );
    }
    Outcome {
        woken: parked.into_iter().map(|parked| parked.drops).collect(),
        control: control.into_iter().map(|parked| parked.drops).collect(),
    }
}

/// Every operation of a waker; the last one consumes it.
fn use_up(waker: Waker) {
    let clone = waker.clone();
    let _ = waker.will_wake(&clone);
    waker.wake_by_ref();
    drop(clone);
    wake_a_clone(&waker);
    waker.wake();
}

/// W8: a wake that races the executor's drop leaves each future dropped exactly once.
pub fn w08_must_wake_races_shutdown_safely<E: Spawn>(case: &Case) {
    const ENOUGH: usize = 20;
    let mut outcome = Outcome::default();
    case.watch(
        "an executor could not be entered, or dropped while other threads woke its tasks",
        || {
            for trial in 0..case.repeat(200) {
                // What is left may still be dropped, by a thread of the executor's; else it is
                // enough to judge by.
                if outcome.left() > ENOUGH && !eventually(|| outcome.is_over()) {
                    break;
                }
                case.event(format_args!("trial {trial}"));
                let mut rng = case.rng(trial as u64);
                let raced = race_shutdown::<E>(case, &mut rng);
                outcome.woken.extend(raced.woken);
                outcome.control.extend(raced.control);
            }
        },
    );
    outcome.judge(case, "a wake while the executor was being dropped leaked");
}

/// Two threads wake tasks again and again while the executor is dropped.
fn race_shutdown<E: Spawn>(case: &Case, rng: &mut fastrand::Rng) -> Outcome {
    let mut executor = E::new();
    let handle = executor.handle();
    let (mut parked, control) = executor.block_on(async {
        let parked = park::<E>(&handle, rng.usize(1..8)).await;
        (parked, park::<E>(&handle, 1).await)
    });
    let wakers: Vec<Waker> = parked.iter().map(Parked::take_waker).collect();
    // Some of the tasks end when they are polled; the others go on waiting.
    for parked in &parked[rng.usize(0..=parked.len())..] {
        parked.gate.open();
    }
    let woken = parked.iter().map(|parked| parked.drops.clone()).collect();
    if E::ON_HANDLE_DROP == OnHandleDrop::Detaches {
        parked.truncate(rng.usize(0..=parked.len()));
    }
    let start = Arc::new(Barrier::new(3));
    let over = Arc::new(AtomicBool::new(false));
    let threads = [(); 2].map(|()| {
        let (start, over, wakers) = (Arc::clone(&start), Arc::clone(&over), wakers.clone());
        thread::spawn(move || {
            start.wait();
            while !over.load(SeqCst) {
                wakers.iter().for_each(Waker::wake_by_ref);
                wakers.iter().cloned().for_each(Waker::wake);
            }
        })
    });
    drop(wakers);
    start.wait();
    linger(rng);
    drop(executor);
    over.store(true, SeqCst);
    for thread in threads {
        if let Err(payload) = thread.join() {
            let (said, seed) = (said(payload.as_ref()), case.seed());
            panic!("`wake` panicked while the executor was being dropped: {said} (seed {seed})");
        }
    }
    Outcome {
        woken,
        control: control.into_iter().map(|parked| parked.drops).collect(),
    }
}

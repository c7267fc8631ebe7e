//! What other threads do to a local task: N1 to N3.

use std::sync::mpsc;
use std::task::Waker;
use std::thread;

use super::home::{Home, LocalParked, park_local};
use crate::adapter::{Abort, OnHandleDrop, SpawnLocal};
use crate::devices::turns;
use crate::rules::wakers::kit::{Bell, Storm, joined, linger, park_future};
use crate::{Case, JoinHandle};

/// N1: a local task is polled on the thread that spawned it, wherever it is woken.
pub fn n01_must_poll_on_the_owner_thread<E: SpawnLocal>(case: &Case) {
    let home = Home::here();
    let mut executor = E::new();
    let handle = executor.handle();
    let rounds = case.repeat(300);
    let storm = Storm::start(case, 3, rounds);
    case.watch(
        "a local task was woken by another thread, and was not polled again",
        || {
            executor.block_on(async {
                let tasks = storm.bells.iter().map(|bell| {
                    let hearing = Storm::hear(bell.clone(), rounds);
                    E::spawn_local(&handle, home.future(hearing))
                });
                for task in tasks.collect::<Vec<_>>() {
                    task.await.expect("the task ends");
                }
            });
        },
    );
    storm.end();
    drop(executor);
    home.judge("they were woken there, and ended");
}

/// In which state a local task is aborted, and what the aborting thread does besides.
#[derive(Clone, Copy, PartialEq)]
enum Aborted {
    Waiting,
    NeverPolled,
    Queued,
    Woken,
    ThenDropped,
}

/// N2: a local task that is aborted by another thread is dropped on its own thread.
pub fn n02_must_drop_on_the_owner_thread<E: SpawnLocal + Abort>(case: &Case) {
    let home = Home::here();
    let mut executor = E::new();
    let handle = executor.handle();
    let states = [
        Aborted::Waiting,
        Aborted::NeverPolled,
        Aborted::Queued,
        Aborted::Woken,
        Aborted::ThenDropped,
    ];
    case.watch(
        "a local task that was aborted by another thread did not end",
        || {
            executor.block_on(async {
                for _ in 0..case.repeat(20) {
                    for state in states {
                        abort_elsewhere::<E>(&handle, &home, state).await;
                    }
                }
            });
        },
    );
    home.judge("they were aborted there");
    drop(executor);
    home.judge("they were aborted there, and the executor was dropped");
    let left = home.left();
    assert!(
        left == 0,
        "{left} local futures that were aborted were never dropped"
    );
}

async fn abort_elsewhere<E: SpawnLocal>(handle: &E::Handle, home: &Home, state: Aborted) {
    let (task, gate) = if state == Aborted::NeverPolled {
        let (parking, gate) = park_future(&Bell::default());
        (E::spawn_local(handle, home.future(parking)), gate)
    } else {
        let parked = park_local::<E>(handle, home).await;
        (parked.handle, parked.gate)
    };
    let waker = gate.take_waker();
    if let (Aborted::Queued, Some(waker)) = (state, &waker) {
        waker.wake_by_ref();
    }
    let (back, handles) = mpsc::channel::<JoinHandle<()>>();
    let aborted = Bell::default();
    let rung = aborted.clone();
    let aborting = thread::spawn(move || {
        let mut task = task;
        task.abort();
        if let (Aborted::Woken, Some(waker)) = (state, waker) {
            waker.wake();
        }
        if state != Aborted::ThenDropped {
            back.send(task).expect("the root receives");
        }
        rung.ring();
    });
    aborted.heard(1).await;
    if let Ok(task) = handles.recv() {
        // The outcome is the matter of other rules.
        let _ = task.await;
    }
    joined(aborting);
}

/// N3: a waker or handle that another thread drops last does not drop the future there.
pub fn n03_must_foreign_references_drop_nothing<E: SpawnLocal>(case: &Case) {
    let home = Home::here();
    for trial in 0..case.repeat(30) {
        let mut rng = case.rng(trial as u64);
        let mut executor = E::new();
        let handle = executor.handle();
        let late = case.watch("another thread's wake of a local task was lost", || {
            executor.block_on(async {
                last_waker_elsewhere::<E>(&handle, &home, drop).await;
                home.judge("the last waker was dropped there while the task waited");
                last_waker_elsewhere::<E>(&handle, &home, Waker::wake).await;
                home.judge("the last waker was called there while the task waited");
                handle_elsewhere::<E>(&handle, &home).await;
                home.judge("the handle was dropped there");
                end_at_once::<E>(&handle, &home, &mut rng).await;
                home.judge("a waker was dropped there while the task ended");
                park_local::<E>(&handle, &home).await
            })
        });
        drop(executor);
        home.judge("the executor was dropped, by its own thread");
        let waker = late.gate.take_waker();
        joined(elsewhere((waker, late.handle)));
        home.judge("the last waker was dropped there after the executor");
    }
}

/// Drops a value on another thread.
fn elsewhere<T: Send + 'static>(value: T) -> thread::JoinHandle<()> {
    thread::spawn(move || drop(value))
}

/// A thread disposes of the waker of a task that nobody waits for, and that nobody else can wake.
async fn last_waker_elsewhere<E: SpawnLocal>(handle: &E::Handle, home: &Home, dispose: fn(Waker)) {
    let LocalParked { handle: task, gate } = park_local::<E>(handle, home).await;
    let waker = gate.take_waker().expect("the task waits");
    drop(gate);
    // Where this cancels, the executor has a reference of its own until it has seen to that.
    if E::ON_HANDLE_DROP == OnHandleDrop::Detaches {
        drop(task);
        joined(thread::spawn(move || dispose(waker)));
    } else {
        joined(thread::spawn(move || {
            drop(task);
            dispose(waker);
        }));
    }
    turns::<E>(handle, 2).await;
}

/// A thread drops the handle of a task that waits, and of one that has ended.
async fn handle_elsewhere<E: SpawnLocal>(handle: &E::Handle, home: &Home) {
    let parked = park_local::<E>(handle, home).await;
    let ended = Bell::default();
    let rung = ended.clone();
    let done = E::spawn_local(handle, home.future(async move { rung.ring() }));
    ended.heard(1).await;
    joined(elsewhere((parked.handle, done)));
    turns::<E>(handle, 2).await;
}

/// A thread wakes a task, which ends, and drops other wakers of it meanwhile.
async fn end_at_once<E: SpawnLocal>(handle: &E::Handle, home: &Home, rng: &mut fastrand::Rng) {
    let bell = Bell::default();
    let rung = bell.clone();
    let waits = Bell::default();
    let (parking, gate) = park_future(&waits);
    let task = E::spawn_local(
        handle,
        home.future(async move {
            parking.await;
            rung.ring();
        }),
    );
    waits.heard(1).await;
    let waker = gate.take_waker().expect("the task waits");
    let mut rng = rng.fork();
    let waking = thread::spawn(move || {
        let clones = vec![waker.clone(); 4];
        // Open, though nobody is registered: the task ends when it is polled.
        gate.open();
        waker.wake();
        linger(&mut rng);
        drop(clones);
    });
    bell.heard(1).await;
    let _ = task.await;
    joined(waking);
}

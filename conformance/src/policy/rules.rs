//! The rules of group Q, but for the one on random histories.

use std::future::pending;
use std::panic::panic_any;
use std::thread;
use std::time::Duration;

use executor_core::task::yield_now;
use executor_core::{JoinHandle, spawn, spawn_with, time};

use super::MakePolicy;
use super::rig::{Rig, join_all, options, recorded, yield_root};
use crate::Case;
use crate::devices::{Drops, Opener, gate};

/// Q1: a policy gives back each task that it was given, and counts them rightly.
pub fn q01_must_each_task_comes_back_once<M: MakePolicy>(case: &Case) {
    // One policy for all sizes, so that it also goes back from many to few.
    let rig = Rig::<M>::new();
    for size in sizes() {
        case.event(format_args!("{size} tasks that are spawned at once"));
        rig.block_on(async {
            let tasks = (0..size).map(|number| {
                spawn_with(options(number), async move {
                    for _ in 0..number % 3 {
                        yield_now().await;
                    }
                })
            });
            join_all(tasks.collect()).await;
        });
        case.event(format_args!("{size} tasks that are woken at once"));
        rig.block_on(async {
            let (openers, tasks) = waiting(size).await;
            openers.iter().for_each(|opener| _ = opener.open());
            join_all(tasks).await;
        });
        case.event(format_args!("{size} tasks, one after the other"));
        rig.block_on(async {
            for number in 0..size.min(50) {
                join_all(vec![spawn_with(options(number), async {})]).await;
            }
        });
    }
    rig.close();
}

/// All numbers up to a few, then those round the powers of two, at which queues grow and wrap.
fn sizes() -> impl Iterator<Item = usize> {
    let powers = (2..=12).map(|power| 1 << power);
    (0..4).chain(powers.flat_map(|power: usize| power - 1..=power + 1))
}

/// Q3: a policy lets go of the tasks that it is given while its runtime shuts down.
pub fn q03_must_tasks_pushed_while_closing_are_let_go<M: MakePolicy>(case: &Case) {
    const TASKS: usize = 300;
    // Not by `Case::trials`: a runtime whose tasks are lost takes a second to give up.
    for trial in 0..case.repeat(20) {
        case.event(format_args!("trial {trial}"));
        let rig = Rig::<M>::new();
        let (drops, mut openers) = (Drops::default(), Vec::new());
        let tasks: Vec<_> = rig.block_on(async {
            let tasks = (0..TASKS).map(|number| {
                let (gate, opener) = gate();
                openers.push(opener);
                spawn_with(options(number), recorded(gate, &drops))
            });
            let tasks = tasks.collect();
            until_awaited(&openers).await;
            tasks
        });
        case.rng(trial as u64).shuffle(&mut openers);
        openers.truncate(TASKS / 3);
        let waker = thread::spawn(move || openers.iter().for_each(|opener| _ = opener.open()));
        let closed = rig.close_with(&tasks, &drops);
        waker.join().expect("waking does not panic");
        expect(closed);
    }
}

/// Q4: a policy that had nothing to run gives the next task that it is given.
pub fn q04_must_a_push_before_the_park_is_kept<M: MakePolicy>(case: &Case) {
    let rig = Rig::<M>::new();
    let handle = rig.runtime().handle();
    for trial in 0..case.repeat(300) {
        case.event(format_args!("trial {trial}"));
        let rests = rig.log().rest_count();
        let (log, handle) = (rig.log().clone(), handle.clone());
        rig.block_on(async {
            let (gate, opener) = gate();
            let waiting = spawn_with(options(trial), gate);
            let waker = thread::spawn(move || {
                while log.rest_count() == rests {
                    thread::yield_now();
                }
                opener.open();
                (trial % 2 == 0).then(|| handle.spawn(async {}))
            });
            join_all(vec![waiting]).await;
            let spawned = waker.join().expect("waking does not panic");
            join_all(spawned.into_iter().collect()).await;
            if trial % 10 == 0 {
                let slept = spawn(async { time::sleep(Duration::from_micros(200)).await });
                join_all(vec![slept]).await;
            }
        });
    }
    rig.close();
}

/// Q6: a policy serves spawns, wakes, yields and wakes from other threads alike.
pub fn q06_must_all_ways_in_lead_to_one_count<M: MakePolicy>(case: &Case) {
    const COUNTS: [usize; 3] = [0, 1, 20];
    let rig = Rig::<M>::new();
    for round in 0..COUNTS.len().pow(4) {
        let [spawned, woken, yielding, remote] =
            [1, 3, 9, 27].map(|place| COUNTS[round / place % COUNTS.len()]);
        case.event(format_args!(
            "{spawned} spawned, {woken} woken, {yielding} yielding, {remote} woken elsewhere"
        ));
        rig.block_on(async {
            let (here, mut tasks) = waiting(woken).await;
            let (elsewhere, more) = waiting(remote).await;
            tasks.extend(more);
            tasks.extend((0..yielding).map(|number| {
                spawn_with(options(number), async {
                    for _ in 0..5 {
                        yield_now().await;
                    }
                })
            }));
            // Once round the loop, so that those yield when the others become ready.
            yield_root().await;
            tasks.extend((0..spawned).map(|number| spawn_with(options(number), async {})));
            here.iter().for_each(|opener| _ = opener.open());
            let waker = move || elsewhere.iter().for_each(|opener| _ = opener.open());
            thread::spawn(waker).join().expect("waking does not panic");
            join_all(tasks).await;
        });
    }
    rig.close();
}

/// Q7: dropping a policy lets go of all tasks that it holds, and does not panic.
pub fn q07_must_drop_drains<M: MakePolicy>(case: &Case) {
    const TASKS: usize = 100;
    case.event("a runtime that was never used");
    Rig::<M>::new().close();

    case.event("tasks whose loop was never turned");
    let (rig, drops) = (Rig::<M>::new(), Drops::default());
    let spawned = (0..TASKS).map(|_| rig.runtime().spawn(recorded(pending::<()>(), &drops)));
    let tasks: Vec<_> = spawned.collect();
    expect(rig.close_with(&tasks, &drops));

    case.event("tasks that were spawned, woken, or yielded, just before");
    let (rig, drops) = (Rig::<M>::new(), Drops::default());
    let tasks = rig.block_on(async {
        let mut openers = Vec::new();
        let mut tasks = Vec::new();
        for number in 0..TASKS {
            let (gate, opener) = gate();
            openers.push(opener);
            tasks.push(spawn_with(options(number), recorded(gate, &drops)));
        }
        until_awaited(&openers).await;
        for number in 0..TASKS {
            tasks.push(spawn_with(options(number), recorded(restless(), &drops)));
        }
        yield_root().await;
        openers.iter().for_each(|opener| _ = opener.open());
        let last = (0..TASKS).map(|_| spawn(recorded(pending::<()>(), &drops)));
        tasks.extend(last);
        tasks
    });
    expect(rig.close_with(&tasks, &drops));
}

/// Tasks that wait, each at a gate of its own.
async fn waiting(count: usize) -> (Vec<Opener>, Vec<JoinHandle<()>>) {
    let waiting = (0..count).map(|number| {
        let (gate, opener) = gate();
        (opener, spawn_with(options(number), gate))
    });
    let (openers, tasks): (Vec<_>, Vec<_>) = waiting.unzip();
    until_awaited(&openers).await;
    (openers, tasks)
}

/// Waits until somebody waits at each gate.
async fn until_awaited(openers: &[Opener]) {
    while !openers.iter().all(Opener::is_awaited) {
        yield_root().await;
    }
}

/// Yields for ever.
async fn restless() {
    loop {
        yield_now().await;
    }
}

fn expect(result: Result<(), String>) {
    if let Err(reason) = result {
        panic_any(reason);
    }
}

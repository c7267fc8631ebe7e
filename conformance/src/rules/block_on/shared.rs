//! Calls at the same time: B5.

use std::thread;

use crate::Case;
use crate::adapter::SharedBlockOn;
use crate::rules::wakers::kit::{Bell, linger};

const CALLS: usize = 4;

/// B5: concurrent calls of `block_on` all make progress, whichever returns first.
pub fn b05_must_concurrent_calls_all_progress<E: SharedBlockOn>(case: &Case) {
    case.watch(
        "of several roots in concurrent calls of `block_on` one was woken and not polled again",
        || pass_a_turn_round(&E::new()),
    );
    case.watch(
        "a task or a root was not polled when another thread's call of `block_on` had returned",
        || {
            let executor = E::new();
            for trial in 0..case.repeat(30) {
                let mut rng = case.rng(trial as u64);
                return_in_random_order(&executor, &mut rng);
            }
        },
    );
}

/// The root of each call waits for that of the one before, again and again.
fn pass_a_turn_round<E: SharedBlockOn>(executor: &E) {
    const LAPS: usize = 200;
    let bells: Vec<Bell> = (0..CALLS).map(|_| Bell::default()).collect();
    bells[0].ring();
    thread::scope(|scope| {
        for call in 0..CALLS {
            let (own, next) = (bells[call].clone(), bells[(call + 1) % CALLS].clone());
            scope.spawn(move || {
                executor.block_on_shared(async {
                    for lap in 1..=LAPS {
                        own.heard(lap).await;
                        next.ring();
                    }
                });
            });
        }
    });
}

/// Each call waits for a task that it spawned; a thread lets the tasks go in random order.
fn return_in_random_order<E: SharedBlockOn>(executor: &E, rng: &mut fastrand::Rng) {
    let bells: Vec<Bell> = (0..CALLS).map(|_| Bell::default()).collect();
    thread::scope(|scope| {
        for bell in &bells {
            let bell = bell.clone();
            scope.spawn(move || {
                let handle = executor.handle();
                executor.block_on_shared(async {
                    let task = E::spawn(&handle, async move { bell.heard(1).await });
                    task.await.expect("the task ends");
                });
            });
        }
        bells.iter().for_each(|bell| bell.until_awaited(1));
        let mut order = bells.clone();
        rng.shuffle(&mut order);
        for bell in order {
            linger(rng);
            bell.ring();
        }
    });
}

//! The cooperative budget: what is always ready still gives way.

mod common;

use std::future::poll_fn;
use std::io::ErrorKind;
use std::task::Waker;
use std::time::Duration;

use common::{Gate, must_end, runtime, turns};
use executor_core::{coop, spawn, spawn_blocking, time};

/// An operation that is always ready, as reading a socket that always has data.
async fn operation() {
    poll_fn(coop::poll_proceed).await;
}

async fn without_end() {
    loop {
        operation().await;
    }
}

#[test]
fn a_busy_task_gives_way_to_its_peers_and_to_the_root() {
    must_end(|| {
        runtime().block_on(async {
            let busy = spawn(without_end());
            let gate = Gate::new();
            let opener = gate.clone();
            spawn(async move { opener.open() });
            gate.wait().await;
            turns(3).await;
            busy.abort();
        });
    });
}

#[test]
fn a_busy_root_gives_way_to_tasks() {
    must_end(|| {
        runtime().block_on(async {
            let task = spawn(async {});
            while !task.is_finished() {
                operation().await;
            }
        });
    });
}

#[test]
fn a_busy_task_does_not_starve_a_timer() {
    must_end(|| {
        runtime().block_on(async {
            let busy = spawn(without_end());
            spawn(time::sleep(Duration::from_millis(2)))
                .await
                .unwrap()
                .unwrap();
            busy.abort();
        });
    });
}

#[test]
fn a_timeout_ends_a_future_that_always_uses_up_its_budget() {
    must_end(|| {
        runtime().block_on(async {
            let limited = spawn(time::timeout(Duration::from_millis(2), without_end()));
            let error = limited.await.unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            let limited = time::timeout(Duration::from_millis(2), without_end());
            assert_eq!(limited.await.unwrap_err().kind(), ErrorKind::TimedOut);
        });
    });
}

#[test]
fn each_poll_has_a_budget_of_its_own() {
    runtime().block_on(async {
        let granted = |_| {
            spawn(poll_fn(|cx| {
                let operations = (0..1000).filter(|_| coop::poll_proceed(cx).is_ready());
                std::task::Poll::Ready(operations.count())
            }))
        };
        for task in (0..3).map(granted).collect::<Vec<_>>() {
            assert_eq!(task.await.unwrap(), 128);
        }
    });
}

#[test]
fn outside_of_a_loop_the_budget_is_unlimited() {
    let unlimited = || {
        let mut cx = std::task::Context::from_waker(Waker::noop());
        (0..10_000).all(|_| coop::poll_proceed(&mut cx).is_ready())
    };
    assert!(unlimited());
    runtime().block_on(async { assert!(spawn_blocking(unlimited).await.unwrap()) });
}

//! tokio 1.54.1: a task that has ended keeps the waker of who awaited it.
//!
//! Rules: tokio current_thread J20
//! Rules: tokio multi_thread J20
//! Rules: tokio LocalSet J20
//!
//! At completion the waker is called by reference (`wake_join` in `runtime/task/core.rs`) and stays
//! in the task until the `JoinHandle` is dropped, and with it whatever the waker holds.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

struct Joiner;

impl Wake for Joiner {
    fn wake(self: Arc<Self>) {}
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let joiner = Arc::new(Joiner);
    let kept = runtime.expect("a runtime").block_on(async {
        let mut task = pin!(tokio::spawn(async {}));
        let waker = Waker::from(Arc::clone(&joiner));
        let polled = task.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending(), "the task has not run yet");
        drop(waker);
        while !task.is_finished() {
            tokio::task::yield_now().await;
        }
        Arc::strong_count(&joiner) - 1
    });
    println!("expected: a task that has ended holds no clone of its joiner's waker");
    println!("happened: it holds {kept}");
    std::process::exit(i32::from(kept != 0));
}

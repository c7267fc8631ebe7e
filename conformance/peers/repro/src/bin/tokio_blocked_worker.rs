//! tokio 1.54.1: what a worker has spawned does not run while that worker blocks.
//!
//! Rules: tokio multi_thread S8
//!
//! The child waits in the blocked worker's `lifo_slot` (`runtime/scheduler/multi_thread/worker.rs`),
//! which the other worker, idle all the while, cannot steal from (tokio#4941). tokio's documentation
//! advises against blocking inside of a task.

use std::sync::mpsc;
use std::time::Duration;

fn main() {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).build().expect("a runtime");
    let (child, ran) = mpsc::channel();
    let parent = runtime.spawn(async move {
        tokio::spawn(async move { child.send(()) });
        ran.recv_timeout(Duration::from_secs(3)).is_ok()
    });
    let ran = runtime.block_on(parent).expect("no panic");
    println!("expected: the idle worker runs the child of the one that blocks");
    println!("happened: it ran: {ran}");
    std::process::exit(i32::from(!ran));
}

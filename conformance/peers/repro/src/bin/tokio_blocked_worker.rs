//! tokio 1.54: what a worker has spawned does not run while that worker blocks.
//!
//! Rules: Tokio<MultiThread> S8
//!
//! The child waits in the blocked worker's slot for the task that runs next, which the other
//! worker, idle all the while, does not look into.

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

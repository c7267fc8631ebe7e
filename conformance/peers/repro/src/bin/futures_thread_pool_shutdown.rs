//! futures-executor 0.3.34: dropping a `ThreadPool` drops no task that waits, nor ends its threads.
//!
//! Rules: futures-executor ThreadPool J15 J17 P11 P12 D1 D2 D4 D6 D7 D10 Z1
//!
//! Each task holds a clone of the pool, and one that waits is held by what its waker points to, which
//! it holds in turn (`Task` and `WakeHandle` in `thread_pool.rs`). So the pool ends only when every
//! task has, and a task that nobody will wake is never freed (futures-rs#1470).

use std::future::pending;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use futures_executor::ThreadPool;

fn main() {
    let (stopped, stops) = mpsc::channel();
    let mut builder = ThreadPool::builder();
    builder
        .pool_size(1)
        .before_stop(move |_| stopped.send(()).unwrap_or(()));
    let pool = builder.create().expect("a thread");
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    pool.spawn_ok(async move {
        let _held = held;
        pending::<()>().await;
    });
    drop(pool);
    let stopped = stops.recv_timeout(Duration::from_secs(3)).is_ok();
    let dropped = Arc::strong_count(&alive) == 1;
    println!("expected: dropping the pool drops its futures and ends its threads");
    println!("happened: the future was dropped: {dropped}; the thread ended: {stopped}");
    std::process::exit(i32::from(!dropped || !stopped));
}

//! futures-executor 0.3.34: a handle gives the output while the task's future still exists.
//!
//! Rules: futures-executor LocalPool L6
//! Rules: futures-executor ThreadPool L6
//!
//! `Remote::poll` in futures-util (`future/future/remote_handle.rs`) sends the output and returns;
//! the future is dropped when the executor drops the whole of it, later. So who joined a task cannot
//! rely on what its future held being free.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use futures_executor::{ThreadPool, block_on};
use futures_util::task::SpawnExt;

/// A future whose drop takes a moment.
struct Slow(Arc<AtomicBool>);

impl Future for Slow {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        thread::sleep(Duration::from_millis(200));
        self.0.store(true, SeqCst);
    }
}

fn main() {
    let dropped = Arc::new(AtomicBool::new(false));
    let pool = ThreadPool::builder()
        .pool_size(1)
        .create()
        .expect("a thread");
    let task = pool.spawn_with_handle(Slow(Arc::clone(&dropped)));
    block_on(task.expect("the pool is there"));
    let dropped = dropped.load(SeqCst);
    println!("expected: when a task was joined, its future has been dropped");
    println!("happened: it had been: {dropped}");
    std::process::exit(i32::from(!dropped));
}

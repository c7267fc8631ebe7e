//! futures-executor 0.3.34: a panic in a future's drop ends a thread of the `ThreadPool`.
//!
//! Rules: futures-executor ThreadPool P5
//!
//! `PoolState::work` in `thread_pool.rs` runs tasks without `catch_unwind`, and nobody replaces a
//! thread that has ended. The pool goes on taking tasks when it has none left.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_executor::ThreadPool;

struct PanicsInDrop;

impl Future for PanicsInDrop {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("a destructor's panic");
    }
}

fn main() {
    let pool = ThreadPool::builder()
        .pool_size(1)
        .create()
        .expect("a thread");
    pool.spawn_ok(PanicsInDrop);
    let (tell, ran) = mpsc::channel();
    pool.spawn_ok(async move { tell.send(()).expect("the other end is there") });
    let ran = ran.recv_timeout(Duration::from_secs(3)).is_ok();
    println!("expected: the pool runs tasks after the drop of a future has panicked");
    println!("happened: it ran the next one: {ran}");
    std::process::exit(i32::from(!ran));
}

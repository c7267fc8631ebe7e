//! futures-executor 0.3.34: a task that wakes itself keeps a thread of the `ThreadPool` for good.
//!
//! Rules: futures-executor ThreadPool S1 S7 S10
//!
//! A task that was woken while it was polled is polled again in place (`Task::run` in
//! `thread_pool.rs`) rather than queued behind the others. As many tasks that yield as there are
//! threads starve all others (futures-rs#617 says the same of the pool before this one).

use std::future::poll_fn;
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use futures_executor::ThreadPool;

fn main() {
    let pool = ThreadPool::builder()
        .pool_size(1)
        .create()
        .expect("a thread");
    pool.spawn_ok(poll_fn(|cx| {
        cx.waker().wake_by_ref();
        Poll::Pending
    }));
    let (tell, ran) = mpsc::channel();
    pool.spawn_ok(async move { tell.send(()).expect("the other end is there") });
    let ran = ran.recv_timeout(Duration::from_secs(3)).is_ok();
    println!("expected: a task runs beside one that yields whenever it is polled");
    println!("happened: it ran within three seconds: {ran}");
    std::process::exit(i32::from(!ran));
}

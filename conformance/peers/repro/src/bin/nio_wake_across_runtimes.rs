//! nio 0.1.4: a local task that another runtime wakes is polled on that one's thread.
//!
//! Rules: nio W16
//!
//! A local task remembers its worker's number, but not its runtime (`LocalScheduler::schedule` in
//! `rt/task/local.rs`), so a wake on a worker of the same number of another runtime puts it into that
//! one's queue. This is unsound: safe code gets a future that is not `Send` polled on another thread.
//! `block_on` itself runs its root as a local task.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use nio::{LocalRuntime, RuntimeBuilder};

fn runtime() -> LocalRuntime {
    let builder = RuntimeBuilder::new().worker_threads(1);
    builder.build().expect("a runtime")
}

fn main() {
    let (give, wakers) = mpsc::channel::<Waker>();
    let (tell, polls) = mpsc::channel();
    thread::spawn(move || {
        let here = thread::current().id();
        runtime().block_on(async move {
            let local = Rc::new(());
            nio::spawn_local(poll_fn(move |cx| {
                let _local = &local;
                let _ = tell.send(thread::current().id() == here);
                let _ = give.send(cx.waker().clone());
                Poll::<()>::Pending
            }));
            nio::sleep(Duration::from_secs(1)).await;
        });
    });
    let waker = wakers.recv().expect("the task is polled");
    let elsewhere = runtime().block_on(async {
        // The first wake may come while the task is still being polled.
        for _ in 0..20 {
            waker.wake_by_ref();
            nio::sleep(Duration::from_millis(10)).await;
            if polls.try_iter().any(|at_home| !at_home) {
                return true;
            }
        }
        false
    });
    println!("expected: a local task is polled on its own thread, whoever wakes it");
    println!("happened: it was polled on another thread: {elsewhere}");
    std::process::exit(i32::from(elsewhere));
}

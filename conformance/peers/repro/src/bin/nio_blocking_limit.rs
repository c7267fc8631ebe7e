//! nio 0.1.4: the pool for blocking closures has one thread more than its limit.
//!
//! Rules: nio K3
//!
//! A thread is added unless there are more than `max_blocking_threads` already
//! (`ThreadPool::execute` of nio-threadpool 0.1.0).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use nio::RuntimeBuilder;

fn main() {
    let builder = RuntimeBuilder::new().worker_threads(1);
    let builder = builder.max_blocking_threads(2);
    let mut runtime = builder.build().expect("a runtime");
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    runtime.block_on(async {
        let closures = (0..30).map(|_| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            nio::spawn_blocking(move || {
                most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                thread::sleep(Duration::from_millis(20));
                running.fetch_sub(1, SeqCst);
            })
        });
        for closure in closures.collect::<Vec<_>>() {
            closure.await.expect("no panic");
        }
    });
    let most = most.load(SeqCst);
    println!("expected: at most 2 closures run at once");
    println!("happened: {most} did");
    std::process::exit(i32::from(most > 2));
}

//! async-executor 1.14.1: a wake that races the executor's drop leaks the future.
//!
//! Rules: async-executor Executor W8
//! Rules: async-executor on 2 threads W8
//! Rules: async-executor LocalExecutor W8
//!
//! The waking thread has marked the task as scheduled, but not yet pushed it, when `Executor::drop`
//! wakes all tasks (which does nothing to that one) and empties the queue. What is pushed after that
//! stays: the queue is kept alive by the task, and the task by the queue.

use std::future::poll_fn;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use async_executor::Executor;

fn main() {
    let (wake, wakes) = mpsc::channel::<(Waker, Arc<AtomicBool>)>();
    thread::spawn(move || {
        for (waker, go) in wakes {
            while !go.load(SeqCst) {
                spin_loop();
            }
            waker.wake();
        }
    });
    let begun = Instant::now();
    let mut tries = 0;
    let mut leaked = false;
    while !leaked && begun.elapsed() < Duration::from_secs(60) {
        tries += 1;
        leaked = leaks(&wake, tries % 500);
    }
    println!("expected: dropping an executor drops its futures, whoever wakes them meanwhile");
    println!("happened: in {tries} tries, one was leaked: {leaked}");
    std::process::exit(i32::from(leaked));
}

/// Drops an executor, and has its one task woken, `delay` turns of a loop apart.
fn leaks(wake: &mpsc::Sender<(Waker, Arc<AtomicBool>)>, delay: usize) -> bool {
    let (alive, go) = (Arc::new(()), Arc::new(AtomicBool::new(false)));
    let held = Arc::clone(&alive);
    let (tell, waker) = mpsc::channel();
    let executor = Executor::new();
    let task = executor.spawn(poll_fn(move |cx| {
        let _held = &held;
        let _ = tell.send(cx.waker().clone());
        Poll::<()>::Pending
    }));
    task.detach();
    executor.try_tick();
    let _ = wake.send((waker.recv().expect("it was polled"), Arc::clone(&go)));
    go.store(true, SeqCst);
    (0..delay).for_each(|_| spin_loop());
    drop(executor);
    // The other thread lets go of the flag when its wake is over.
    while Arc::strong_count(&go) > 1 {
        thread::yield_now();
    }
    Arc::strong_count(&alive) > 1
}

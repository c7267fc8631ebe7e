//! monoio 0.2.4: each wake by another thread takes memory until the runtime looks.
//!
//! Rules: monoio X2
//!
//! Another thread's wake does not mark the task as woken; it sends a waker through an unbounded
//! channel each time (`Harness::wake_by_ref` in `task/harness.rs`), also when one is underway.

use std::future::poll_fn;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::time::Duration;
use std::{fs, thread};

use monoio::{LegacyDriver, RuntimeBuilder};

/// Megabytes of memory that this process has, as Linux tells.
fn megabytes() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").expect("Linux");
    let resident = pages.split(' ').nth(1).expect("the second number");
    resident.parse::<usize>().expect("a number") / 256
}

fn main() {
    let (give, wakers) = mpsc::channel::<Waker>();
    let builder = RuntimeBuilder::<LegacyDriver>::new().enable_timer();
    let mut runtime = builder.build().expect("a runtime");
    let grown = runtime.block_on(async {
        monoio::spawn(poll_fn(move |cx| {
            let _ = give.send(cx.waker().clone());
            Poll::<()>::Pending
        }));
        monoio::time::sleep(Duration::from_millis(10)).await;
        let waker = wakers.recv().expect("the task was polled");
        let before = megabytes();
        let wakes = thread::spawn(move || (0..1_000_000).for_each(|_| waker.wake_by_ref()));
        wakes.join().expect("no panic");
        megabytes().saturating_sub(before)
    });
    println!("expected: a million wakes of one task, before it is polled, take no memory");
    println!("happened: they took {grown} MB");
    std::process::exit(i32::from(grown > 4));
}

//! compio 0.19.2: a full pool for blocking closures stops the whole runtime.
//!
//! Rules: compio K3 K6
//!
//! When all of the pool's threads are busy, the runtime's thread offers the closure again and again
//! (`Driver::push_blocking` in `sys/driver/poll/mod.rs` of compio-driver 0.12.5), and does nothing
//! else. If a closure waits for something that a task is to do, both wait for ever.

use std::sync::mpsc;
use std::time::Duration;
use std::{process, thread};

use compio::driver::ProactorBuilder;
use compio::runtime::RuntimeBuilder;

fn main() {
    println!("expected: a task runs on while two closures wait for one thread");
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(3));
        println!("happened: it did not within 3 s");
        process::exit(1);
    });
    let mut driver = ProactorBuilder::new();
    driver.thread_pool_limit(1);
    let runtime = RuntimeBuilder::new().with_proactor(driver).build();
    runtime.expect("a runtime").block_on(async {
        let (release, wait) = mpsc::channel();
        let first = compio::runtime::spawn_blocking(move || wait.recv());
        let second = compio::runtime::spawn_blocking(|| ());
        compio::time::sleep(Duration::from_millis(10)).await;
        release.send(()).expect("the first closure waits");
        let _ = (first.await, second.await);
    });
    println!("happened: it did");
}

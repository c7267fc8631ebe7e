//! nio 0.1.4: a sleep ends before its time.
//!
//! Rules: nio T3 T8
//!
//! `sleep` counts from the instant at which the event loop last looked at the clock
//! (`timer/sleep.rs`), which is as long ago as the tasks have taken since. After some computing, a
//! shorter sleep is over at once.

use std::thread;
use std::time::{Duration, Instant};

use nio::RuntimeBuilder;

fn main() {
    let builder = RuntimeBuilder::new().worker_threads(1);
    let mut runtime = builder.build().expect("a runtime");
    let slept = runtime.block_on(async {
        // As a task that computes would.
        thread::sleep(Duration::from_millis(100));
        let begun = Instant::now();
        nio::sleep(Duration::from_millis(50)).await;
        begun.elapsed()
    });
    println!("expected: a sleep of 50 ms takes 50 ms at least");
    println!("happened: it took {slept:?}");
    std::process::exit(i32::from(slept < Duration::from_millis(50)));
}

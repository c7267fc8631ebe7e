//! nio 0.1.4: a very long sleep panics.
//!
//! Rules: nio T2
//!
//! `sleep` adds the duration to an instant, unchecked (`timer/sleep.rs`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use nio::RuntimeBuilder;

fn main() {
    let builder = RuntimeBuilder::new().worker_threads(1);
    let mut runtime = builder.build().expect("a runtime");
    let made = runtime.block_on(async {
        catch_unwind(AssertUnwindSafe(|| drop(nio::sleep(Duration::MAX)))).is_ok()
    });
    println!("expected: `sleep(Duration::MAX)` is a sleep without an end");
    println!("happened: it panicked: {}", !made);
    std::process::exit(i32::from(!made));
}

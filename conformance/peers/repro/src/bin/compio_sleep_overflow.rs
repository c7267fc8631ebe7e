//! compio 0.19.2: a very long sleep panics.
//!
//! Rules: compio T2
//!
//! `sleep` adds the duration to the present instant, unchecked (`time/mod.rs` of compio-runtime
//! 0.12.6, as its documentation says).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use compio::runtime::Runtime;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let entered = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let sleep = pin!(compio::time::sleep(Duration::MAX));
            let _ = sleep.poll(&mut Context::from_waker(Waker::noop()));
        });
    }));
    println!("expected: `sleep(Duration::MAX)` is a sleep without an end");
    println!("happened: it panicked: {}", entered.is_err());
    std::process::exit(i32::from(entered.is_err()));
}

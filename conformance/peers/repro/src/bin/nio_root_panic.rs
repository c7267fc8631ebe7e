//! nio 0.1.4: the root's panic comes out of `block_on` as another one.
//!
//! Rules: nio P8 P10 P12
//!
//! `block_on` runs the root as a task and unwraps its outcome (`EventLoop::run_until` in
//! `rt/event_loop.rs`), so the payload is a message about a `JoinError`.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};

use nio::RuntimeBuilder;

fn main() {
    let builder = RuntimeBuilder::new().worker_threads(1);
    let mut runtime = builder.build().expect("a runtime");
    let entered = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async { panic_any(7) });
    }));
    let payload = entered.expect_err("the root panics");
    let same = payload.downcast_ref() == Some(&7);
    println!("expected: `block_on` panics with what its future panicked with");
    println!("happened: it was the same payload: {same}");
    std::process::exit(i32::from(!same));
}

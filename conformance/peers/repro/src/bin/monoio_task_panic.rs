//! monoio 0.2.4: a task's panic unwinds out of `block_on`.
//!
//! Rules: monoio J1 P1 P2 P3 P4
//!
//! Tasks are polled without catching panics (`task/harness.rs`), so one task's panic ends
//! `block_on`. Its future stays until its handle is dropped, and that never resolves. monoio runs one
//! runtime per thread, and such a panic ends the thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use monoio::{LegacyDriver, RuntimeBuilder};

fn main() {
    let builder = RuntimeBuilder::<LegacyDriver>::new().enable_timer();
    let mut runtime = builder.build().expect("a runtime");
    let entered = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            monoio::spawn(async { panic!("a task's panic") });
            monoio::time::sleep(Duration::from_millis(10)).await;
        });
    }));
    println!("expected: a task's panic is its own, and the others go on");
    println!("happened: `block_on` panicked: {}", entered.is_err());
    std::process::exit(i32::from(entered.is_err()));
}

//! glommio 0.9.0: a very long sleep panics.
//!
//! Rules: glommio T2
//!
//! `Timer::new` adds the duration to the present instant, unchecked (`timer/timer_impl.rs`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use glommio::LocalExecutor;
use glommio::timer::Timer;

fn main() {
    let executor = LocalExecutor::default();
    let entered = catch_unwind(AssertUnwindSafe(|| {
        executor.run(async { drop(Timer::new(Duration::MAX)) });
    }));
    println!("expected: `Timer::new(Duration::MAX)` is a timer that never ends");
    println!("happened: it panicked: {}", entered.is_err());
    std::process::exit(i32::from(entered.is_err()));
}

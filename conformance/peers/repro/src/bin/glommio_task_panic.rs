//! glommio 0.9.0: a task's panic unwinds out of `run`, and its handle never resolves.
//!
//! Rules: glommio J1 P1 P2
//!
//! Tasks are polled without catching panics, so one task's panic ends the executor's `run`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use glommio::LocalExecutor;
use glommio::timer::Timer;

fn main() {
    let executor = LocalExecutor::default();
    let entered = catch_unwind(AssertUnwindSafe(|| {
        executor.run(async {
            glommio::spawn_local(async { panic!("a task's panic") }).detach();
            Timer::new(Duration::from_millis(10)).await;
        });
    }));
    println!("expected: a task's panic is its own, and the others go on");
    println!("happened: `run` panicked: {}", entered.is_err());
    std::process::exit(i32::from(entered.is_err()));
}

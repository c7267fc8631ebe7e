//! glommio 0.9.0: dropping a waiting task's handle outside of `run` panics.
//!
//! Rules: glommio P10
//!
//! If the handle is the task's last reference, dropping it schedules the task once more, which asks
//! for the current executor, and there is none. While the thread unwinds, that aborts the process.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};

use glommio::LocalExecutor;

fn main() {
    let executor = LocalExecutor::default();
    let mut task = None;
    executor.run(async { task = Some(glommio::spawn_local(pending::<()>()).detach()) });
    let panicked = catch_unwind(AssertUnwindSafe(|| drop(task))).is_err();
    println!("expected: a handle can be dropped when `run` has returned");
    println!("happened: that panicked: {panicked}");
    std::process::exit(i32::from(panicked));
}

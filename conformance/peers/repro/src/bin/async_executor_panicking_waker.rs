//! async-executor 1.14.1: a panic in the waker of who awaits a task aborts the process.
//!
//! Rules: async-executor Executor P7
//! Rules: async-executor on 2 threads P7
//! Rules: async-executor LocalExecutor P7
//!
//! async-task 4.7.1 calls that waker under `abort_on_panic` (`Header::notify` in `header.rs`), by
//! design.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use async_executor::Executor;

struct PanicsInWake;

impl Wake for PanicsInWake {
    fn wake(self: Arc<Self>) {
        panic!("a waker's panic");
    }
}

fn main() {
    if std::env::args().len() > 1 {
        let executor = Executor::new();
        let task = pin!(executor.spawn(async {}));
        let waker = Waker::from(Arc::new(PanicsInWake));
        assert!(task.poll(&mut Context::from_waker(&waker)).is_pending());
        let _ = catch_unwind(AssertUnwindSafe(|| executor.try_tick()));
        return;
    }
    let this = std::env::current_exe().expect("a path");
    let child = Command::new(this).arg("child").status().expect("a child");
    println!("expected: a panic in a joiner's waker ends neither the executor nor the process");
    println!("happened: the process ended with {child}");
    std::process::exit(i32::from(!child.success()));
}

//! async-executor 1.14.1: a panic in a future's drop aborts the process.
//!
//! Rules: async-executor Executor P5 P11
//! Rules: async-executor on 2 threads P5 P11
//! Rules: async-executor LocalExecutor P5 P11
//!
//! async-task 4.7.1 drops futures under `abort_on_panic` (`RawTask::drop_future` in `raw.rs`), by
//! design. So the panic can neither be caught by who drops the executor, nor do other futures get
//! dropped.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::Command;
use std::task::{Context, Poll};

use async_executor::Executor;

struct PanicsInDrop;

impl Future for PanicsInDrop {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("a destructor's panic");
    }
}

fn main() {
    if std::env::args().len() > 1 {
        let executor = Executor::new();
        executor.spawn(PanicsInDrop).detach();
        executor.try_tick();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(executor)));
        return;
    }
    let this = std::env::current_exe().expect("a path");
    let child = Command::new(this).arg("child").status().expect("a child");
    println!(
        "expected: a panic in the drop of a future can be caught where the executor is dropped"
    );
    println!("happened: the process ended with {child}");
    std::process::exit(i32::from(!child.success()));
}

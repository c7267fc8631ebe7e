//! bevy_tasks 0.20.1: a panic in a future's drop aborts the process.
//!
//! Rules: bevy_tasks TaskPool P5 P11
//!
//! Its tasks are async-task's (4.7.1), which drops futures under `abort_on_panic`
//! (`RawTask::drop_future` in `raw.rs`), by design.

use std::future::Future;
use std::pin::Pin;
use std::process::Command;
use std::task::{Context, Poll};

use bevy_tasks::{TaskPoolBuilder, block_on};

struct PanicsInDrop;

impl Future for PanicsInDrop {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("a destructor's panic");
    }
}

fn main() {
    if std::env::args().len() > 1 {
        let pool = TaskPoolBuilder::new().num_threads(1).build();
        block_on(pool.spawn(PanicsInDrop).fallible());
        return;
    }
    let this = std::env::current_exe().expect("a path");
    let child = Command::new(this).arg("child").status().expect("a child");
    println!("expected: a panic in the drop of a task's future is that task's");
    println!("happened: the process ended with {child}");
    std::process::exit(i32::from(!child.success()));
}

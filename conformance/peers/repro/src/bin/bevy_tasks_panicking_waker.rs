//! bevy_tasks 0.20.1: a panic in the waker of who awaits a task aborts the process.
//!
//! Rules: bevy_tasks TaskPool P7
//!
//! Its tasks are async-task's (4.7.1), which calls that waker under `abort_on_panic`
//! (`Header::notify` in `header.rs`), by design.

use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use bevy_tasks::{TaskPoolBuilder, block_on};

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker's panic");
    }
}

fn main() {
    if std::env::args().len() > 1 {
        let pool = TaskPoolBuilder::new().num_threads(1).build();
        let (gate, opened) = std::sync::mpsc::channel();
        let mut task = pin!(pool.spawn(async move { opened.recv() }));
        let waker = Waker::from(Arc::new(Panics));
        let _ = task.as_mut().poll(&mut Context::from_waker(&waker));
        gate.send(()).expect("the task waits");
        // One thread does one after the other.
        block_on(pool.spawn(async {}));
        return;
    }
    let this = std::env::current_exe().expect("a path");
    let child = Command::new(this).arg("child").status().expect("a child");
    println!("expected: a panic in the waker of who awaits a task does not end the process");
    println!("happened: it ended with {child}");
    std::process::exit(i32::from(!child.success()));
}

//! glommio 0.9.0: 32767 clones of a waker are too many.
//!
//! Rules: glommio W13 X2
//!
//! A task counts its wakers, and the wakes of other threads that wait to be seen to, in an `i16`
//! (`Header` in `task/header.rs`). An assertion fails when that is full (`task/raw.rs`), and again when
//! the wakers are dropped.

use std::future::poll_fn;
use std::process::Command;
use std::task::{Poll, Waker};

use glommio::LocalExecutor;

fn main() {
    if std::env::args().len() > 1 {
        LocalExecutor::default().run(async {
            let task = glommio::spawn_local(poll_fn(|cx| {
                let wakers: Vec<Waker> = (0..40_000).map(|_| cx.waker().clone()).collect();
                drop(wakers);
                Poll::Ready(())
            }));
            task.await;
        });
        return;
    }
    let this = std::env::current_exe().expect("a path");
    let child = Command::new(this).arg("child").status().expect("a child");
    println!("expected: a waker can be cloned 40000 times");
    println!("happened: the process ended with {child}");
    std::process::exit(i32::from(!child.success()));
}

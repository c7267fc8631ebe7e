//! glommio 0.9.0: a panic in the waker of who awaits a task aborts the process.
//!
//! Rules: glommio P7
//!
//! The waker is called when the future has been dropped already (`RawTask::run` in `task/raw.rs`); the
//! guard against panicking futures drops it again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use glommio::LocalExecutor;
use glommio::timer::Timer;

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker's panic");
    }
}

fn main() {
    if std::env::args().len() > 1 {
        let executor = LocalExecutor::default();
        let _ = catch_unwind(AssertUnwindSafe(|| {
            executor.run(async {
                let gate = Timer::new(Duration::from_millis(1));
                let mut task = pin!(glommio::spawn_local(gate).detach());
                let waker = Waker::from(Arc::new(Panics));
                let _ = task.as_mut().poll(&mut Context::from_waker(&waker));
                Timer::new(Duration::from_millis(10)).await;
            });
        }));
        return;
    }
    let this = std::env::current_exe().expect("a path");
    let child = Command::new(this).arg("child").status().expect("a child");
    println!("expected: a panic in the waker of who awaits a task does not end the process");
    println!("happened: it ended with {child}");
    std::process::exit(i32::from(!child.success()));
}

//! glommio 0.9.0: a panic in the drop of a future aborts the process.
//!
//! Rules: glommio P5
//!
//! Futures are dropped under a guard that aborts (`abort_on_panic` in `task/utils.rs`).

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::Command;
use std::task::{Context, Poll};
use std::time::Duration;

use glommio::LocalExecutor;
use glommio::timer::Timer;

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
        let executor = LocalExecutor::default();
        let _ = catch_unwind(AssertUnwindSafe(|| {
            executor.run(async {
                glommio::spawn_local(PanicsInDrop).detach();
                Timer::new(Duration::from_millis(10)).await;
            });
        }));
        return;
    }
    let this = std::env::current_exe().expect("a path");
    let child = Command::new(this).arg("child").status().expect("a child");
    println!("expected: the panic of a future's drop can be caught");
    println!("happened: the process ended with {child}");
    std::process::exit(i32::from(!child.success()));
}

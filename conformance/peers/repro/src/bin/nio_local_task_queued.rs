//! nio 0.1.4: dropping a runtime whose queue holds a local task aborts the process.
//!
//! Rules: nio N4 N6 N8
//!
//! `EventLoop::drop` (`rt/event_loop.rs`) takes down the thread's context before the queue is
//! dropped, so the local task in it takes its own thread for another one (`LocalFuture::drop` in
//! `rt/task/local.rs`), and aborts in a debug build or panics in a release build.

use std::process::Command;

use nio::RuntimeBuilder;

fn main() {
    if std::env::args().len() > 1 {
        let builder = RuntimeBuilder::new().worker_threads(1);
        let mut runtime = builder.build().expect("a runtime");
        runtime.block_on(async {
            nio::spawn_local(async {});
        });
        return;
    }
    let this = std::env::current_exe().expect("a path");
    let child = Command::new(this).arg("child").status().expect("a child");
    println!("expected: a runtime can be dropped when a local task is yet to be polled");
    println!("happened: the process ended with {child}");
    std::process::exit(i32::from(!child.success()));
}

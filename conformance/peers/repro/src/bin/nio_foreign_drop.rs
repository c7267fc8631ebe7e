//! nio 0.1.4: a local task's last waker ends the process when another thread drops it.
//!
//! Rules: nio N3
//!
//! A task that waits belongs to its wakers, so who drops the last one drops the future. For a local
//! task nio notices that (`LocalFuture::drop` in `rt/task/local.rs`), and aborts in a debug build or
//! panics in a release build. Wakers are `Send`, so this is no fault of who has one.

use std::future::poll_fn;
use std::process::Command;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use nio::RuntimeBuilder;

fn main() {
    if std::env::args().len() > 1 {
        let (give, wakers) = mpsc::channel::<Waker>();
        let builder = RuntimeBuilder::new().worker_threads(1);
        let mut runtime = builder.build().expect("a runtime");
        runtime.block_on(async {
            nio::spawn_local(poll_fn(move |cx| {
                let _ = give.send(cx.waker().clone());
                Poll::<()>::Pending
            }));
            nio::sleep(Duration::from_millis(10)).await;
            let waker = wakers.recv().expect("the task was polled");
            let dropped = thread::spawn(move || drop(waker)).join();
            std::process::exit(i32::from(dropped.is_err()));
        });
    }
    let this = std::env::current_exe().expect("a path");
    let child = Command::new(this).arg("child").status().expect("a child");
    println!("expected: another thread can drop a waker");
    println!("happened: the process ended with {child}");
    std::process::exit(i32::from(!child.success()));
}

//! tokio 1.54.1: timers do not fire while the worker that waited for them blocks.
//!
//! Rules: tokio multi_thread S9
//!
//! One worker at a time waits in the driver. When a timer makes that worker run a task which
//! blocks, no other worker is told to wait in the driver instead. The documentation of the unstable
//! `enable_eager_driver_handoff` describes this, and is the way round it (tokio#8010).

use std::sync::mpsc;
use std::time::Duration;

use tokio::time::sleep;

fn main() {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_time().build();
    let runtime = runtime.expect("a runtime");
    let all_fired = (0..100).all(|_| {
        runtime.block_on(async {
            let (fired, wait) = mpsc::channel();
            tokio::spawn(async move {
                sleep(Duration::from_millis(10)).await;
                fired.send(())
            });
            let blocking = tokio::spawn(async move {
                sleep(Duration::from_millis(5)).await;
                wait.recv_timeout(Duration::from_secs(3)).is_ok()
            });
            blocking.await.expect("no panic")
        })
    });
    println!("expected: while one worker blocks, the other one sees to the timer of 10 ms");
    println!("happened: it fired within three seconds: {all_fired}");
    std::process::exit(i32::from(!all_fired));
}

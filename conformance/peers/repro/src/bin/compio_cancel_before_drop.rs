//! compio 0.19.2: `cancel` is over before the future has been dropped.
//!
//! Rules: compio J6 J8 J13
//!
//! The documentation of `JoinHandle::cancel` says that it waits for the result, if any. Awaiting it
//! gives `None` as soon as the task is marked (`Local::poll` in `task/local.rs` of compio-executor
//! 0.1.4), while the executor drops the future later. What the future has borrowed or locked is not
//! free yet when `cancel` is over.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use compio::runtime::Runtime;

fn main() {
    let held = Arc::new(());
    let runtime = Runtime::new().expect("a runtime");
    let alive = runtime.block_on(async {
        let inside = Arc::clone(&held);
        let task = compio::runtime::spawn(async move {
            let _inside = inside;
            pending::<()>().await;
        });
        compio::time::sleep(Duration::from_millis(10)).await;
        task.cancel().await;
        Arc::strong_count(&held) > 1
    });
    println!("expected: when `cancel` has been awaited, the future has been dropped");
    println!("happened: it is still there: {alive}");
    std::process::exit(i32::from(alive));
}

//! glommio 0.9.0: dropping the executor leaks the futures of tasks that wait.
//!
//! Rules: glommio D1 D2 D4 D6 J15 J17 N8 P11 Z1
//!
//! A task that waits belongs to its wakers alone; the executor does not know it. So while a waker is
//! somewhere, even in the future itself, what the future owns is not given back, and who awaits the
//! task is not told.

use std::future::poll_fn;
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;

use glommio::LocalExecutor;
use glommio::timer::Timer;

fn main() {
    let held = Arc::new(());
    let executor = LocalExecutor::default();
    let inside = Arc::clone(&held);
    let (give, wakers) = mpsc::channel();
    executor.run(async {
        let task = glommio::spawn_local(poll_fn(move |cx| {
            let _inside = &inside;
            let _ = give.send(cx.waker().clone());
            Poll::<()>::Pending
        }));
        task.detach();
        Timer::new(Duration::from_millis(10)).await;
    });
    let _waker = wakers.recv().expect("the task was polled");
    drop(executor);
    let leaked = Arc::strong_count(&held) > 1;
    println!("expected: dropping the executor drops the futures of its tasks");
    println!("happened: one was leaked: {leaked}");
    std::process::exit(i32::from(leaked));
}

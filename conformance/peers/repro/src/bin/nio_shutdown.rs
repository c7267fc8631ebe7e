//! nio 0.1.4: dropping the runtime leaks the futures of tasks that wait.
//!
//! Rules: nio D1 D2 D4 D6 J15 P11 Z1 Z4
//!
//! A task that waits belongs to its wakers alone; the runtime does not know it. So while a waker is
//! somewhere, even in the future itself, what the future owns is not given back.

use std::future::poll_fn;
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;

use nio::RuntimeBuilder;

fn main() {
    let held = Arc::new(());
    let inside = Arc::clone(&held);
    let (give, wakers) = mpsc::channel();
    let builder = RuntimeBuilder::new().worker_threads(1);
    let mut runtime = builder.build().expect("a runtime");
    runtime.block_on(async {
        nio::spawn(poll_fn(move |cx| {
            let _inside = &inside;
            let _ = give.send(cx.waker().clone());
            Poll::<()>::Pending
        }));
        nio::sleep(Duration::from_millis(10)).await;
    });
    let _waker = wakers.recv().expect("the task was polled");
    drop(runtime);
    let leaked = Arc::strong_count(&held) > 1;
    println!("expected: dropping the runtime drops the futures of its tasks");
    println!("happened: one was leaked: {leaked}");
    std::process::exit(i32::from(leaked));
}

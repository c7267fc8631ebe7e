//! nio 0.1.4: a cancel after the runtime's end is lost.
//!
//! Rules: nio J13 J17
//!
//! `abort` marks the task and schedules it on a queue that nobody looks into any more
//! (`RawTask::abort_task` in nio-task 0.2.0). The future is not dropped, and who awaits the handle,
//! with or without `abort`, waits for ever.

use std::future::poll_fn;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use nio::RuntimeBuilder;

fn main() {
    let (give, wakers) = mpsc::channel();
    let builder = RuntimeBuilder::new().worker_threads(1);
    let mut runtime = builder.build().expect("a runtime");
    let mut spawned = None;
    runtime.block_on(async {
        spawned = Some(nio::spawn(poll_fn(move |cx| {
            let _ = give.send(cx.waker().clone());
            Poll::<()>::Pending
        })));
        nio::sleep(Duration::from_millis(10)).await;
    });
    let mut task = Box::pin(spawned.expect("it was spawned"));
    let _waker = wakers.recv().expect("the task was polled");
    drop(runtime);
    task.abort();
    let polled = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    println!("expected: a task that was cancelled when its runtime had gone is over");
    println!("happened: it is: {}", polled.is_ready());
    std::process::exit(i32::from(polled.is_pending()));
}

//! monoio 0.2.4: dropping the runtime leaks the futures of tasks that wait.
//!
//! Rules: monoio D1 D2 D4 D6 D8 J15 J17 N8 P11 P12 Z1
//!
//! A task that waits belongs to its wakers alone; the runtime drops what is in its queue only
//! (`TaskQueue` in `scheduler.rs`). So while a waker is somewhere, even in the future itself, what
//! the future owns is not given back, and who awaits the task is not told.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use monoio::{LegacyDriver, RuntimeBuilder};

fn main() {
    let held = Rc::new(());
    let inside = Rc::clone(&held);
    let (give, wakers) = mpsc::channel();
    let builder = RuntimeBuilder::<LegacyDriver>::new().enable_timer();
    let mut runtime = builder.build().expect("a runtime");
    runtime.block_on(async {
        monoio::spawn(poll_fn(move |cx| {
            let _inside = &inside;
            let _ = give.send(cx.waker().clone());
            Poll::<()>::Pending
        }));
        monoio::time::sleep(Duration::from_millis(10)).await;
    });
    let _waker = wakers.recv().expect("the task was polled");
    drop(runtime);
    let leaked = Rc::strong_count(&held) > 1;
    println!("expected: dropping the runtime drops the futures of its tasks");
    println!("happened: one was leaked: {leaked}");
    std::process::exit(i32::from(leaked));
}

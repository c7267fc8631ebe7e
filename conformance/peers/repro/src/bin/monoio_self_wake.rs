//! monoio 0.2.4: a task that wakes itself starves timers, sockets and other tasks.
//!
//! Rules: monoio S1 S2 S3 S5 S10
//!
//! A task that was woken while it ran goes to the front of the queue (`LocalScheduler::yield_now` in
//! `scheduler.rs`), and while the queue is not empty `block_on` does not look at its driver
//! (`runtime.rs`): it has a bound on rounds, behind which it polls the root only.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use monoio::{LegacyDriver, RuntimeBuilder};

fn main() {
    let builder = RuntimeBuilder::<LegacyDriver>::new().enable_timer();
    let mut runtime = builder.build().expect("a runtime");
    let fired = runtime.block_on(async {
        let fired = Rc::new(Cell::new(false));
        let fires = Rc::clone(&fired);
        monoio::spawn(async move {
            monoio::time::sleep(Duration::from_millis(1)).await;
            fires.set(true);
        });
        let begun = Instant::now();
        monoio::spawn(poll_fn(move |cx| {
            if fired.get() || begun.elapsed() > Duration::from_secs(3) {
                return Poll::Ready(fired.get());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }))
        .await
    });
    println!("expected: a timer of 1 ms fires beside a task that yields again and again");
    println!("happened: it fired within 3 s: {fired}");
    std::process::exit(i32::from(!fired));
}

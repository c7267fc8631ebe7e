//! monoio 0.2.4: a sleep wakes who polled it first, not who polled it last.
//!
//! Rules: monoio T6 T7
//!
//! `Future::poll` asks that the waker of the most recent poll be called. A sleep keeps the one that
//! it got when it was registered with the driver, so a `select` whose branches have wakers of their
//! own, or a sleep that is handed from one task to another, waits for ever.

use std::future::poll_fn;
use std::task::{Context, Waker};
use std::time::Duration;
use std::{process, thread};

use monoio::{LegacyDriver, RuntimeBuilder};

fn main() {
    println!("expected: a sleep that was polled by another task before wakes the last one");
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(3));
        println!("happened: it did not within 3 s");
        process::exit(1);
    });
    let builder = RuntimeBuilder::<LegacyDriver>::new().enable_timer();
    let mut runtime = builder.build().expect("a runtime");
    runtime.block_on(async {
        let mut sleep = Box::pin(monoio::time::sleep(Duration::from_millis(10)));
        let mut other = Context::from_waker(Waker::noop());
        assert!(sleep.as_mut().poll(&mut other).is_pending());
        poll_fn(|cx| sleep.as_mut().poll(cx)).await;
    });
    println!("happened: it did");
}

//! pollster 1.0.1: a wake is lost when the future waits for something else in the same poll.
//!
//! Rules: pollster W15
//!
//! `block_on` calls `thread::park` whenever a poll was pending, and relies on the thread's token for
//! wakes that came before. A poll that parks the thread itself, as each wait on a channel or lock of
//! std may, uses that token up, so the wake is forgotten. std's documentation of `park` warns of it.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;
use std::{process, thread};

fn main() {
    println!("expected: a future that was woken while it was polled is polled again");
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(3));
        println!("happened: it was not within 3 s");
        process::exit(1);
    });
    let mut polled = false;
    pollster::block_on(poll_fn(|cx| {
        if polled {
            return Poll::Ready(());
        }
        polled = true;
        cx.waker().wake_by_ref();
        thread::park();
        Poll::Pending
    }));
    println!("happened: it was");
}

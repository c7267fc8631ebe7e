//! async-io 2.6.0: an `accept` that fails for want of descriptors never gives way.
//!
//! Rules: async-executor Executor I11
//! Rules: async-executor on 2 threads I11
//! Rules: async-executor LocalExecutor I11
//!
//! The error comes back at once, as often as one asks, and the client stays in the queue. So the
//! usual loop, which logs the error and accepts again, keeps its thread from everything else, such
//! as the task that would close a connection.

use std::fs::File;
use std::future::{Future, poll_fn};
use std::net::{TcpListener, TcpStream};
use std::pin::pin;
use std::process::Command;
use std::task::Poll;

use async_io::Async;

const ATTEMPTS: usize = 10_000;

fn main() {
    if std::env::args().len() < 2 {
        let this = std::env::current_exe().expect("a path");
        let limited = ["-c", "ulimit -n 64 && exec \"$0\" child"];
        let child = Command::new("sh").args(limited).arg(this).status();
        std::process::exit(child.expect("a child").code().unwrap_or(2));
    }
    let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).expect("a port");
    let address = listener.get_ref().local_addr().expect("an address");
    let _client = TcpStream::connect(address).expect("it listens");
    let _all: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    let mut gave_way = false;
    async_io::block_on(async {
        for _ in 0..ATTEMPTS {
            let mut accept = pin!(listener.accept());
            let outcome = poll_fn(|cx| match accept.as_mut().poll(cx) {
                Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                Poll::Pending => Poll::Ready(None),
            });
            match outcome.await {
                Some(outcome) => assert!(outcome.is_err(), "there are no descriptors"),
                None => gave_way = true,
            }
        }
    });
    println!("expected: of {ATTEMPTS} calls of `accept` that fail, some give way to other tasks");
    println!("happened: one did: {gave_way}");
    std::process::exit(i32::from(!gave_way));
}

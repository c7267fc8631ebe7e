//! What the tests share.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::future::Future;
use std::io;
use std::time::Duration;

use anyloop_io::{TcpListener, TcpStream};
use backend_epoll::Epoll;
use executor_core::time::timeout;

/// Long enough for a slow machine; a test that takes it has hung.
const HUNG: Duration = Duration::from_secs(60);

/// Runs a test on the direct path of the reactor and on the portable one.
pub(crate) fn run<F>(test: impl Fn() -> F)
where
    F: Future<Output = io::Result<()>>,
{
    for portable in [false, true] {
        let runtime = Epoll::builder().portable(portable).build().unwrap();
        let outcome = runtime.block_on(timeout(HUNG, test()));
        outcome
            .unwrap_or_else(|error| panic!("hung (portable: {portable}): {error}"))
            .unwrap_or_else(|error| panic!("failed (portable: {portable}): {error}"));
    }
}

/// A connection over loopback: the end that connected, and the end that was accepted.
pub(crate) async fn tcp_pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, peer) = listener.accept().await?;
    assert_eq!(peer, client.local_addr()?);
    Ok((client, server))
}

/// Bytes that differ from one another, so that a swap or a loss shows.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..length).map(|_| byte()).collect()
}

/// Waits for a task, and gives its outcome.
pub(crate) async fn join<T>(task: executor_core::JoinHandle<io::Result<T>>) -> io::Result<T> {
    task.await.expect("the task does not panic")
}

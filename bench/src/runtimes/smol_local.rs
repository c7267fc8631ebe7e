//! async-executor's `LocalExecutor`, driven by `async_io::block_on`: smol on one thread.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use async_executor::{LocalExecutor, Task};
use async_io::{Async, Timer};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use super::Runtime;
use crate::scenarios::tcp::ECHO_BUFFER;

/// The runtime of that name.
pub(crate) struct SmolLocal;

thread_local! {
    /// smol leaves it to the user where the executor lives; a leaked one costs the least to reach.
    static EXECUTOR: Cell<Option<&'static LocalExecutor<'static>>> = const { Cell::new(None) };
}

fn executor() -> &'static LocalExecutor<'static> {
    EXECUTOR.get().expect("only inside block_on")
}

impl Runtime for SmolLocal {
    type Join<T: 'static> = Task<T>;
    type Sleep = Timer;

    fn block_on<T>(main: impl Future<Output = T>) -> T {
        let executor: &'static LocalExecutor<'static> = Box::leak(Box::default());
        EXECUTOR.set(Some(executor));
        async_io::block_on(executor.run(main))
    }

    fn spawn<T: 'static>(task: impl Future<Output = T> + 'static) -> Task<T> {
        executor().spawn(task)
    }

    fn spawn_detached(task: impl Future<Output = ()> + 'static) {
        executor().spawn(task).detach();
    }

    fn yield_now() -> impl Future<Output = ()> {
        futures_lite::future::yield_now()
    }

    fn sleep(duration: Duration) -> Timer {
        Timer::after(duration)
    }

    fn serve_echo(listener: TcpListener) -> io::Result<()> {
        Self::block_on(async {
            let listener = Async::new(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                Self::spawn_detached(echo(stream));
            }
        })
    }

    fn serve_accept(listener: TcpListener) -> io::Result<()> {
        Self::block_on(async {
            let listener = Async::new(listener)?;
            loop {
                drop(listener.accept().await?);
            }
        })
    }
}

/// Ends at the end of the stream, or when the client has gone away.
pub(super) async fn echo(mut stream: Async<TcpStream>) {
    let mut buffer = [0; ECHO_BUFFER];
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..n]).await.is_err() {
            return;
        }
    }
}

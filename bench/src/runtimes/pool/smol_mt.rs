//! async-executor's `Executor` on threads that drive async-io: smol as the crate of that name does it.

use std::future::{self, Future};
use std::io;
use std::net;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use async_executor::{Executor, Task};
use async_io::{Async, Timer};

use super::{FullPool, Pool, WORKERS};
use crate::runtimes::smol_local::echo;

/// The runtime of that name.
pub(crate) struct SmolMt;

/// It lives as long as the process, and so do its threads.
fn executor() -> &'static Executor<'static> {
    static EXECUTOR: OnceLock<Executor<'static>> = OnceLock::new();
    EXECUTOR.get_or_init(|| {
        for _ in 0..WORKERS {
            thread::spawn(|| async_io::block_on(executor().run(future::pending::<()>())));
        }
        Executor::new()
    })
}

impl Pool for SmolMt {
    type Join<T: Send + 'static> = Task<T>;
    type Handle = ();

    fn block_on<T>(main: impl Future<Output = T>) -> T {
        async_io::block_on(main)
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
        executor().spawn(task)
    }

    fn spawn_from<T: Send + 'static>(
        (): &(),
        task: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        executor().spawn(task)
    }

    fn spawn_detached(task: impl Future<Output = ()> + Send + 'static) {
        executor().spawn(task).detach();
    }

    fn handle() {}

    fn yield_now() -> impl Future<Output = ()> + Send {
        futures_lite::future::yield_now()
    }
}

impl FullPool for SmolMt {
    type Sleep = Timer;

    fn sleep(duration: Duration) -> Timer {
        Timer::after(duration)
    }

    async fn serve_echo(listener: net::TcpListener) -> io::Result<()> {
        let listener = Async::new(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            Self::spawn_detached(echo(stream));
        }
    }

    async fn serve_accept(listener: net::TcpListener) -> io::Result<()> {
        let listener = Async::new(listener)?;
        loop {
            drop(listener.accept().await?);
        }
    }
}

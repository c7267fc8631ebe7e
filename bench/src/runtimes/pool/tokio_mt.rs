//! tokio's multi_thread flavour.

use std::future::Future;
use std::io;
use std::net;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use tokio::task::{JoinHandle, spawn};

use super::{FullPool, Pool, WORKERS};
use crate::runtimes::tokio_ct::echo;

/// The runtime of that name.
pub(crate) struct TokioMt;

impl Pool for TokioMt {
    type Join<T: Send + 'static> = JoinHandle<T>;
    type Handle = Handle;

    fn block_on<T>(main: impl Future<Output = T>) -> T {
        Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .enable_all()
            .build()
            .expect("tokio cannot build its runtime")
            .block_on(main)
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        spawn(task)
    }

    fn spawn_from<T: Send + 'static>(
        handle: &Handle,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        handle.spawn(task)
    }

    fn spawn_detached(task: impl Future<Output = ()> + Send + 'static) {
        spawn(task);
    }

    fn handle() -> Handle {
        Handle::current()
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }
}

impl FullPool for TokioMt {
    type Sleep = tokio::time::Sleep;

    fn sleep(duration: Duration) -> Self::Sleep {
        tokio::time::sleep(duration)
    }

    async fn serve_echo(listener: net::TcpListener) -> io::Result<()> {
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            spawn(echo(stream));
        }
    }

    async fn serve_accept(listener: net::TcpListener) -> io::Result<()> {
        let listener = TcpListener::from_std(listener)?;
        loop {
            drop(listener.accept().await?);
        }
    }
}

//! anyloop's own backend of several threads: backend-threadpool with its work stealing.

use std::future::Future;
use std::io;
use std::net;
use std::time::Duration;

use anyloop_io::TcpListener;
use backend_threadpool::ThreadPool;
use executor_core::{Handle, JoinHandle, spawn, task, time};

use super::{FullPool, Pool, WORKERS};
use crate::runtimes::epoll::echo;

/// The runtime of that name.
pub(crate) struct Ours;

impl Pool for Ours {
    type Join<T: Send + 'static> = JoinHandle<T>;
    type Handle = Handle;

    fn block_on<T>(main: impl Future<Output = T>) -> T {
        ThreadPool::builder()
            .workers(WORKERS)
            .build()
            .expect("anyloop cannot build its pool")
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
        drop(spawn(task));
    }

    fn handle() -> Handle {
        Handle::current().expect("only inside block_on")
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        task::yield_now()
    }
}

impl FullPool for Ours {
    type Sleep = time::Sleep;

    fn sleep(duration: Duration) -> Self::Sleep {
        time::sleep(duration)
    }

    async fn serve_echo(listener: net::TcpListener) -> io::Result<()> {
        let listener = TcpListener::try_from(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            drop(spawn(echo(stream)));
        }
    }

    async fn serve_accept(listener: net::TcpListener) -> io::Result<()> {
        let listener = TcpListener::try_from(listener)?;
        loop {
            drop(listener.accept().await?);
        }
    }
}

//! Runtimes of several threads. Each has [`WORKERS`] of them, whatever the machine has.

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use crate::scenarios::mt;
use crate::scenarios::tcp::Service;

pub(super) mod futures_pool;
pub(super) mod nio_mt;
pub(super) mod smol_mt;
pub(super) mod threadpool;
pub(super) mod tokio_mt;

/// The threads that run a pool's tasks, beside the one that calls `block_on`.
pub(crate) const WORKERS: usize = 2;

/// Tasks on several threads: what the scenarios ask of every pool.
///
/// The functions other than `block_on` and `spawn_from` are called inside `block_on` only.
pub(crate) trait Pool: 'static {
    /// Awaits the end of a task.
    type Join<T: Send + 'static>: Future + Send + 'static;
    /// Spawns from threads that are no workers.
    type Handle: Send + 'static;

    /// Builds a pool as its users would, and runs `main` on the calling thread beside it.
    fn block_on<T>(main: impl Future<Output = T>) -> T;
    /// Starts a task on any worker.
    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Self::Join<T>;
    /// The same from any thread.
    fn spawn_from<T: Send + 'static>(
        handle: &Self::Handle,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Self::Join<T>;
    /// Starts a task that nobody awaits.
    fn spawn_detached(task: impl Future<Output = ()> + Send + 'static);
    /// Gives the way to threads that are no workers.
    fn handle() -> Self::Handle;
    /// Lets other tasks run.
    fn yield_now() -> impl Future<Output = ()> + Send;
}

/// A pool that has timers and sockets as well.
pub(crate) trait FullPool: Pool {
    /// Waits for a moment.
    type Sleep: Future + Send + 'static;

    /// Waits for `duration` from now.
    fn sleep(duration: Duration) -> Self::Sleep;
    /// Sends back what it gets on every connection, each in a task of its own, for ever.
    fn serve_echo(listener: TcpListener) -> impl Future<Output = io::Result<()>> + Send + 'static;
    /// Accepts connections and closes them at once, for ever.
    fn serve_accept(listener: TcpListener)
    -> impl Future<Output = io::Result<()>> + Send + 'static;
}

/// Serves in a task, until the process is killed.
pub(super) fn serve<P: FullPool>(service: Service, listener: TcpListener) -> io::Result<()> {
    match service {
        Service::Echo => mt::in_task::<P, _>(async { P::serve_echo(listener).await }),
        Service::Accept => mt::in_task::<P, _>(async { P::serve_accept(listener).await }),
    }
}

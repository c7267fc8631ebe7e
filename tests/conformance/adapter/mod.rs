//! The adapter: what the suite asks for, on any backend of this workspace.
//!
//! Spawning, timers and sockets are the same on all of them; a [`Backend`] adds what is not.

mod epoll;
mod net;
mod threadpool;
mod time;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use executor_conformance::adapter::{
    Abort, Blocking, DropInside, NestedBlockOn, Remote, ShutdownTimeout, Spawn, SpawnLocal, Task,
};
use executor_conformance::{Executor, JoinError, JoinHandle};
use executor_core::Handle;

/// How a backend is made, entered and shut down.
pub(crate) trait Backend: Sized + 'static {
    const NAME: &'static str;

    /// A runtime; with at most so many threads for blocking closures, if that is said.
    fn make(blocking_threads: Option<usize>) -> Self;
    fn handle(&self) -> Handle;
    fn block_on<F: Future>(&self, root: F) -> F::Output;
    fn nested_block_on<F: Future>(root: F) -> Result<F::Output, String>;
    fn shutdown_timeout(self, timeout: Duration);
}

/// A runtime of the backend `B`, as the suite sees it.
pub(crate) struct On<B>(B);

impl<B: Backend> Executor for On<B> {
    const NAME: &'static str = B::NAME;
    type Handle = Handle;

    fn new() -> Self {
        Self(B::make(None))
    }

    fn handle(&self) -> Handle {
        self.0.handle()
    }

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        self.0.block_on(root)
    }
}

impl<B: Backend> Spawn for On<B> {
    const DROP_INSIDE: DropInside = DropInside::Works;

    fn spawn<F>(handle: &Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        JoinHandle::of(Joined(handle.spawn(future)))
    }
}

impl<B: Backend> Remote for On<B> {}

impl<B: Backend> Abort for On<B> {}

impl<B: Backend> SpawnLocal for On<B> {
    fn spawn_local<F>(handle: &Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let joined = handle.enter(|| executor_core::spawn_local(future));
        JoinHandle::of(Joined(joined))
    }
}

impl<B: Backend> Blocking for On<B> {
    fn spawn_blocking<F, T>(handle: &Handle, closure: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        JoinHandle::of(Joined(handle.spawn_blocking(closure)))
    }

    fn with_blocking_threads(threads: usize) -> Option<Self> {
        Some(Self(B::make(Some(threads))))
    }
}

impl<B: Backend> ShutdownTimeout for On<B> {
    fn shutdown_timeout(self, timeout: Duration) {
        self.0.shutdown_timeout(timeout);
    }
}

impl<B: Backend> NestedBlockOn for On<B> {
    const WORKS: bool = false;

    fn nested_block_on<F: Future + 'static>(_: &Handle, future: F) -> Result<F::Output, String>
    where
        F::Output: 'static,
    {
        B::nested_block_on(future)
    }
}

/// A join handle of ours with the suite's kind of error.
struct Joined<T>(executor_core::JoinHandle<T>);

impl<T> Future for Joined<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(result.map_err(|error| match error.try_into_panic() {
            Ok(payload) => JoinError::Panicked(Some(payload)),
            Err(_) => JoinError::Cancelled,
        }))
    }
}

impl<T: Send + 'static> Task<T> for Joined<T> {
    fn abort(self: Pin<&mut Self>) {
        self.0.abort();
    }

    fn is_finished(&self) -> Option<bool> {
        Some(self.0.is_finished())
    }
}

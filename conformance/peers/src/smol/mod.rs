//! async-executor's two executors, driven by async-io, and a pair of threads that share one.

mod local;
mod net;
mod threads;
mod time;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker, ready};

use async_executor::Executor as AsyncExecutor;
use executor_conformance::adapter::{
    Abort, Blocking, OnHandleDrop, Remote, SharedBlockOn, Spawn, Task,
};
use executor_conformance::{Executor, JoinError, JoinHandle};

pub(crate) use local::Local;
pub(crate) use threads::Threads;

pub(crate) struct Smol(Arc<AsyncExecutor<'static>>);

impl Executor for Smol {
    const NAME: &'static str = "async-executor Executor";
    type Handle = Weak<AsyncExecutor<'static>>;

    fn new() -> Self {
        Self(Arc::new(AsyncExecutor::new()))
    }

    fn handle(&self) -> Self::Handle {
        Arc::downgrade(&self.0)
    }

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        async_io::block_on(self.0.run(root))
    }
}

impl Spawn for Smol {
    const ON_HANDLE_DROP: OnHandleDrop = OnHandleDrop::Cancels;

    fn spawn<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_on(handle, future)
    }
}

impl Remote for Smol {}

impl Abort for Smol {}

impl SharedBlockOn for Smol {
    fn block_on_shared<F: Future>(&self, root: F) -> F::Output {
        async_io::block_on(self.0.run(root))
    }
}

impl Blocking for Smol {
    fn spawn_blocking<F, T>(_: &Self::Handle, closure: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        JoinHandle::of(Joined::new(blocking::unblock(closure)))
    }
}

/// Spawns on an executor that may be gone.
fn spawn_on<F>(executor: &Weak<AsyncExecutor<'static>>, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match executor.upgrade() {
        Some(executor) => JoinHandle::of(Joined::new(executor.spawn(future))),
        None => JoinHandle::new(async { Err(JoinError::Cancelled) }),
    }
}

/// async-task's handle: dropping it cancels, and a panic of the task comes up where it is joined.
pub(crate) enum Joined<T> {
    Running(async_executor::FallibleTask<T>),
    Cancelling(Pin<Box<dyn Future<Output = Option<T>> + Send>>),
    Moving,
}

impl<T> Joined<T> {
    pub(crate) fn new(task: async_executor::Task<T>) -> Self {
        Self::Running(task.fallible())
    }
}

impl<T> Unpin for Joined<T> {}

impl<T> Future for Joined<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let polled = catch_unwind(AssertUnwindSafe(|| match this {
            Self::Running(task) => Pin::new(task).poll(cx),
            Self::Cancelling(cancel) => cancel.as_mut().poll(cx),
            Self::Moving => unreachable!("only while a cancellation begins"),
        }));
        Poll::Ready(match polled {
            Ok(polled) => ready!(polled).ok_or(JoinError::Cancelled),
            Err(payload) => Err(JoinError::Panicked(Some(payload))),
        })
    }
}

impl<T: Send + 'static> Task<T> for Joined<T> {
    /// Begins the cancellation, which is a future here, by polling it once.
    fn abort(self: Pin<&mut Self>) {
        let this = self.get_mut();
        if let Self::Running(task) = std::mem::replace(this, Self::Moving) {
            let mut cancel = Box::pin(task.cancel());
            let mut cx = Context::from_waker(Waker::noop());
            *this = match cancel.as_mut().poll(&mut cx) {
                Poll::Ready(output) => Self::Cancelling(Box::pin(async move { output })),
                Poll::Pending => Self::Cancelling(cancel),
            };
        }
    }

    fn is_finished(&self) -> Option<bool> {
        match self {
            Self::Running(task) => Some(task.is_finished()),
            _ => None,
        }
    }
}

//! async-executor's two executors, driven by async-io, and a pair of threads that share one.

mod local;
mod net;
mod stream;
mod threads;
mod time;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use async_executor::{Executor as AsyncExecutor, FallibleTask};
use executor_conformance::adapter::{
    Abort, Blocking, OnHandleDrop, Remote, SharedBlockOn, Spawn, Task,
};
use executor_conformance::{Executor, JoinError, JoinHandle};

use crate::cancellable::Cancellable;

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
pub(crate) struct Joined<T>(Cancellable<FallibleTask<T>, T>);

impl<T> Joined<T> {
    pub(crate) fn new(task: async_executor::Task<T>) -> Self {
        Self(Cancellable::Running(task.fallible()))
    }
}

impl<T: Send + 'static> Future for Joined<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = catch_unwind(AssertUnwindSafe(|| {
            self.0.poll(cx, |task, cx| {
                let output = Pin::new(task).poll(cx);
                output.map(|output| output.ok_or(JoinError::Cancelled))
            })
        }));
        polled.unwrap_or_else(|payload| Poll::Ready(Err(JoinError::Panicked(Some(payload)))))
    }
}

impl<T: Send + 'static> Task<T> for Joined<T> {
    fn abort(mut self: Pin<&mut Self>) {
        self.0.abort(FallibleTask::cancel);
    }

    fn is_finished(&self) -> Option<bool> {
        self.0.is_finished(FallibleTask::is_finished)
    }
}

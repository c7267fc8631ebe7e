//! tokio: the current-thread runtime, the multi-thread runtime, and `LocalSet`.

mod local_set;
mod net;
mod time;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use executor_conformance::adapter::{
    Abort, Blocking, DropInside, NestedBlockOn, Parallel, Remote, SharedBlockOn, ShutdownTimeout,
    Spawn, Task,
};
use executor_conformance::{Executor, JoinError, JoinHandle};
use tokio::runtime::{Builder, Handle, Runtime};

pub(crate) use local_set::InLocalSet;

/// Which of tokio's schedulers.
pub(crate) trait Flavour: Send + Sync + 'static {
    const NAME: &'static str;
    fn builder() -> Builder;
}

pub(crate) struct CurrentThread;

impl Flavour for CurrentThread {
    const NAME: &'static str = "tokio current_thread";

    fn builder() -> Builder {
        Builder::new_current_thread()
    }
}

pub(crate) struct MultiThread;

impl Flavour for MultiThread {
    const NAME: &'static str = "tokio multi_thread";

    fn builder() -> Builder {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2);
        builder
    }
}

pub(crate) struct Tokio<F>(Runtime, std::marker::PhantomData<F>);

impl<F: Flavour> Tokio<F> {
    fn build(builder: &mut Builder) -> Self {
        let runtime = builder.enable_all().build();
        Self(runtime.expect("a runtime"), std::marker::PhantomData)
    }
}

impl<F: Flavour> Executor for Tokio<F> {
    const NAME: &'static str = F::NAME;
    type Handle = Handle;

    fn new() -> Self {
        Self::build(&mut F::builder())
    }

    fn handle(&self) -> Handle {
        self.0.handle().clone()
    }

    fn block_on<R: Future>(&mut self, root: R) -> R::Output {
        self.0.block_on(root)
    }
}

impl<F: Flavour> Spawn for Tokio<F> {
    const DROP_INSIDE: DropInside = DropInside::Panics;

    fn spawn<R>(handle: &Handle, future: R) -> JoinHandle<R::Output>
    where
        R: Future + Send + 'static,
        R::Output: Send + 'static,
    {
        JoinHandle::of(Joined(handle.spawn(future)))
    }
}

impl<F: Flavour> Remote for Tokio<F> {}

impl<F: Flavour> Abort for Tokio<F> {}

impl<F: Flavour> SharedBlockOn for Tokio<F> {
    fn block_on_shared<R: Future>(&self, root: R) -> R::Output {
        self.0.block_on(root)
    }
}

impl Parallel for Tokio<MultiThread> {
    fn with_workers(workers: usize) -> Self {
        Self::build(MultiThread::builder().worker_threads(workers))
    }
}

impl<F: Flavour> Blocking for Tokio<F> {
    fn spawn_blocking<C, T>(handle: &Handle, closure: C) -> JoinHandle<T>
    where
        C: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        JoinHandle::of(Joined(handle.spawn_blocking(closure)))
    }

    fn with_blocking_threads(threads: usize) -> Option<Self> {
        Some(Self::build(F::builder().max_blocking_threads(threads)))
    }
}

impl<F: Flavour> ShutdownTimeout for Tokio<F> {
    fn shutdown_timeout(self, timeout: Duration) {
        self.0.shutdown_timeout(timeout);
    }
}

impl<F: Flavour> NestedBlockOn for Tokio<F> {
    const WORKS: bool = false;

    fn nested_block_on<R: Future + 'static>(handle: &Handle, future: R) -> Result<R::Output, String>
    where
        R::Output: 'static,
    {
        let nested = catch_unwind(AssertUnwindSafe(|| handle.block_on(future)));
        nested.map_err(|_| "tokio refused by a panic".to_owned())
    }
}

/// tokio's handle with the suite's kind of error.
pub(crate) struct Joined<T>(tokio::task::JoinHandle<T>);

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

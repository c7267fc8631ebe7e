//! compio's runtime.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use compio::driver::ProactorBuilder;
use compio::runtime::{Runtime, RuntimeBuilder};
use executor_conformance::adapter::{
    Abort, Blocking, OnHandleDrop, OnThread, Spawn, SpawnLocal, Task, Timers,
};
use executor_conformance::{Executor, JoinError, JoinHandle};

use crate::cancellable::Cancellable;

pub(crate) struct Compio(Rc<Runtime>);

impl Executor for Compio {
    const NAME: &'static str = "compio";
    type Handle = OnThread<Runtime>;

    fn new() -> Self {
        Self(Rc::new(Runtime::new().expect("a driver")))
    }

    fn handle(&self) -> Self::Handle {
        OnThread::new(&self.0)
    }

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        self.0.block_on(root)
    }
}

impl Spawn for Compio {
    const ON_HANDLE_DROP: OnHandleDrop = OnHandleDrop::Cancels;

    fn spawn<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Self::spawn_local(handle, future)
    }
}

impl SpawnLocal for Compio {
    fn spawn_local<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        match handle.try_get() {
            Some(runtime) => JoinHandle::of(Joined::new(runtime.spawn(future))),
            None => JoinHandle::new(async { Err(JoinError::Cancelled) }),
        }
    }
}

impl Abort for Compio {}

impl Blocking for Compio {
    fn spawn_blocking<F, T>(handle: &Self::Handle, closure: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        JoinHandle::of(Joined::new(handle.get().spawn_blocking(closure)))
    }

    fn with_blocking_threads(threads: usize) -> Option<Self> {
        let mut driver = ProactorBuilder::new();
        driver.thread_pool_limit(threads);
        let runtime = RuntimeBuilder::new().with_proactor(driver).build();
        Some(Self(Rc::new(runtime.expect("a driver"))))
    }
}

impl Timers for Compio {
    type Sleep = Pin<Box<dyn Future<Output = ()>>>;

    fn sleep_until(_: &Self::Handle, deadline: Instant) -> Self::Sleep {
        Box::pin(compio::time::sleep_until(deadline))
    }

    fn sleep(_: &Self::Handle, duration: Duration) -> Self::Sleep {
        Box::pin(compio::time::sleep(duration))
    }
}

/// compio's handle: dropping it cancels.
struct Joined<T>(Cancellable<compio::runtime::JoinHandle<T>, T>);

impl<T> Joined<T> {
    fn new(handle: compio::runtime::JoinHandle<T>) -> Self {
        Self(Cancellable::Running(handle))
    }
}

impl<T: Send + 'static> Future for Joined<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(cx, |handle, cx| {
            Pin::new(handle).poll(cx).map_err(|error| match error {
                compio::runtime::JoinError::Cancelled => JoinError::Cancelled,
                compio::runtime::JoinError::Panicked(payload) => JoinError::Panicked(Some(payload)),
            })
        })
    }
}

impl<T: Send + 'static> Task<T> for Joined<T> {
    fn abort(mut self: Pin<&mut Self>) {
        self.0.abort(compio::runtime::JoinHandle::cancel);
    }

    fn is_finished(&self) -> Option<bool> {
        self.0.is_finished(compio::runtime::JoinHandle::is_finished)
    }
}

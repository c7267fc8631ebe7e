//! nio's `LocalRuntime` with one worker, which is the thread that calls `block_on`.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use executor_conformance::adapter::{
    Abort, Blocking, Remote, ResetTimers, Spawn, SpawnLocal, Task, Timers,
};
use executor_conformance::{Executor, JoinError, JoinHandle};
use nio::{LocalContext, LocalRuntime, RuntimeBuilder, RuntimeContext, Sleep};

pub(crate) struct Nio(LocalRuntime);

impl Executor for Nio {
    const NAME: &'static str = "nio";
    type Handle = Weak<RuntimeContext>;

    fn new() -> Self {
        let runtime = RuntimeBuilder::new().worker_threads(1).build();
        Self(runtime.expect("a driver"))
    }

    fn handle(&self) -> Self::Handle {
        Arc::downgrade(&self.0.runtime_context())
    }

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        self.0.block_on(root)
    }
}

impl Spawn for Nio {
    fn spawn<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        joined(handle.upgrade().map(|runtime| runtime.spawn(future)))
    }
}

impl Remote for Nio {}

impl Abort for Nio {}

impl SpawnLocal for Nio {
    fn spawn_local<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let alive = handle.upgrade();
        joined(alive.map(|_| LocalContext::current().spawn_local(future)))
    }
}

impl Blocking for Nio {
    fn spawn_blocking<F, T>(handle: &Self::Handle, closure: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let runtime = handle.upgrade();
        joined(runtime.map(|runtime| runtime.spawn_blocking(closure)))
    }

    fn with_blocking_threads(threads: usize) -> Option<Self> {
        let threads = threads.try_into().ok()?;
        let builder = RuntimeBuilder::new().worker_threads(1);
        let runtime = builder.max_blocking_threads(threads).build();
        Some(Self(runtime.expect("a driver")))
    }
}

impl Timers for Nio {
    type Sleep = Sleep;

    fn sleep_until(_: &Self::Handle, deadline: Instant) -> Sleep {
        Sleep::at(deadline)
    }

    fn sleep(_: &Self::Handle, duration: Duration) -> Sleep {
        nio::sleep(duration)
    }
}

impl ResetTimers for Nio {
    fn reset(mut sleep: Pin<&mut Sleep>, deadline: Instant) {
        sleep.reset_at(deadline);
    }
}

/// The handle of a task, unless its runtime was gone.
fn joined<T: Send + 'static>(task: Option<nio::JoinHandle<T>>) -> JoinHandle<T> {
    match task {
        Some(task) => JoinHandle::of(Joined(Box::pin(task))),
        None => JoinHandle::new(async { Err(JoinError::Cancelled) }),
    }
}

/// nio's handle, which is `Unpin` only if the output is.
struct Joined<T>(Pin<Box<nio::JoinHandle<T>>>);

impl<T> Future for Joined<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0
            .as_mut()
            .poll(cx)
            .map_err(|error| match error.try_into_panic() {
                Ok(payload) => JoinError::Panicked(Some(payload)),
                Err(_) => JoinError::Cancelled,
            })
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

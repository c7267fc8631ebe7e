//! glommio's executor, on io_uring.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use executor_conformance::adapter::{Abort, Spawn, SpawnLocal, Task, Timers};
use executor_conformance::{Executor, JoinError, JoinHandle};
use glommio::timer::Timer;
use glommio::{LocalExecutor, LocalExecutorBuilder, Placement};
use send_wrapper::SendWrapper;

pub(crate) struct Glommio(LocalExecutor);

impl Executor for Glommio {
    const NAME: &'static str = "glommio";
    type Handle = ();

    fn new() -> Self {
        let builder = LocalExecutorBuilder::new(Placement::Unbound);
        // Little memory to lock, as limits on that are often low.
        let executor = builder.io_memory(1 << 20).ring_depth(32).make();
        Self(executor.expect("an io_uring"))
    }

    fn handle(&self) {}

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        self.0.run(root)
    }
}

impl Spawn for Glommio {
    fn spawn<F>((): &(), future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Self::spawn_local(&(), future)
    }
}

impl SpawnLocal for Glommio {
    fn spawn_local<F>((): &(), future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let handle = glommio::spawn_local(future).detach();
        JoinHandle::of(Joined(SendWrapper::new(handle)))
    }
}

impl Abort for Glommio {}

/// glommio's handle is not `Send`; the wrapper panics if a rule uses it on another thread.
struct Joined<T>(SendWrapper<glommio::task::JoinHandle<T>>);

impl<T> Future for Joined<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let output = Pin::new(&mut *self.0).poll(cx);
        output.map(|output| output.ok_or(JoinError::Cancelled))
    }
}

impl<T: Send + 'static> Task<T> for Joined<T> {
    fn abort(self: Pin<&mut Self>) {
        self.0.cancel();
    }
}

impl Timers for Glommio {
    type Sleep = Sleep;

    fn sleep_until((): &(), deadline: Instant) -> Sleep {
        Self::sleep(&(), deadline.saturating_duration_since(Instant::now()))
    }

    fn sleep((): &(), duration: Duration) -> Sleep {
        Sleep(Timer::new(duration))
    }
}

pub(crate) struct Sleep(Timer);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(|_| ())
    }
}

//! glommio's executor, on io_uring.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use executor_conformance::adapter::{OnThread, Spawn, SpawnLocal, Task, Timers};
use executor_conformance::{Executor, JoinError, JoinHandle};
use glommio::timer::Timer;
use glommio::{LocalExecutor, LocalExecutorBuilder, Placement};
use send_wrapper::SendWrapper;

use crate::inside::Inside;

pub(crate) struct Glommio(Rc<Inside<LocalExecutor>>);

impl Executor for Glommio {
    const NAME: &'static str = "glommio";
    type Handle = OnThread<Inside<LocalExecutor>>;

    fn new() -> Self {
        let builder = LocalExecutorBuilder::new(Placement::Unbound);
        // Little memory to lock, as limits on that are often low.
        let executor = builder.io_memory(1 << 20).ring_depth(32).make();
        Self(Inside::new(executor.expect("an io_uring")))
    }

    fn handle(&self) -> Self::Handle {
        OnThread::new(&self.0)
    }

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        self.0.enter().run(async {
            self.0.start();
            root.await
        })
    }
}

impl Spawn for Glommio {
    fn spawn<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Self::spawn_local(handle, future)
    }
}

impl SpawnLocal for Glommio {
    fn spawn_local<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let spawn = || {
            let task = glommio::spawn_local(future).detach();
            JoinHandle::of(Joined(Some(SendWrapper::new(task))))
        };
        match handle.try_get() {
            Some(executor) => executor.spawn(spawn),
            None => JoinHandle::new(async { Err(JoinError::Cancelled) }),
        }
    }
}

/// glommio's handle is not `Send`, so cancelling is not declared: it may be done on any thread.
///
/// The wrapper panics if a rule joins on another thread. A handle that is dropped there is
/// forgotten, which is to detach it.
struct Joined<T>(Option<SendWrapper<glommio::task::JoinHandle<T>>>);

impl<T> Drop for Joined<T> {
    fn drop(&mut self) {
        let handle = self.0.take();
        if handle.as_ref().is_some_and(|handle| !handle.valid()) {
            mem::forget(handle);
        }
    }
}

impl<T> Future for Joined<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let handle = self.0.as_mut().expect("taken in the drop only");
        let output = Pin::new(&mut **handle).poll(cx);
        output.map(|output| output.ok_or(JoinError::Cancelled))
    }
}

impl<T: Send + 'static> Task<T> for Joined<T> {}

impl Timers for Glommio {
    type Sleep = Sleep;

    fn sleep_until(_: &Self::Handle, deadline: Instant) -> Sleep {
        Sleep(Timer::new(
            deadline.saturating_duration_since(Instant::now()),
        ))
    }

    fn sleep(_: &Self::Handle, duration: Duration) -> Sleep {
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

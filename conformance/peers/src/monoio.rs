//! monoio on its epoll driver.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use executor_conformance::adapter::{OnThread, ResetTimers, Spawn, SpawnLocal, Task, Timers};
use executor_conformance::{Executor, JoinError, JoinHandle};
use monoio::time::{Sleep, TimeDriver};
use monoio::{LegacyDriver, Runtime, RuntimeBuilder};

use crate::inside::Inside;

type Driven = Inside<Runtime<TimeDriver<LegacyDriver>>>;

pub(crate) struct Monoio(Rc<Driven>);

impl Executor for Monoio {
    const NAME: &'static str = "monoio";
    type Handle = OnThread<Driven>;

    fn new() -> Self {
        let builder = RuntimeBuilder::<LegacyDriver>::new().enable_timer();
        Self(Inside::new(builder.build().expect("a driver")))
    }

    fn handle(&self) -> Self::Handle {
        OnThread::new(&self.0)
    }

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        self.0.enter().block_on(async {
            self.0.start();
            root.await
        })
    }
}

impl Spawn for Monoio {
    fn spawn<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Self::spawn_local(handle, future)
    }
}

impl SpawnLocal for Monoio {
    fn spawn_local<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        match handle.try_get() {
            Some(runtime) => runtime.spawn(|| JoinHandle::of(Joined(monoio::spawn(future)))),
            None => JoinHandle::new(async { Err(JoinError::Cancelled) }),
        }
    }
}

/// monoio's handle, whose outcome is always an output: a panic ends `block_on`.
struct Joined<T>(monoio::task::JoinHandle<T>);

impl<T> Future for Joined<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(Ok)
    }
}

impl<T: Send + 'static> Task<T> for Joined<T> {
    fn is_finished(&self) -> Option<bool> {
        Some(self.0.is_finished())
    }
}

impl Timers for Monoio {
    type Sleep = Pin<Box<Sleep>>;

    fn sleep_until(_: &Self::Handle, deadline: Instant) -> Self::Sleep {
        Box::pin(monoio::time::sleep_until(deadline.into()))
    }

    fn sleep(_: &Self::Handle, duration: Duration) -> Self::Sleep {
        Box::pin(monoio::time::sleep(duration))
    }
}

impl ResetTimers for Monoio {
    fn reset(sleep: Pin<&mut Self::Sleep>, deadline: Instant) {
        sleep.get_mut().as_mut().reset(deadline.into());
    }
}

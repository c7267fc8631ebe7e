//! compio's runtime.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use compio::runtime::Runtime;
use executor_conformance::adapter::{
    Abort, Blocking, OnHandleDrop, OnThread, Spawn, SpawnLocal, Task, Timers,
};
use executor_conformance::{Executor, JoinError, JoinHandle};

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
            Some(runtime) => JoinHandle::of(Joined::Running(runtime.spawn(future))),
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
        JoinHandle::of(Joined::Running(handle.get().spawn_blocking(closure)))
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
enum Joined<T> {
    Running(compio::runtime::JoinHandle<T>),
    Cancelling(Pin<Box<dyn Future<Output = Option<T>> + Send>>),
    Moving,
}

impl<T> Unpin for Joined<T> {}

impl<T> Future for Joined<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Running(task) => Pin::new(task).poll(cx).map_err(|error| match error {
                compio::runtime::JoinError::Cancelled => JoinError::Cancelled,
                compio::runtime::JoinError::Panicked(payload) => JoinError::Panicked(Some(payload)),
            }),
            // A panic is not told from a cancellation here.
            Self::Cancelling(cancel) => cancel
                .as_mut()
                .poll(cx)
                .map(|output| output.ok_or(JoinError::Cancelled)),
            Self::Moving => unreachable!("only while a cancellation begins"),
        }
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

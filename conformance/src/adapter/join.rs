//! The handle by which the suite joins, cancels and detaches a task.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Why a task gave no output.
pub enum JoinError {
    /// Its future panicked; the payload, where the executor hands it on.
    Panicked(Option<Box<dyn Any + Send>>),
    /// It was cancelled, or its executor shut down.
    Cancelled,
}

impl JoinError {
    /// What the future panicked with, if that is a string.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Panicked(Some(payload)) => crate::harness::message(payload.as_ref()),
            _ => None,
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(_) => write!(f, "Panicked({:?})", self.message()),
            Self::Cancelled => f.write_str("Cancelled"),
        }
    }
}

/// What a [`JoinHandle`] can be made of, where one value does it all.
///
/// Dropping it must drop the executor's own handle.
pub trait Task<T>: Future<Output = Result<T, JoinError>> + Send + 'static {
    /// Asks that the task be cancelled; required by the capability `abort`.
    ///
    /// After the call the handle may be awaited or dropped; the task must be cancelled either way.
    /// Awaiting it afterwards must give the outcome not before the future has been dropped.
    fn abort(self: Pin<&mut Self>) {
        panic!("`abort` is declared, but the adapter's handle has none");
    }

    /// Whether the task has ended; `None` if the executor cannot say.
    fn is_finished(&self) -> Option<bool> {
        None
    }
}

/// A task's handle, as the suite sees it.
///
/// An adapter wraps the executor's own handle. [`new`](Self::new) takes a future that awaits it,
/// and must own it alone, so that dropping the one drops the other; the way to cancel is added by
/// [`on_abort`](Self::on_abort). An executor whose handle must be at hand for everything gives a
/// [`Task`] to [`of`](Self::of) instead.
///
/// ```
/// use executor_conformance::{JoinError, JoinHandle};
///
/// # let tokio_like = std::future::ready(Ok::<i32, ()>(1));
/// let handle = JoinHandle::new(async move { tokio_like.await.map_err(|()| JoinError::Cancelled) });
/// # drop(handle);
/// ```
pub struct JoinHandle<T>(Pin<Box<dyn Task<T>>>);

impl<T: 'static> JoinHandle<T> {
    /// A handle that gives what `joining` gives.
    pub fn new<F>(joining: F) -> Self
    where
        F: Future<Output = Result<T, JoinError>> + Send + 'static,
    {
        Self::of(Plain {
            joining: Box::pin(joining),
            abort: None,
        })
    }

    /// A handle that does what `task` does.
    pub fn of(task: impl Task<T>) -> Self {
        Self(Box::pin(task))
    }

    /// Adds the way to ask for cancellation; see [`Task::abort`] for what it must do.
    #[must_use]
    pub fn on_abort(self, abort: impl FnMut() + Send + 'static) -> Self {
        Self::of(Plain {
            joining: self.0,
            abort: Some(Box::new(abort)),
        })
    }

    /// Asks that the task be cancelled.
    ///
    /// # Panics
    ///
    /// If the adapter gave no way to, though it declared `abort`.
    pub fn abort(&mut self) {
        self.0.as_mut().abort();
    }

    /// Whether the task has ended; `None` if the executor cannot say.
    pub fn is_finished(&self) -> Option<bool> {
        self.0.is_finished()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

/// A future that joins, and perhaps a function that cancels.
struct Plain<F: ?Sized> {
    abort: Option<Box<dyn FnMut() + Send>>,
    joining: Pin<Box<F>>,
}

impl<T, F> Future for Plain<F>
where
    F: Future<Output = Result<T, JoinError>> + ?Sized,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.joining.as_mut().poll(cx)
    }
}

impl<T, F> Task<T> for Plain<F>
where
    F: Future<Output = Result<T, JoinError>> + Send + ?Sized + 'static,
{
    fn abort(mut self: Pin<&mut Self>) {
        let abort = self.abort.as_mut();
        abort.expect("`abort` is declared, but the handle has no `on_abort`")();
    }
}

impl<T> Unpin for JoinHandle<T> {}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

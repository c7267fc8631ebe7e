//! futures-executor: `LocalPool` and `ThreadPool`.

mod local_pool;
mod thread_pool;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use executor_conformance::JoinError;
use executor_conformance::adapter::Task;
use futures_channel::oneshot::Canceled;
use futures_util::future::RemoteHandle;

pub(crate) use local_pool::Local;
pub(crate) use thread_pool::Pool;

/// Dropping it cancels, and a panic of the task comes up where it is joined.
struct Joined<T: 'static>(RemoteHandle<T>);

impl<T> Future for Joined<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // A handle whose task was dropped without an end panics as well, with this payload.
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut self.0).poll(cx)));
        Poll::Ready(match polled {
            Ok(polled) => Ok(ready!(polled)),
            Err(payload) if payload.is::<Canceled>() => Err(JoinError::Cancelled),
            Err(payload) => Err(JoinError::Panicked(Some(payload))),
        })
    }
}

impl<T: Send + 'static> Task<T> for Joined<T> {}

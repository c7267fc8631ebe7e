//! Handles whose cancellation is a future that uses them up, as async-task's and compio's.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use executor_conformance::JoinError;

/// A handle, or the cancellation that has taken its place.
pub(crate) enum Cancellable<H, T> {
    Running(H),
    Cancelling(Pin<Box<dyn Future<Output = Option<T>> + Send>>),
    /// Only while a cancellation begins.
    Moving,
}

impl<H, T: Send + 'static> Cancellable<H, T> {
    /// Begins the cancellation, by polling it once; does nothing if it has begun.
    pub(crate) fn abort<C>(&mut self, cancel: impl FnOnce(H) -> C)
    where
        C: Future<Output = Option<T>> + Send + 'static,
    {
        let handle = match std::mem::replace(self, Self::Moving) {
            Self::Running(handle) => handle,
            begun => {
                *self = begun;
                return;
            }
        };
        let mut cancel = Box::pin(cancel(handle));
        let mut cx = Context::from_waker(Waker::noop());
        *self = match cancel.as_mut().poll(&mut cx) {
            Poll::Ready(output) => Self::Cancelling(Box::pin(async move { output })),
            Poll::Pending => Self::Cancelling(cancel),
        };
    }

    /// Polls for the outcome; `join` polls the handle.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        join: impl FnOnce(&mut H, &mut Context<'_>) -> Poll<Result<T, JoinError>>,
    ) -> Poll<Result<T, JoinError>> {
        match self {
            Self::Running(handle) => join(handle, cx),
            // A panic is not told from a cancellation here, unless it comes up as one.
            Self::Cancelling(cancel) => {
                let output = cancel.as_mut().poll(cx);
                output.map(|output| output.ok_or(JoinError::Cancelled))
            }
            Self::Moving => unreachable!("only while a cancellation begins"),
        }
    }

    /// What `ask` says of the handle; nothing once a cancellation has begun.
    pub(crate) fn is_finished(&self, ask: impl FnOnce(&H) -> bool) -> Option<bool> {
        match self {
            Self::Running(handle) => Some(ask(handle)),
            _ => None,
        }
    }
}

//! The future inside a task, and how its output gets out.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use executor_conformance::JoinError;

use super::fault::{Fault, broken};
use super::join::Join;
use super::{contain, context, faults, unsound};

/// A future whose type is forgotten.
pub(crate) trait Job {
    /// Polls it; says whether it has ended, and its output has been handed over.
    fn poll(&mut self, cx: &mut Context<'_>) -> bool;

    /// Drops the future, and tells whoever waits.
    fn cancel(&mut self);
}

/// A future and the place where its output goes.
pub(crate) struct Running<F: Future> {
    future: Option<Pin<Box<F>>>,
    join: Arc<Join<F::Output>>,
    /// Whether it has been polled; only a fault looks at it.
    polled: bool,
    /// Whether it has ended and is still here, by a fault.
    over: bool,
}

impl<F: Future> Running<F> {
    pub(crate) fn new(future: F, join: Arc<Join<F::Output>>) -> Self {
        Self {
            future: Some(Box::pin(future)),
            join,
            polled: false,
            over: false,
        }
    }

    /// Drops the future; a panic in its drop stays here, as the future's work is done.
    fn drop_future(&mut self) {
        if broken(Fault::PolledConcurrently) {
            // Another thread may be polling it. It is dropped with the task.
            self.over = true;
            return;
        }
        let future = self.future.take();
        if broken(Fault::DropPanicEscapes) || broken(Fault::TimersGoneFirst) {
            return drop(future);
        }
        contain(|| context::dropping(|| drop(future)));
    }
}

impl<F: Future> Job for Running<F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        self.polled = true;
        if self.over {
            return true;
        }
        let Some(future) = self.future.as_mut() else {
            return true;
        };
        let polled = match broken(Fault::PanicEscapes) || broken(Fault::PanicEndsWorker) {
            true => Ok(future.as_mut().poll(cx)),
            false => catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))),
        };
        let panicked = polled.is_err();
        let result = match polled {
            Ok(Poll::Pending) => {
                if broken(Fault::MovedBetweenPolls) {
                    self.future = self.future.take().map(unsound::moved);
                }
                return false;
            }
            Ok(Poll::Ready(output)) => Ok(output),
            Err(_) if broken(Fault::PanicIsCancelled) => Err(JoinError::Cancelled),
            Err(_) if broken(Fault::PayloadLost) => Err(JoinError::Panicked(None)),
            Err(payload) => Err(JoinError::Panicked(Some(payload))),
        };
        if panicked && faults::hushes_panic() {
            self.drop_future();
            return true;
        }
        let kept = faults::keeps_future()
            || broken(Fault::PolledAfterReady)
            || (broken(Fault::PanickedFutureKept) && panicked);
        if broken(Fault::JoinedBeforeDropped) {
            self.join.end(result);
            // The window in which the other thread looks.
            (0..50).for_each(|_| std::thread::yield_now());
            self.drop_future();
            return true;
        }
        if kept && panicked {
            // A panicked future that is polled again would only panic again.
            std::mem::forget(self.future.take());
        } else if !kept {
            self.drop_future();
        }
        self.join.end(result);
        !broken(Fault::PolledAfterReady)
    }

    fn cancel(&mut self) {
        if self.future.is_none() {
            return;
        }
        if broken(Fault::CancelledNewLeaked) && !self.polled {
            std::mem::forget(self.future.take());
        }
        if broken(Fault::PanickingDropEndsShutdown) {
            drop(self.future.take());
        }
        if !broken(Fault::LocalKeptByWakers) {
            self.drop_future();
        }
        if !broken(Fault::CancelNotTold) {
            self.join.end(Err(JoinError::Cancelled));
        }
    }
}

//! The place where a task leaves its output, and the handle that waits there.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use executor_conformance::adapter;
use executor_conformance::{JoinError, JoinHandle};

use super::fault::{Fault, broken};
use super::{contain, context, faults, lock};

/// What a task and its handle share.
pub(crate) struct Join<T>(Mutex<State<T>>);

struct State<T> {
    /// What came of the task, until the handle takes it.
    result: Option<Result<T, JoinError>>,
    ended: bool,
    waker: Option<Waker>,
    /// Whether the handle was dropped.
    detached: bool,
    /// Whether it asked for the task to be cancelled; only faults look at it.
    asked: bool,
}

impl<T> Join<T> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            result: None,
            ended: false,
            waker: None,
            detached: false,
            asked: false,
        })))
    }

    /// Leaves what came of the task, and wakes whoever waits for it.
    pub(crate) fn end(&self, result: Result<T, JoinError>) {
        let mut state = lock(&self.0);
        if state.ended {
            return;
        }
        state.ended = true;
        if broken(Fault::FinishedTooEarly) {
            drop(state);
            // The window in which the other thread looks.
            (0..50).for_each(|_| std::thread::yield_now());
            state = lock(&self.0);
        }
        if broken(Fault::RacingCancelLosesOutput) && !state.asked {
            drop(state);
            // The window between the end of the task and its being told.
            (0..50).for_each(|_| std::thread::yield_now());
            state = lock(&self.0);
            if state.asked {
                return;
            }
        }
        if broken(Fault::CancelledOutputLost) && state.asked && result.is_ok() {
            return;
        }
        if state.detached {
            drop(state);
            if broken(Fault::DetachedOutputLeaked) {
                return std::mem::forget(result);
            }
            if broken(Fault::DetachedOutputDroppedTwice) {
                return super::unsound::drop_twice(result);
            }
            if broken(Fault::OutputDropPanicEscapes) {
                return drop(result);
            }
            // Nobody wants it. A panic in its drop must not end the executor.
            return contain(|| drop(result));
        }
        let former = state.result.replace(result);
        let waker = match broken(Fault::JoinWakerKeptAtEnd) {
            true => state.waker.clone(),
            false => state.waker.take(),
        };
        drop(state);
        drop(former);
        if let Some(waker) = waker {
            if broken(Fault::JoinWakerPanicEscapes) {
                return waker.wake();
            }
            contain(|| waker.wake());
        }
    }
}

/// What a handle can ask of what it waits for.
pub(crate) trait Ask: Send + Sync {
    /// To be cancelled.
    fn abort(self: Arc<Self>);

    /// What only faults do.
    fn after_handle_drop(&self) {}
}

impl Ask for super::task::Task {
    fn abort(self: Arc<Self>) {
        Self::abort(&self);
    }

    fn after_handle_drop(&self) {
        if broken(Fault::HandleDropForgetsCancel) {
            lock(&self.status).cancelled = false;
        }
        let core = self.core.upgrade();
        let closed = core.is_some_and(|core| lock(&core.state).closed);
        if broken(Fault::HandlesDropInTurn) && closed {
            self.cancel_now(&super::locals::Locals::default());
        }
    }
}

/// Waits for a task; dropping it detaches the task.
pub(crate) struct Handle<T> {
    join: Arc<Join<T>>,
    ask: Arc<dyn Ask>,
}

impl<T: Send + 'static> Handle<T> {
    /// The handle as the suite sees it.
    pub(crate) fn wrap(join: Arc<Join<T>>, ask: Arc<dyn Ask>) -> JoinHandle<T> {
        JoinHandle::of(Self { join, ask })
    }
}

impl<T> Future for Handle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = lock(&self.join.0);
        if let Some(result) = state.result.take() {
            return Poll::Ready(result);
        }
        assert!(
            !state.ended || broken(Fault::FinishedTooEarly),
            "a join handle was polled after it was ready"
        );
        if broken(Fault::JoinLooksTooEarly) {
            drop(state);
            // The window between the look at the result and the wait for it.
            (0..20).for_each(|_| std::thread::yield_now());
            state = lock(&self.join.0);
        }
        if broken(Fault::FirstJoinWakerKept) && state.waker.is_some() {
            return Poll::Pending;
        }
        let waker = match broken(Fault::JoinWakesOwnTaskOnly) {
            true => context::current_waker(),
            false => Some(cx.waker().clone()),
        };
        let former = std::mem::replace(&mut state.waker, waker);
        if broken(Fault::FormerJoinWakerLeaks) {
            return forget_waker(former);
        }
        // Outside the lock: it may be the last reference to something of the user's.
        drop(state);
        drop(former);
        Poll::Pending
    }
}

fn forget_waker<T>(waker: Option<Waker>) -> Poll<T> {
    std::mem::forget(waker);
    Poll::Pending
}

impl<T: Send + 'static> adapter::Task<T> for Handle<T> {
    fn abort(self: Pin<&mut Self>) {
        lock(&self.join.0).asked = true;
        if broken(Fault::LateCancelLeaksOutput) {
            let mut state = lock(&self.join.0);
            if let Some(Ok(output)) = state.result.take() {
                state.result = Some(Err(JoinError::Cancelled));
                std::mem::forget(output);
            }
        }
        Arc::clone(&self.ask).abort();
        if broken(Fault::CancelTellsAtOnce) {
            self.join.end(Err(JoinError::Cancelled));
        }
    }

    fn is_finished(&self) -> Option<bool> {
        let state = lock(&self.join.0);
        Some(state.ended || (state.asked && broken(Fault::FinishedWhenAsked)))
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        let mut state = lock(&self.join.0);
        state.detached = true;
        let result = state.result.take();
        let waker = match broken(Fault::JoinWakerKeptOnDrop) {
            true => None,
            false => state.waker.take(),
        };
        drop(state);
        drop(waker);
        if broken(Fault::DroppedHandleLeaksOutput) {
            return std::mem::forget(result);
        }
        if broken(Fault::OutputDropPanicEscapes) {
            drop(result);
        } else {
            contain(|| drop(result));
        }
        faults::on_handle_drop(&self.ask);
    }
}

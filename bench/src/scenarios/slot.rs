//! A place for one value between two tasks of one thread: the least that can be called a channel.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Holds at most one value and at most one waiting task.
pub(crate) struct Slot<T> {
    value: Cell<Option<T>>,
    waiting: Cell<Option<Waker>>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            value: Cell::new(None),
            waiting: Cell::new(None),
        }
    }
}

impl<T> Slot<T> {
    /// Leaves a value and wakes whoever waits for it.
    pub(crate) fn put(&self, value: T) {
        self.value.set(Some(value));
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    /// Waits for a value and takes it.
    pub(crate) fn take(slot: Rc<Self>) -> Take<T> {
        Take { slot }
    }
}

/// Waits for the value of a [`Slot`].
pub(crate) struct Take<T> {
    slot: Rc<Slot<T>>,
}

impl<T> Future for Take<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match self.slot.value.take() {
            Some(value) => Poll::Ready(value),
            None => {
                self.slot.waiting.set(Some(cx.waker().clone()));
                Poll::Pending
            }
        }
    }
}

//! Wakers that tasks have left behind.

use crate::lock::lock;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

/// A list of wakers, from which they can be called at any time.
#[derive(Clone, Debug, Default)]
pub(in crate::rules) struct Wakers(Arc<Mutex<Vec<Waker>>>);

impl Wakers {
    /// Adds a clone of `waker`.
    pub(in crate::rules) fn push(&self, waker: &Waker) {
        let clone = waker.clone();
        self.lock().push(clone);
    }

    /// Never ready; its first poll leaves a waker here.
    pub(in crate::rules) fn pending(
        &self,
    ) -> impl FnMut(&mut Context<'_>) -> Poll<()> + Send + use<> {
        let mut list = Some(self.clone());
        move |cx| {
            list.take()
                .into_iter()
                .for_each(|list| list.push(cx.waker()));
            Poll::Pending
        }
    }

    /// Ready at once, having left a waker here.
    pub(in crate::rules) fn leave_once(
        &self,
    ) -> impl FnMut(&mut Context<'_>) -> Poll<()> + Send + use<> {
        let list = self.clone();
        move |cx| {
            list.push(cx.waker());
            Poll::Ready(())
        }
    }

    /// Clones of what is here.
    pub(in crate::rules) fn all(&self) -> Vec<Waker> {
        self.lock().clone()
    }

    /// Calls all of them by reference.
    pub(in crate::rules) fn wake_all(&self) {
        self.all().iter().for_each(Waker::wake_by_ref);
    }

    /// Drops what is here.
    pub(in crate::rules) fn clear(&self) {
        let wakers = std::mem::take(&mut *self.lock());
        // Outside the lock: dropping a waker may run code of the executor.
        drop(wakers);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Waker>> {
        lock(&self.0)
    }
}

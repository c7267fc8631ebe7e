//! A place for one number between two tasks of any threads: the least that can be called a channel.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

use atomic_waker::AtomicWaker;

const EMPTY: u32 = 0;

/// Holds at most one number and at most one waiting task.
#[derive(Default)]
pub(super) struct Mailbox {
    value: AtomicU32,
    waiting: AtomicWaker,
}

impl Mailbox {
    /// Leaves a number other than nought and wakes whoever waits for it.
    pub(super) fn put(&self, value: u32) {
        debug_assert_ne!(value, EMPTY, "nought says that there is none");
        // Pairs with the swap in `empty`: who takes the number sees what came before it.
        self.value.store(value, Ordering::Release);
        self.waiting.wake();
    }

    /// Waits for a number and takes it.
    pub(super) async fn take(&self) -> u32 {
        poll_fn(|cx| {
            if let Some(value) = self.empty() {
                return Poll::Ready(value);
            }
            self.waiting.register(cx.waker());
            // It may have come in between, when there was nobody to wake.
            self.empty().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    fn empty(&self) -> Option<u32> {
        match self.value.swap(EMPTY, Ordering::Acquire) {
            EMPTY => None,
            value => Some(value),
        }
    }
}

//! A task that waits until it is told to end, and tells of its polls.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use super::Bell;
use crate::lock::lock;

/// A future that hands out its waker, rings at each poll, and ends when it is told to.
#[derive(Clone)]
pub(crate) struct Patient {
    /// Rings once in each poll.
    pub(crate) polled: Bell,
    /// Whether the next poll is the last.
    pub(crate) ends: Arc<AtomicBool>,
    waker: Arc<Mutex<Option<Waker>>>,
    mark: Arc<AtomicUsize>,
    seen: Arc<AtomicUsize>,
    in_first_poll: Option<fn(&Waker)>,
}

impl Patient {
    /// A future that does this with its waker in its first poll.
    pub(crate) fn new(in_first_poll: fn(&Waker)) -> Self {
        Self {
            polled: Bell::default(),
            ends: Arc::default(),
            waker: Arc::default(),
            mark: Arc::default(),
            seen: Arc::default(),
            in_first_poll: Some(in_first_poll),
        }
    }

    /// A clone of the waker of the latest poll.
    pub(crate) fn waker(&self) -> Waker {
        let waker = lock(&self.waker);
        waker.clone().expect("the future was polled")
    }

    /// Sets a mark, which [`sees`](Self::sees) looks for; returns what to wait for.
    pub(crate) fn mark(&self) -> usize {
        self.mark.fetch_add(1, SeqCst) + 1
    }

    /// Waits for a poll that began when `mark` was set.
    pub(crate) async fn sees(&self, mark: usize) {
        loop {
            let polls = self.polled.rings();
            if self.seen.load(SeqCst) >= mark {
                return;
            }
            self.polled.heard(polls + 1).await;
        }
    }
}

impl Future for Patient {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Looked at before the ring: who hears it may go on to end the task by another wake.
        let ends = self.ends.load(SeqCst);
        let mark = self.mark.load(SeqCst);
        if let Some(in_first_poll) = self.in_first_poll.take() {
            in_first_poll(cx.waker());
        }
        let former = {
            let mut waker = lock(&self.waker);
            waker.replace(cx.waker().clone())
        };
        // Outside the lock: dropping a waker may run code of the executor.
        drop(former);
        self.seen.store(mark, SeqCst);
        self.polled.ring();
        if ends {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

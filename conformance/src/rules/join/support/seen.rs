//! What happened to a future or a value, told to whoever waits for it.

use std::fmt::Display;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use super::in_time;
use crate::lock::lock;

/// Wakes those who wait for something to have changed.
#[derive(Clone, Default)]
pub(super) struct News(Arc<Mutex<Vec<Waker>>>);

impl News {
    /// Says that something has changed.
    pub(super) fn tell(&self) {
        let waiting = std::mem::take(&mut *lock(&self.0));
        for waker in waiting {
            waker.wake();
        }
    }

    /// Waits until `happened`, and fails with `what` where it takes too long.
    pub(super) async fn until(&self, what: impl Display, happened: impl Fn() -> bool) {
        in_time(what, self.heard(happened)).await;
    }

    /// Waits until `happened`, for ever.
    pub(super) fn heard(&self, happened: impl Fn() -> bool) -> impl Future<Output = ()> {
        poll_fn(move |cx| {
            let mut waiting = lock(&self.0);
            if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                waiting.push(cx.waker().clone());
            }
            drop(waiting);
            // After the waker is in place: what happens from now on is told to it.
            match happened() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
    }
}

/// Wraps `future` so that its polls and its drop are seen.
pub(in crate::rules) fn probe<F: Future>(future: F) -> (Probe<F>, Seen) {
    let seen = Seen::default();
    let probe = Probe {
        future: Box::pin(future),
        seen: seen.clone(),
    };
    (probe, seen)
}

/// A future that is watched; made by [`probe`].
pub(in crate::rules) struct Probe<F> {
    future: Pin<Box<F>>,
    seen: Seen,
}

/// What was seen of a future.
#[derive(Clone, Default)]
pub(in crate::rules) struct Seen(Arc<Sight>);

#[derive(Default)]
struct Sight {
    polls: AtomicUsize,
    finishes: AtomicUsize,
    drops: AtomicUsize,
    being_polled: AtomicBool,
    dropped_in_poll: AtomicBool,
    news: News,
}

impl<F: Future> Future for Probe<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let poll = BeingPolled::begin(&self.seen);
        let polled = self.future.as_mut().poll(cx);
        // Not by `self` from here on: a broken executor may have dropped it meanwhile.
        if polled.is_ready() {
            poll.0.finishes.fetch_add(1, SeqCst);
        }
        polled
    }
}

impl<F> Drop for Probe<F> {
    fn drop(&mut self) {
        let sight = &self.seen.0;
        if sight.being_polled.load(SeqCst) {
            sight.dropped_in_poll.store(true, SeqCst);
        }
        sight.drops.fetch_add(1, SeqCst);
        sight.news.tell();
    }
}

/// Marks a future as being polled, until it is dropped, also by a panic.
struct BeingPolled(Arc<Sight>);

impl BeingPolled {
    fn begin(seen: &Seen) -> Self {
        seen.0.being_polled.store(true, SeqCst);
        seen.0.polls.fetch_add(1, SeqCst);
        seen.0.news.tell();
        Self(Arc::clone(&seen.0))
    }
}

impl Drop for BeingPolled {
    fn drop(&mut self) {
        self.0.being_polled.store(false, SeqCst);
    }
}

impl Seen {
    /// How often the future was polled.
    pub(in crate::rules) fn polls(&self) -> usize {
        self.0.polls.load(SeqCst)
    }

    /// Whether it was ready.
    pub(in crate::rules) fn has_finished(&self) -> bool {
        self.0.finishes.load(SeqCst) > 0
    }

    /// How often it was dropped.
    pub(in crate::rules) fn drops(&self) -> usize {
        self.0.drops.load(SeqCst)
    }

    /// Whether that happened while it was polled.
    pub(in crate::rules) fn was_dropped_in_poll(&self) -> bool {
        self.0.dropped_in_poll.load(SeqCst)
    }

    /// Waits until the future has been polled.
    pub(in crate::rules) async fn polled(&self) {
        self.until("a spawned task is never polled", || self.polls() > 0)
            .await;
    }

    /// Waits until the future has been dropped, and fails with `what` where it takes too long.
    pub(in crate::rules) async fn dropped(&self, what: impl Display) {
        self.until(what, || self.drops() > 0).await;
        assert_eq!(self.drops(), 1, "a future was dropped more than once");
    }

    /// Waits until `happened`, which is asked when the future was polled or dropped.
    pub(in crate::rules) async fn until(&self, what: impl Display, happened: impl Fn() -> bool) {
        self.0.news.until(what, happened).await;
    }

    /// Waits until the future has been dropped, for ever.
    pub(in crate::rules) async fn gone(&self) {
        self.0.news.heard(|| self.drops() > 0).await;
    }
}

/// Counts, and tells whoever waits.
#[derive(Clone, Default)]
pub(in crate::rules) struct Tally(Arc<Counted>);

#[derive(Default)]
struct Counted {
    count: AtomicUsize,
    news: News,
}

impl Tally {
    pub(in crate::rules) fn new() -> Self {
        Self::default()
    }

    /// Counts one more.
    pub(in crate::rules) fn add(&self) {
        self.0.count.fetch_add(1, SeqCst);
        self.0.news.tell();
    }

    /// What was counted.
    pub(in crate::rules) fn count(&self) -> usize {
        self.0.count.load(SeqCst)
    }

    /// Waits until so many were counted, and fails with `what` where it takes too long.
    pub(in crate::rules) async fn reach(&self, count: usize, what: impl Display) {
        self.0.news.until(what, || self.count() >= count).await;
    }

    /// Waits until so many were counted, for ever.
    pub(in crate::rules) async fn reached(&self, count: usize) {
        self.0.news.heard(|| self.count() >= count).await;
    }

    /// A value whose drop is counted.
    pub(in crate::rules) fn token(&self) -> Token {
        Token(self.clone())
    }

    /// A waker whose wakes are counted.
    pub(in crate::rules) fn waker(&self) -> Waker {
        Waker::from(Arc::new(CountsWakes(self.clone())))
    }

    /// A waker of which it is counted that its last clone was dropped.
    pub(in crate::rules) fn release_waker(&self) -> Waker {
        Waker::from(Arc::new(CountsRelease(self.token())))
    }
}

/// A value whose drop is counted; made by [`Tally::token`].
pub(in crate::rules) struct Token(Tally);

impl Drop for Token {
    fn drop(&mut self) {
        self.0.add();
    }
}

struct CountsWakes(Tally);

impl Wake for CountsWakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.add();
    }
}

/// Does nothing when it is woken; its token goes with the last clone.
struct CountsRelease(#[expect(dead_code, reason = "it is there to be dropped")] Token);

impl Wake for CountsRelease {
    fn wake(self: Arc<Self>) {}
}

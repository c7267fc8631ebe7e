//! Waiting for what the executor owes, with an end to patience.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{self, Others, Settings};
use crate::lock::lock;

/// How often the alarm looks whether it is time to give up.
const PAUSE: Duration = Duration::from_millis(100);
/// How often in a row it must find that nothing moves.
const LOOKS: usize = 8;

/// How long to wait before saying that something does not happen: a part of the rule's time limit.
pub(in crate::rules) fn patience() -> Duration {
    Settings::from_env().timeout / 6
}

/// Waits for conditions, and names the one that does not come true.
///
/// The waiter sleeps until a [`Notifier`] calls: it neither spawns nor wakes itself, so that an
/// executor which runs the newest task first, or any task first, has nothing else to do than what
/// the rule waits for. If all threads fall asleep, or nothing comes for very long, an alarm wakes
/// the waiter, and the rule fails with the name of what it waited for.
#[derive(Debug)]
pub(in crate::rules) struct Progress {
    shared: Arc<Shared>,
    patience: Duration,
    alarm: Option<thread::JoinHandle<()>>,
}

/// Tells a [`Progress`] that something may have changed.
#[derive(Clone, Debug)]
pub(in crate::rules) struct Notifier(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    closing: Condvar,
    /// Whether a wait is given up when all threads are asleep.
    heeds_sleep: bool,
}

#[derive(Debug, Default)]
struct State {
    waiter: Option<Waker>,
    deadline: Option<Instant>,
    waits: u64,
    given_up: bool,
    closed: bool,
}

impl Progress {
    /// Waits are given up when all threads have been asleep for a second, and in any case after a
    /// third of the rule's time limit.
    pub(in crate::rules) fn new() -> Self {
        Self::with(2 * patience(), true)
    }

    /// Waits are given up after `patience`, and not before.
    pub(in crate::rules) fn with_patience(patience: Duration) -> Self {
        Self::with(patience, false)
    }

    fn with(patience: Duration, heeds_sleep: bool) -> Self {
        let shared = Arc::new(Shared {
            heeds_sleep,
            ..Shared::default()
        });
        let watched = Arc::clone(&shared);
        Self {
            shared,
            patience,
            alarm: Some(harness::watcher(move || watched.ring_when_due())),
        }
    }

    /// What calls this.
    pub(in crate::rules) fn notifier(&self) -> Notifier {
        Notifier(Arc::clone(&self.shared))
    }

    /// Waits until `condition` holds; whatever makes it true must notify.
    ///
    /// # Panics
    ///
    /// If it does not come true, with `what`.
    pub(in crate::rules) async fn until(&self, what: &str, condition: impl Fn() -> bool) {
        self.wait(what, poll_fn(|_| ready_if(condition()))).await;
    }

    /// Waits for `future`; one wait at a time.
    ///
    /// # Panics
    ///
    /// If it does not become ready, with `what`.
    pub(in crate::rules) async fn wait<F: Future>(&self, what: &str, future: F) -> F::Output {
        match self.try_wait(future).await {
            Some(output) => output,
            None => panic!("it did not happen, and nothing else did: {what}"),
        }
    }

    /// Waits for `future`; `None` if it did not become ready.
    pub(in crate::rules) async fn try_wait<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        self.shared.begin(Instant::now() + self.patience);
        poll_fn(|cx| {
            // Before the look, so that no change after the look goes unnoticed.
            let given_up = self.shared.expect(cx.waker());
            let polled = future.as_mut().poll(cx).map(Some);
            if polled.is_pending() && !given_up {
                return Poll::Pending;
            }
            self.shared.end();
            match polled {
                Poll::Ready(output) => Poll::Ready(output),
                Poll::Pending => Poll::Ready(None),
            }
        })
        .await
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.closing.notify_all();
        if let Some(alarm) = self.alarm.take() {
            // A wake that panics is another rule's.
            let _ = alarm.join();
        }
    }
}

impl Notifier {
    /// Something may have changed.
    pub(in crate::rules) fn notify(&self) {
        let waiter = self.0.lock().waiter.take();
        waiter.into_iter().for_each(Waker::wake);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn begin(&self, deadline: Instant) {
        let mut state = self.lock();
        state.deadline = Some(deadline);
        state.waits += 1;
        state.given_up = false;
    }

    /// Says whom to wake; gives whether the wait has been given up.
    fn expect(&self, waker: &Waker) -> bool {
        let waker = waker.clone();
        let mut state = self.lock();
        let former = state.waiter.replace(waker);
        let given_up = state.given_up;
        // Outside the lock: dropping a waker may run code of the executor.
        drop(state);
        drop(former);
        given_up
    }

    fn end(&self) {
        let mut state = self.lock();
        state.deadline = None;
        let former = state.waiter.take();
        drop(state);
        drop(former);
    }

    fn ring_when_due(&self) {
        let mut others = Others::default();
        let mut watched = 0;
        let mut state = self.lock();
        while !state.closed {
            let waited = self.closing.wait_timeout(state, PAUSE);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            let Some(deadline) = state.deadline else {
                continue;
            };
            if state.waits != watched {
                watched = state.waits;
                others = Others::default();
            }
            drop(state);
            let still = self.heeds_sleep && others.unmoved() >= LOOKS;
            state = self.lock();
            if state.waits == watched && (still || Instant::now() >= deadline) {
                state.given_up = true;
                let waiter = state.waiter.take();
                drop(state);
                waiter.into_iter().for_each(Waker::wake);
                state = self.lock();
            }
        }
    }
}

fn ready_if(ready: bool) -> Poll<()> {
    if ready {
        Poll::Ready(())
    } else {
        Poll::Pending
    }
}

//! Waiting for what the executor owes, with an end to patience.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::Settings;

/// How often the alarm looks whether somebody has waited for too long.
const ALARM: Duration = Duration::from_millis(50);

/// How long to wait before saying that something does not happen: a part of the rule's time limit.
pub(in crate::rules) fn patience() -> Duration {
    Settings::from_env().timeout / 6
}

/// Waits for conditions, and names the one that does not come true.
///
/// The waiter sleeps until a [`Notifier`] calls: it neither spawns nor wakes itself, so that an
/// executor which runs the newest task first, or any task first, has nothing else to do than what
/// the rule waits for. If nothing comes, a thread wakes the waiter, and the rule fails with the name
/// of what it waited for rather than at the time limit.
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
    changed: Condvar,
    closing: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiter: Option<Waker>,
    deadline: Option<Instant>,
    changes: u64,
    closed: bool,
}

impl Progress {
    /// Waits are given up after a part of the rule's time limit.
    pub(in crate::rules) fn new() -> Self {
        Self::with_patience(patience())
    }

    /// Waits are given up after `patience`.
    pub(in crate::rules) fn with_patience(patience: Duration) -> Self {
        let shared = Arc::<Shared>::default();
        let watched = Arc::clone(&shared);
        Self {
            shared,
            patience,
            alarm: Some(thread::spawn(move || watched.ring_when_due())),
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
            None => panic!("it did not happen within {:?}: {what}", self.patience),
        }
    }

    /// Waits for `future`; `None` if it did not become ready.
    pub(in crate::rules) async fn try_wait<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let deadline = Instant::now() + self.patience;
        poll_fn(|cx| {
            // Before the look, so that no change after the look goes unnoticed.
            self.shared.expect(cx.waker(), deadline);
            let polled = future.as_mut().poll(cx).map(Some);
            if polled.is_pending() && Instant::now() < deadline {
                return Poll::Pending;
            }
            self.shared.forget();
            match polled {
                Poll::Ready(output) => Poll::Ready(output),
                Poll::Pending => Poll::Ready(None),
            }
        })
        .await
    }

    /// Blocks this thread until `condition` holds; `false` if it does not come true.
    pub(in crate::rules) fn block_until(&self, condition: impl Fn() -> bool) -> bool {
        let deadline = Instant::now() + self.patience;
        loop {
            let seen = self.shared.lock().changes;
            // Not under the lock: the condition may look at what notifies.
            if condition() {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let state = self.shared.lock();
            if state.changes == seen {
                let waited = self.shared.changed.wait_timeout(state, left.min(ALARM));
                drop(waited.unwrap_or_else(PoisonError::into_inner));
            }
        }
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
        let waiter = {
            let mut state = self.0.lock();
            state.changes += 1;
            state.waiter.take()
        };
        self.0.changed.notify_all();
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self, waker: &Waker, deadline: Instant) {
        let waker = waker.clone();
        let former = {
            let mut state = self.lock();
            state.deadline = Some(deadline);
            state.waiter.replace(waker)
        };
        // Outside the lock: dropping a waker may run code of the executor.
        drop(former);
    }

    fn forget(&self) {
        let former = {
            let mut state = self.lock();
            state.deadline = None;
            state.waiter.take()
        };
        drop(former);
    }

    fn ring_when_due(&self) {
        let mut state = self.lock();
        while !state.closed {
            let waited = self.closing.wait_timeout(state, ALARM);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            let due = state.deadline.is_some_and(|at| at <= Instant::now());
            if !due {
                continue;
            }
            state.deadline = None;
            let waiter = state.waiter.take();
            drop(state);
            if let Some(waiter) = waiter {
                waiter.wake();
            }
            state = self.lock();
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

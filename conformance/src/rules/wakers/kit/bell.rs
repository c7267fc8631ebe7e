//! A leaf that is waited at again and again, and that nothing but its wakes completes.

use crate::lock::lock;
use std::future::poll_fn;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// How long a thread looks before it sleeps, so that a storm is prompt.
///
/// No number of looks: on a busy machine each costs the time of whoever else wants to run.
const PROMPT: Duration = Duration::from_millis(5);

/// Counts its rings; whoever waits for a number of them is woken by each.
///
/// It keeps the waker of the latest poll, as leaves must.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bell(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    /// Tells threads that somebody waits.
    awaited: Condvar,
}

#[derive(Debug, Default)]
struct State {
    rings: usize,
    /// How many rings the latest poll that was pending waited for.
    awaited: usize,
    waker: Option<Waker>,
}

impl Bell {
    /// Rings, and wakes who waits.
    pub(crate) fn ring(&self) {
        let waker = {
            let mut state = self.lock();
            state.rings += 1;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Waits until it has rung `rings` times in all.
    pub(crate) async fn heard(&self, rings: usize) {
        poll_fn(|cx| {
            let mut state = self.lock();
            if state.rings >= rings {
                return Poll::Ready(());
            }
            let former = state.waker.replace(cx.waker().clone());
            state.awaited = rings;
            drop(state);
            self.0.awaited.notify_all();
            // Outside the lock: dropping a waker may run code of the executor.
            drop(former);
            Poll::Pending
        })
        .await;
    }

    /// Waits, on a thread of the rule's own, until somebody waits for ring `rings`.
    pub(crate) fn until_awaited(&self, rings: usize) {
        let began = Instant::now();
        while began.elapsed() < PROMPT {
            if self.lock().awaited >= rings {
                return;
            }
            thread::yield_now();
        }
        // Asleep, so that a rule that stalls is seen to.
        let mut state = self.lock();
        while state.awaited < rings {
            let waited = self.0.awaited.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// How often it has rung.
    pub(crate) fn rings(&self) -> usize {
        self.lock().rings
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }
}

//! A policy for one thread behind a lock, and what is known of it without the lock.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::scheduler::{PopContext, Scheduler};
use crate::task::Ready;

#[derive(Debug)]
pub(super) struct Guarded<S> {
    policy: Mutex<S>,
    /// How many tasks it holds, as far as is known without the lock.
    held: AtomicUsize,
}

impl<S: Scheduler> Guarded<S> {
    pub(super) fn new(policy: S) -> Self {
        Self {
            policy: Mutex::new(policy),
            held: AtomicUsize::new(0),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, S> {
        self.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the policy, and publishes how many tasks it holds afterwards.
    pub(super) fn with<T>(&self, f: impl FnOnce(&mut S) -> T) -> T {
        let mut policy = self.lock();
        let result = f(&mut policy);
        // SeqCst: a worker that is about to sleep says so first, and then looks at this; who
        // pushes writes this first, and then looks for sleepers. One of the two sees the other.
        self.held.store(policy.len(), SeqCst);
        result
    }

    pub(super) fn pop(&self, cx: &PopContext<'_>) -> Option<Ready> {
        let mut policy = self.lock();
        let picked = policy.pop(cx);
        // What the policy holds back is nothing that a worker could have now.
        let held = if picked.is_some() { policy.len() } else { 0 };
        self.held.store(held, SeqCst);
        picked
    }
}

impl<S> Guarded<S> {
    /// How many tasks a worker could have, as far as is known without the lock.
    pub(super) fn held(&self) -> usize {
        self.held.load(SeqCst)
    }
}

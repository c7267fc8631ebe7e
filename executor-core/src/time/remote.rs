//! A timer that is awaited on another thread than its loop's.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

use super::{TimerKey, Wheel};

/// A timer whose `Sleep` is polled on one thread while its wheel turns on another.
///
/// The wheel holds it as a waker; the sleeper looks at `fired` and leaves its own waker here.
#[derive(Debug)]
pub(crate) struct RemoteTimer {
    deadline: u64,
    fired: AtomicBool,
    waker: Mutex<Option<Waker>>,
    /// Where it stands in the wheel; only the loop's thread looks.
    key: Mutex<Option<TimerKey>>,
}

impl RemoteTimer {
    pub(crate) fn new(deadline: u64, waker: &Waker) -> Arc<Self> {
        Arc::new(Self {
            // `u64::MAX` would not even fire when the wheel is emptied at shutdown.
            deadline: deadline.min(u64::MAX - 1),
            fired: AtomicBool::new(false),
            waker: Mutex::new(Some(waker.clone())),
            key: Mutex::new(None),
        })
    }

    /// Whether the wheel has fired it, because its time had come or because of a shutdown.
    pub(crate) fn has_fired(&self) -> bool {
        // Acquire pairs with the Release in `wake_by_ref`.
        self.fired.load(Acquire)
    }

    /// Replaces the waker: the latest one is woken.
    pub(crate) fn set_waker(&self, waker: &Waker) {
        let slot = || self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = slot().as_ref().is_some_and(|old| old.will_wake(waker));
        if !kept {
            // Cloned and dropped outside the lock: both may run user code.
            let waker = waker.clone();
            let old = slot().replace(waker);
            drop(old);
        }
    }

    /// Lets go of the sleeper's waker.
    pub(crate) fn forget_waker(&self) {
        let waker = self.take_waker();
        drop(waker);
    }

    /// On the loop's thread: puts the timer into the wheel.
    pub(crate) fn insert(self: Arc<Self>, wheel: &mut Wheel) {
        let key = wheel.insert(self.deadline, Waker::from(Arc::clone(&self)));
        *self.key.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
    }

    /// On the loop's thread: takes the timer out of the wheel; the waker is to be dropped when
    /// the wheel is free.
    pub(crate) fn remove(&self, wheel: &mut Wheel) -> Option<Waker> {
        let key = self
            .key
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        key.and_then(|key| wheel.remove(key))
    }

    /// Takes the sleeper's waker; `None` if the timer has fired.
    pub(crate) fn take_waker(&self) -> Option<Waker> {
        self.waker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl Wake for RemoteTimer {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release pairs with the Acquire in `has_fired`. It comes before the waker is taken: a
        // sleeper stores its waker and looks again, so one of the two sees the other.
        self.fired.store(true, Release);
        if let Some(waker) = self.take_waker() {
            waker.wake();
        }
    }
}

//! The timers of a pool: a wheel for each worker, which others may use too.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::Waker;

use crossbeam_utils::CachePadded;

use crate::time::{NotPending, TimerKey, Wheel};

/// No timer is pending.
pub(crate) const NEVER: u64 = u64::MAX;

/// A wheel for each worker, with its next deadline where all can read it.
///
/// A worker's own wheel is locked by nobody else as a rule, so the lock costs little. A timer stays
/// in the wheel in which it was made, wherever its task goes; any worker may fire it.
pub(crate) struct Wheels {
    wheels: Box<[CachePadded<Entry>]>,
}

struct Entry {
    wheel: Mutex<Wheel>,
    /// When `expire` must be called next, in nanoseconds after the epoch; or [`NEVER`].
    next: AtomicU64,
}

impl Entry {
    fn lock(&self) -> MutexGuard<'_, Wheel> {
        self.wheel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uses the wheel, and publishes the next deadline afterwards; also gives that, if it has become
    /// an earlier one.
    #[inline]
    fn with<T>(&self, f: impl FnOnce(&mut Wheel) -> T) -> (T, Option<u64>) {
        let mut wheel = self.lock();
        let result = f(&mut wheel);
        (result, self.publish(&wheel))
    }

    #[inline]
    fn publish(&self, wheel: &Wheel) -> Option<u64> {
        let next = wheel.next_wake().unwrap_or(NEVER);
        // Relaxed: the lock is held, so nobody else writes it.
        let before = self.next.load(Relaxed);
        if before != next {
            // Release pairs with the Acquire of those who read it; who must not miss it has a fence
            // in between, as the table at the head of `crew` says.
            self.next.store(next, Release);
        }
        (next < before).then_some(next)
    }

    fn expire(&self, wheel: &mut Wheel, now: u64, fired: &mut Vec<Waker>) {
        wheel.expire(now, fired);
        self.publish(wheel);
    }
}

impl Wheels {
    pub(crate) fn new(workers: usize) -> Self {
        let entry = |_| {
            CachePadded::new(Entry {
                wheel: Mutex::new(Wheel::new()),
                next: AtomicU64::new(NEVER),
            })
        };
        Self {
            wheels: (0..workers).map(entry).collect(),
        }
    }

    /// Adds a timer to that worker's wheel; also gives the wheel's next deadline, if that has become
    /// an earlier one.
    #[inline]
    pub(crate) fn insert(&self, at: usize, deadline: u64, waker: Waker) -> (TimerKey, Option<u64>) {
        self.wheels[at].with(|wheel| wheel.insert(deadline, waker))
    }

    /// Takes a timer out; its waker is to be dropped by the caller.
    #[inline]
    pub(crate) fn remove(&self, at: usize, key: TimerKey) -> Option<Waker> {
        self.wheels[at].with(|wheel| wheel.remove(key)).0
    }

    /// Moves a timer; `false` if it is no longer pending. Also gives the wheel's next deadline, as
    /// [`insert`](Self::insert) does.
    pub(crate) fn reset(&self, at: usize, key: TimerKey, deadline: u64) -> (bool, Option<u64>) {
        self.wheels[at].with(|wheel| wheel.reset(key, deadline))
    }

    /// Sees to it that the timer wakes `waker`; `false` if it is no longer pending.
    pub(crate) fn replace_waker(&self, at: usize, key: TimerKey, waker: &Waker) -> bool {
        let entry = &self.wheels[at];
        let kept = entry.lock().is_woken_by(key, waker);
        match kept {
            Ok(true) => return true,
            Ok(false) => {}
            Err(NotPending) => return false,
        }
        // A waker's clone and drop may be user code: nothing is locked while they run.
        let waker = waker.clone();
        let replaced = entry.lock().set_waker(key, waker);
        replaced.is_ok()
    }

    /// When the next timer of all is due.
    pub(crate) fn next(&self) -> u64 {
        let wheels = self.wheels.iter();
        let next = wheels.map(|entry| entry.next.load(Acquire)).min();
        next.unwrap_or(NEVER)
    }

    /// Takes out what is due, in all wheels that no other thread is about.
    pub(crate) fn expire(&self, now: u64, fired: &mut Vec<Waker>) {
        for entry in &self.wheels {
            if entry.next.load(Acquire) > now {
                continue;
            }
            match entry.wheel.try_lock() {
                Ok(mut wheel) => entry.expire(&mut wheel, now, fired),
                Err(TryLockError::Poisoned(wheel)) => {
                    entry.expire(&mut wheel.into_inner(), now, fired);
                }
                // Its holder fires what is due, or publishes when that is.
                Err(TryLockError::WouldBlock) => {}
            }
        }
    }

    /// Takes out everything, also what never comes due: the runtime is gone.
    pub(crate) fn end(&self) -> Vec<Waker> {
        let mut fired = Vec::new();
        for entry in &self.wheels {
            let ((), _) = entry.with(|wheel| {
                wheel.expire(u64::MAX, &mut fired);
                wheel.give_up_never(&mut fired);
            });
        }
        fired
    }
}

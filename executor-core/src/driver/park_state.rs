//! The word on which a loop's thread and its wakers agree whether a kick is needed.
//!
//! | from | to | who | what follows |
//! |---|---|---|---|
//! | `RUNNING` | `PARKED` | the thread, about to block | it blocks in the operating system |
//! | `NOTIFIED` | `RUNNING` | the thread, about to block | it does not block |
//! | any | `NOTIFIED` | a waker | a kick, if the word was `PARKED` |
//! | `PARKED`, `NOTIFIED` | `RUNNING` | the thread, back from blocking | it drains its inbox |
//!
//! Both sides change the word by one read-modify-write, so one of them comes first: either the
//! thread finds `NOTIFIED` and does not block, or the waker finds `PARKED` and kicks. That is
//! what keeps invariant L2: no wake-up is lost.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use crate::sync::AtomicU8;

const RUNNING: u8 = 0;
const PARKED: u8 = 1;
const NOTIFIED: u8 = 2;

/// Whether a loop's thread runs, is parked, or has been notified.
///
/// One thread calls [`prepare_park`](Self::prepare_park), [`finish_park`](Self::finish_park) and
/// [`take_notification`](Self::take_notification); any thread calls [`notify`](Self::notify).
///
/// ```
/// use executor_core::driver::ParkState;
///
/// let state = ParkState::new();
/// assert!(!state.notify(), "nobody is parked, so nobody needs a kick");
/// assert!(!state.prepare_park(), "the notification is consumed instead of a sleep");
/// assert!(state.prepare_park());
/// assert!(state.notify(), "the thread is parked: kick it");
/// assert!(state.finish_park());
/// ```
#[derive(Debug)]
pub struct ParkState(AtomicU8);

impl ParkState {
    /// A thread that runs and has not been notified.
    pub fn new() -> Self {
        Self(AtomicU8::new(RUNNING))
    }

    /// Leaves a notification; `true` if the thread is parked, and the caller must kick it.
    ///
    /// Whatever the caller did before is visible to the thread once it has consumed the
    /// notification.
    #[must_use = "a parked thread stays parked unless it is kicked"]
    pub fn notify(&self) -> bool {
        // Release publishes what was queued before to the Acquire in `prepare_park`,
        // `finish_park` and `take_notification`.
        self.0.swap(NOTIFIED, AcqRel) == PARKED
    }

    /// Announces that the thread is about to block; `false` if a notification came first, which
    /// is thereby consumed.
    #[must_use = "a thread that was notified must not block"]
    pub fn prepare_park(&self) -> bool {
        // Release and Acquire pair with the swap in `notify`.
        match self.0.compare_exchange(RUNNING, PARKED, AcqRel, Acquire) {
            Ok(_) => true,
            Err(_) => {
                self.0.swap(RUNNING, AcqRel);
                false
            }
        }
    }

    /// Says that the thread runs again; `true` if it was notified meanwhile.
    pub fn finish_park(&self) -> bool {
        // Acquire pairs with the Release of `notify`.
        self.0.swap(RUNNING, AcqRel) == NOTIFIED
    }

    /// Consumes a notification that came while the thread ran.
    pub fn take_notification(&self) -> bool {
        // The relaxed look only skips the swap; a notification that it misses is found by
        // `prepare_park`.
        self.0.load(Relaxed) == NOTIFIED && self.finish_park()
    }

    /// Whether a notification waits; a hint for a thread that spins.
    pub fn is_notified(&self) -> bool {
        // Acquire pairs with the Release of `notify`.
        self.0.load(Acquire) == NOTIFIED
    }
}

impl Default for ParkState {
    fn default() -> Self {
        Self::new()
    }
}

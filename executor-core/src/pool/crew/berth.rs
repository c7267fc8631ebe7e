//! Where one worker sleeps.

use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

use crate::driver::{ParkState, ParkUntil};

#[derive(Default)]
pub(super) struct Berth {
    pub(super) state: ParkState,
    /// Whether the worker sleeps in the seat rather than here.
    pub(super) in_seat: AtomicBool,
    /// Whether it was taken off the list of sleepers, to search.
    pub(super) called: AtomicBool,
    /// How many watches on end the worker has found all asleep.
    pub(super) quiet: AtomicU32,
    lock: Mutex<()>,
    kicked: Condvar,
}

impl Berth {
    /// Sleeps until it is notified, or for as long as `until` says.
    pub(super) fn sleep(&self, until: ParkUntil) {
        // The lock is taken before the word says `PARKED`, so a kick cannot fall between the
        // look at the word and the wait.
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if until == ParkUntil::Now || !self.state.prepare_park() {
            return;
        }
        match until {
            ParkUntil::Deadline(deadline) => {
                let timeout = deadline.saturating_duration_since(Instant::now());
                let wait = self
                    .kicked
                    .wait_timeout_while(guard, timeout, |()| !self.state.is_notified());
                drop(wait);
            }
            _ => drop(
                self.kicked
                    .wait_while(guard, |()| !self.state.is_notified()),
            ),
        }
        self.state.finish_park();
    }

    /// Wakes the worker, whose word said `PARKED`.
    pub(super) fn kick(&self) {
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
        self.kicked.notify_one();
    }
}

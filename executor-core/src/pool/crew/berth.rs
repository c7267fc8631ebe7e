//! Where one worker sleeps.

use std::sync::PoisonError;

use crate::driver::{ParkState, ParkUntil};
use crate::sync::{AtomicBool, AtomicU32, Condvar, Mutex, now};

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
    pub(super) fn new() -> Self {
        Self {
            state: ParkState::new(),
            in_seat: AtomicBool::new(false),
            called: AtomicBool::new(false),
            quiet: AtomicU32::new(0),
            lock: Mutex::new(()),
            kicked: Condvar::new(),
        }
    }

    /// Sleeps until it is notified, or for as long as `until` says.
    pub(super) fn sleep(&self, until: ParkUntil) {
        // The lock is taken before the word says `PARKED`, so a kick cannot fall between the
        // look at the word and the wait.
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if until == ParkUntil::Now || !self.state.prepare_park() {
            return;
        }
        while !self.state.is_notified() {
            let waited = match until {
                ParkUntil::Deadline(deadline) => {
                    let timeout = deadline.saturating_duration_since(now());
                    if timeout.is_zero() {
                        break;
                    }
                    let waited = self.kicked.wait_timeout(guard, timeout);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                _ => {
                    let waited = self.kicked.wait(guard);
                    waited.unwrap_or_else(PoisonError::into_inner)
                }
            };
            guard = waited;
        }
        drop(guard);
        self.state.finish_park();
    }

    /// Wakes the worker, whose word said `PARKED`.
    pub(super) fn kick(&self) {
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
        self.kicked.notify_one();
    }
}

//! The plainest driver: a thread that sleeps on a condition variable, with no I/O.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use super::{Park, ParkState, ParkUntil, Unpark, WakeList};

/// A [`Park`] driver without a reactor: timers and wakers work, sockets do not.
///
/// It is what a loop needs at the least; tests and programs without I/O use it.
#[derive(Debug)]
pub struct ThreadPark {
    shared: Arc<ThreadUnpark>,
}

/// The [`Unpark`] side of a [`ThreadPark`].
#[derive(Debug, Default)]
pub struct ThreadUnpark {
    state: ParkState,
    lock: Mutex<()>,
    kicked: Condvar,
}

impl ThreadPark {
    /// A new driver.
    pub fn new() -> Self {
        Self {
            shared: Arc::default(),
        }
    }

    /// The side that ends the wait.
    pub fn unparker(&self) -> Arc<ThreadUnpark> {
        Arc::clone(&self.shared)
    }
}

impl Default for ThreadPark {
    fn default() -> Self {
        Self::new()
    }
}

impl Park for ThreadPark {
    fn park(&mut self, until: ParkUntil, _wakes: &mut WakeList) -> io::Result<()> {
        let shared = &*self.shared;
        // The lock is taken before the word says `PARKED`, so a kick cannot fall between the
        // look at the word and the wait.
        let guard = shared.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if until == ParkUntil::Now || !shared.state.prepare_park() {
            shared.state.take_notification();
            return Ok(());
        }
        match until {
            ParkUntil::Deadline(deadline) => {
                let timeout = deadline.saturating_duration_since(Instant::now());
                drop(
                    shared
                        .kicked
                        .wait_timeout_while(guard, timeout, |()| !shared.state.is_notified()),
                );
            }
            _ => drop(
                shared
                    .kicked
                    .wait_while(guard, |()| !shared.state.is_notified()),
            ),
        }
        shared.state.finish_park();
        Ok(())
    }
}

impl Unpark for ThreadUnpark {
    fn unpark(&self) {
        if self.state.notify() {
            drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
            self.kicked.notify_one();
        }
    }
}

//! The one place where a thread sleeps: it waits for work, for timers and for sockets.

use std::sync::{Condvar, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::core::{Core, State};
use super::fault::{Fault, broken};
use super::{contain, dropped, faults, lock};

impl Core {
    /// Looks after timers and sockets, and sleeps as long as `idle` says that there is no work.
    ///
    /// One thread drives at a time. The others sleep until something changes; when the driver goes
    /// off to run tasks, one of them takes its place.
    pub(crate) fn drive(&self, idle: impl Fn(&State) -> bool) {
        let mut state = lock(&self.state);
        let elsewhere = |state: &State| state.driven || faults::leaves_driving();
        if elsewhere(&state) {
            while idle(&state) && elsewhere(&state) {
                state = wait(&self.changed, state);
            }
            return;
        }
        let sleeps = idle(&state);
        let timeout = match sleeps {
            true => state.timers.next().map(until),
            false => Some(Duration::ZERO),
        };
        if broken(Fault::WakeBeforeSleepLost) && sleeps {
            // The window between the last look at the queue and the sleep.
            drop(state);
            for _ in 0..50 {
                std::thread::yield_now();
            }
            state = lock(&self.state);
        }
        state.driven = true;
        state.timed = sleeps && timeout.is_some();
        drop(state);

        let mut wakers = Vec::new();
        if sleeps || !broken(Fault::SocketsOnlyWhenIdle) {
            wakers = self.poller.wait(faults::rounded(timeout));
            dropped::go_on();
        }

        let mut state = lock(&self.state);
        state.driven = false;
        state.timed = false;
        if sleeps || !broken(Fault::TimersOnlyWhenIdle) {
            state.timers.take_due(Instant::now(), &mut wakers);
        }
        drop(state);
        // Somebody else may drive while this thread runs what it found.
        self.changed.notify_all();
        for waker in wakers {
            contain(|| waker.wake());
        }
    }
}

fn until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// Waits on a condition; see [`lock`] about poison.
pub(crate) fn wait<'a, T>(changed: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    changed.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

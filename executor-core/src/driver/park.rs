//! The sleep seam: how a loop's thread waits, and how others end the wait.

use std::io;
use std::task::Waker;
use std::time::Instant;

use super::RawSource;

/// How long a [`Park`] driver may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParkUntil {
    /// Not at all: collect what has happened, and return.
    Now,
    /// Until an event, a notification, or this instant.
    Deadline(Instant),
    /// Until an event or a notification.
    Notified,
}

/// The thread's way to sleep; the loop calls it in one place.
///
/// A driver that also watches I/O collects events here, sets the readiness of their
/// [`Source`](super::Source)s, and hands the wakers of those who waited to `wakes`: the loop
/// calls them when the driver has returned, so that no lock of the driver is held.
///
/// An implementor must return at once when [`Unpark::unpark`] has been called since `park` last
/// returned, or is called meanwhile (a token, as with [`std::thread::park`]). It may return for
/// no reason. It must look at its events at least once in every call, also with
/// [`ParkUntil::Now`].
pub trait Park {
    /// Waits as [`ParkUntil`] says, and collects what became ready.
    ///
    /// # Errors
    ///
    /// Only what makes waiting impossible from now on. An interrupted system call is handled
    /// inside.
    fn park(&mut self, until: ParkUntil, wakes: &mut WakeList) -> io::Result<()>;
}

/// Ends the wait of a [`Park`] driver, from any thread.
pub trait Unpark: Send + Sync + 'static {
    /// Makes the current or the next call of [`Park::park`] return.
    ///
    /// It never blocks, and costs no system call unless the thread is asleep.
    fn unpark(&self);
}

/// The wakers that a [`Park`] driver collected, with the source that each waited for.
#[derive(Debug, Default)]
pub struct WakeList {
    entries: Vec<(RawSource, Waker)>,
}

impl WakeList {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the waker of a task that waited for `source`.
    pub fn push(&mut self, source: RawSource, waker: Waker) {
        self.entries.push((source, waker));
    }

    /// How many wakers are in the list.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the list holds no waker.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes the wakers out, in the order of their events.
    pub fn drain(&mut self) -> impl Iterator<Item = (RawSource, Waker)> + '_ {
        self.entries.drain(..)
    }
}

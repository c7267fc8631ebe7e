//! The face of this crate: what a backend owns.

use std::fmt;
use std::io;
use std::sync::Arc;

use executor_core::driver::{Park, ParkUntil, Reactor, Unpark, WakeList};

use crate::{Options, platform};

/// What a loop's thread sleeps in, and what collects I/O events for it.
///
/// It is owned by whoever turns the loop, and may move between threads. Everything that other
/// threads need is behind [`reactor`](Self::reactor) and [`unparker`](Self::unparker).
pub struct Driver {
    parts: Parts,
}

/// A driver's three faces, once the way to wait has been chosen.
pub(crate) struct Parts {
    pub(crate) park: Box<dyn Park + Send>,
    pub(crate) reactor: Arc<dyn Reactor>,
    pub(crate) unpark: Arc<dyn Unpark>,
}

impl Driver {
    /// Opens a driver with nothing registered.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if a look would take no event; what the operating system says,
    /// for instance that the process has no descriptors left: a driver takes three.
    pub fn new(options: &Options) -> io::Result<Self> {
        Ok(Self {
            parts: platform::open(options)?,
        })
    }

    /// The side that I/O objects register with, from any thread.
    pub fn reactor(&self) -> Arc<dyn Reactor> {
        Arc::clone(&self.parts.reactor)
    }

    /// The side that ends the wait, from any thread.
    pub fn unparker(&self) -> Arc<dyn Unpark> {
        Arc::clone(&self.parts.unpark)
    }
}

impl Park for Driver {
    fn park(&mut self, until: ParkUntil, wakes: &mut WakeList) -> io::Result<()> {
        self.parts.park.park(until, wakes)
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("needs_arm", &self.parts.reactor.needs_arm())
            .finish_non_exhaustive()
    }
}

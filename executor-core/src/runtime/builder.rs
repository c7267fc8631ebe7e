//! Putting a runtime together from its parts.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::{Clock, Runtime, SystemClock};
use crate::blocking::BlockingPool;
use crate::driver::{Park, Reactor, Unpark};
use crate::scheduler::Scheduler;

/// The drivers behind a runtime; what a backend supplies.
#[derive(Clone)]
pub struct Drivers {
    /// The backend's name, for messages and tools.
    pub name: &'static str,
    /// Wakes the thread that turns the loop.
    pub unpark: Arc<dyn Unpark>,
    /// Turns readiness into wakes; without one, I/O gives [`io::ErrorKind::Unsupported`].
    pub reactor: Option<Arc<dyn Reactor>>,
    /// What the runtime takes the time from.
    pub clock: Arc<dyn Clock>,
}

impl Drivers {
    /// Drivers without a reactor, on the system's clock.
    pub fn new(name: &'static str, unpark: Arc<dyn Unpark>) -> Self {
        Self {
            name,
            unpark,
            reactor: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// Adds a reactor.
    #[must_use]
    pub fn reactor(mut self, reactor: Arc<dyn Reactor>) -> Self {
        self.reactor = Some(reactor);
        self
    }

    /// Takes the time from another clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

impl std::fmt::Debug for Drivers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Drivers")
            .field("name", &self.name)
            .field("has_reactor", &self.reactor.is_some())
            .finish_non_exhaustive()
    }
}

/// Options of a [`Runtime`] that do not depend on its drivers.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it builds"]
pub struct Builder {
    blocking_threads: usize,
    blocking_keep_alive: Duration,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// The defaults: up to 512 blocking threads that live for ten idle seconds.
    pub const fn new() -> Self {
        Self {
            blocking_threads: 512,
            blocking_keep_alive: Duration::from_secs(10),
        }
    }

    /// The most threads that [`spawn_blocking`](crate::spawn_blocking) starts; beyond, closures
    /// queue. It must be at least 1.
    pub const fn blocking_threads(mut self, threads: usize) -> Self {
        self.blocking_threads = threads;
        self
    }

    /// How long an idle blocking thread lives.
    pub const fn blocking_keep_alive(mut self, keep_alive: Duration) -> Self {
        self.blocking_keep_alive = keep_alive;
        self
    }

    /// Builds a runtime whose loop runs `policy`, and sleeps in `park`.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if an option makes no sense; the message says which.
    pub fn build<S: Scheduler, P: Park>(
        self,
        policy: S,
        park: P,
        drivers: Drivers,
    ) -> io::Result<Runtime<S, P>> {
        let blocking = self.blocking_pool()?;
        Ok(Runtime::from_parts(policy, park, drivers, blocking))
    }

    /// The pool for closures that block, which has no threads yet.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub(crate) fn blocking_pool(&self) -> io::Result<BlockingPool> {
        if self.blocking_threads == 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "`blocking_threads(0)`: the blocking pool needs at least one thread, or \
                 `spawn_blocking` and name look-ups would never run; threads are only started \
                 when they are needed",
            ));
        }
        Ok(BlockingPool::new(
            self.blocking_threads,
            self.blocking_keep_alive,
        ))
    }
}

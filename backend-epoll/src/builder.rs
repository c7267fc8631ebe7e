//! Options for the backend.

use std::io;
use std::time::Duration;

use executor_core::{Drivers, Scheduler};

use crate::Epoll;

/// Options for an [`Epoll`] runtime.
///
/// ```
/// use backend_epoll::Epoll;
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = Epoll::builder()
///     .spin(Duration::ZERO)
///     .blocking_threads(4)
///     .build()?;
/// # runtime.block_on(async {});
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it builds"]
pub struct Builder<S> {
    policy: S,
    core: executor_core::Builder,
    reactor: reactor::Options,
}

impl<S: Scheduler> Builder<S> {
    pub(crate) fn new(policy: S) -> Self {
        Self {
            policy,
            core: executor_core::Builder::new(),
            reactor: reactor::Options::new(),
        }
    }

    /// The policy that picks the next task.
    pub fn scheduler<T: Scheduler>(self, policy: T) -> Builder<T> {
        Builder {
            policy,
            core: self.core,
            reactor: self.reactor,
        }
    }

    /// For how long at most the thread looks for events again and again before it sleeps.
    ///
    /// It saves the time of falling asleep and waking where events follow each other within
    /// microseconds, at the cost of processor time. It adapts: where nothing comes in that time,
    /// it soon stops trying. [`Duration::ZERO`] turns it off.
    pub fn spin(mut self, most: Duration) -> Self {
        self.reactor = self.reactor.spin(most);
        self
    }

    /// How many events one look at the operating system takes at most; at least 1.
    pub fn events(mut self, events: usize) -> Self {
        self.reactor = self.reactor.events(events);
        self
    }

    /// Waits through `polling` alone, as on systems without epoll; for tests and comparisons.
    pub fn portable(mut self, portable: bool) -> Self {
        self.reactor = self.reactor.portable(portable);
        self
    }

    /// The most threads that `spawn_blocking` starts; at least 1.
    pub fn blocking_threads(mut self, threads: usize) -> Self {
        self.core = self.core.blocking_threads(threads);
        self
    }

    /// How long an idle blocking thread lives.
    pub fn blocking_keep_alive(mut self, keep_alive: Duration) -> Self {
        self.core = self.core.blocking_keep_alive(keep_alive);
        self
    }

    /// Builds the runtime.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if an option makes no sense, with a message that says
    /// which; what the operating system says when it refuses a descriptor for the reactor.
    pub fn build(self) -> io::Result<Epoll<S>> {
        let driver = reactor::Driver::new(&self.reactor)?;
        let drivers = Drivers::new("epoll", driver.unparker()).reactor(driver.reactor());
        let runtime = self.core.build(self.policy, driver, drivers)?;
        Ok(Epoll { runtime })
    }
}

//! What a driver can be told.

use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

/// How a [`Driver`](crate::Driver) waits.
///
/// ```
/// use reactor::{Driver, Options};
/// use std::time::Duration;
///
/// let driver = Driver::new(&Options::new().spin(Duration::ZERO))?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) spin: Duration,
    pub(crate) portable: bool,
    events: usize,
}

impl Options {
    /// The most events that one look asks for, and the default.
    ///
    /// More would not be faster: a look that comes back full is repeated.
    pub const MAX_EVENTS: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

    /// The default bound of the spin.
    ///
    /// It is about what it costs two threads to sleep and wake each other once: waiting longer
    /// than that would cost more than the sleep that it saves.
    pub const DEFAULT_SPIN: Duration = Duration::from_micros(50);

    /// The defaults.
    pub const fn new() -> Self {
        Self {
            spin: Self::DEFAULT_SPIN,
            portable: false,
            events: Self::MAX_EVENTS.get(),
        }
    }

    /// Sets how long, at most, a driver looks for events repeatedly before it blocks.
    ///
    /// Within this bound the driver adapts: it goes on while spinning finds something, and stops
    /// while it does not: a peer that shares the processor, say, never answers meanwhile. With zero
    /// it never spins, and every park is one wait.
    #[must_use]
    pub const fn spin(mut self, limit: Duration) -> Self {
        self.spin = limit;
        self
    }

    /// Sets whether the portable way to wait is used also where there is a faster one.
    #[must_use]
    pub const fn portable(mut self, portable: bool) -> Self {
        self.portable = portable;
        self
    }

    /// Sets how many events one look asks for; at least 1, and
    /// [`MAX_EVENTS`](Self::MAX_EVENTS) at most.
    #[must_use]
    pub const fn events(mut self, events: usize) -> Self {
        self.events = events;
        self
    }

    /// How many events one look asks for.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if it would ask for none.
    pub(crate) fn checked_events(&self) -> io::Result<NonZeroUsize> {
        let events = NonZeroUsize::new(self.events).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "`events(0)`: a look at the operating system must take at least one event",
            )
        })?;
        Ok(events.min(Self::MAX_EVENTS))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

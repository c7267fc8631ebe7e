//! What a platform must supply, and the shape in which events come from it.

mod portable;

#[cfg(target_os = "linux")]
mod epoll;

use std::io;
use std::num::NonZeroUsize;

use executor_core::driver::{Interest, ParkUntil, Readiness};

use crate::registration::Enrolled;

#[cfg(target_os = "linux")]
pub(crate) use epoll::Epoll;
pub(crate) use portable::Portable;

/// The operating system's part of a reactor.
///
/// Everything but [`kick`](Self::kick) and [`wait`](Self::wait) is called with the table's lock
/// held, so the kernel's set and the table change together. One thread waits at a time.
pub(crate) trait Selector: Send + Sync + Sized + 'static {
    /// What the waiting thread keeps from one wait to the next.
    type Memory: Send + 'static;

    /// Whether a registration is silent after an event until it is armed anew.
    const REPORTS_ONCE: bool;

    /// Opens a selector whose looks collect at most `events`.
    fn open(events: NonZeroUsize) -> io::Result<(Self, Self::Memory)>;

    /// Watches both directions; what is ready already is an event as well.
    fn add(&self, descriptor: Enrolled, key: usize) -> io::Result<()>;

    /// Asks for one more event; what is ready already is one.
    fn arm(&self, descriptor: Enrolled, key: usize, interests: Interests) -> io::Result<()>;

    /// Watches no more. An event that was collected before may still be reported.
    fn remove(&self, descriptor: Enrolled) -> io::Result<()>;

    /// Waits, and replaces `fired` by the sources' events; `true` if there may be more.
    ///
    /// An interruption by a signal is not the end of the wait.
    fn wait(
        &self,
        memory: &mut Self::Memory,
        until: ParkUntil,
        fired: &mut Vec<Fired>,
    ) -> io::Result<bool>;

    /// Ends the current blocking wait of another thread, or the next one.
    fn kick(&self);
}

/// An event of one source: per direction what became of it, if anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fired {
    pub(crate) key: usize,
    pub(crate) read: Option<Readiness>,
    pub(crate) write: Option<Readiness>,
}

/// The flags of both, where there are any.
pub(crate) fn join(flags: impl IntoIterator<Item = (bool, Readiness)>) -> Option<Readiness> {
    flags
        .into_iter()
        .filter_map(|(is_set, readiness)| is_set.then_some(readiness))
        .reduce(Readiness::and)
}

/// A set of directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interests {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

impl Interests {
    pub(crate) const BOTH: Self = Self {
        read: true,
        write: true,
    };

    pub(crate) fn insert(&mut self, interest: Interest) {
        match interest {
            Interest::Readable => self.read = true,
            Interest::Writable => self.write = true,
        }
    }

    /// Takes the directions out that the event reports.
    pub(crate) fn remove(&mut self, event: &Fired) {
        self.read &= event.read.is_none();
        self.write &= event.write.is_none();
    }

    pub(crate) fn is_empty(self) -> bool {
        !self.read && !self.write
    }
}

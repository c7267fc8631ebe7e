//! A descriptor, and its registration with a reactor.
//!
//! This is the crate's only file with unsafe code. Both blocks rest on one promise: *the
//! descriptor that a [`Registration`] names is open for as long as the registration exists.* It
//! holds by construction. A `Registration` is made here only, from an object that owns or borrows
//! a descriptor, and lives in a [`Registered`] beside that object. The object is reached by shared
//! reference only, so what it lent at the beginning it cannot close before it is moved out or
//! dropped; and both [`Registered::into_inner`] and the order of the fields see to it that the
//! registration goes first.
//!
//! A source is registered once in its life, when an operation would block for the first time: a
//! short connection may never come to it.
#![allow(
    unsafe_code,
    reason = "names a descriptor to the reactor, and borrows it, while its owner is held"
)]

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use executor_core::Handle;
use executor_core::driver::{Interest, RawSource, Reactor, Source, SourceKey};

/// A socket of the operating system, and its registration.
pub(crate) type Socket = Registered<OwnedFd>;

/// What a read that did not fill its buffer says about the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShortRead {
    /// That it would block: the source is one plain stream of bytes.
    Drains,
    /// Nothing: a datagram, or something that a read does not cross, was shorter.
    SaysNothing,
}

/// An object with a descriptor, and the descriptor's registration.
pub(crate) struct Registered<T> {
    /// Declared before `io`, and so dropped before it: the registration ends first.
    registration: Registration,
    io: T,
}

/// The registration of a descriptor that is open; made when it is first needed.
pub struct Registration {
    reactor: Arc<dyn Reactor>,
    raw: RawFd,
    short_read: ShortRead,
    needs_arm: bool,
    /// Held while the registration is made, so that two tasks do not both make it.
    making: Mutex<()>,
    entry: OnceLock<Entry>,
}

/// What a registered source waits with.
pub(crate) struct Entry {
    pub(crate) source: Arc<Source>,
    key: SourceKey,
}

impl<T: AsFd> Registered<T> {
    /// Takes a descriptor's owner, to be watched by `reactor`.
    pub(crate) fn new(reactor: Arc<dyn Reactor>, io: T, short_read: ShortRead) -> Self {
        let registration = Registration {
            needs_arm: reactor.needs_arm(),
            reactor,
            raw: io.as_fd().as_raw_fd(),
            short_read,
            making: Mutex::new(()),
            entry: OnceLock::new(),
        };
        Self { registration, io }
    }
}

impl<T> Registered<T> {
    /// The object itself.
    pub(crate) fn get_ref(&self) -> &T {
        &self.io
    }

    /// The registration of its descriptor.
    pub(crate) fn registration(&self) -> &Registration {
        &self.registration
    }

    /// Ends the registration, and gives the object back.
    pub(crate) fn into_inner(self) -> io::Result<T> {
        let Self {
            mut registration,
            io,
        } = self;
        registration.end()?;
        Ok(io)
    }
}

impl Registration {
    /// The descriptor.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the descriptor is open as long as `self` exists; see the head of this file.
        unsafe { BorrowedFd::borrow_raw(self.raw) }
    }

    /// The reactor that watches the descriptor, for sockets that come from this one.
    pub(crate) fn reactor(&self) -> &Arc<dyn Reactor> {
        &self.reactor
    }

    /// Whether a read that did not fill its buffer has emptied the source.
    pub(crate) fn is_drained_by_short_read(&self) -> bool {
        self.short_read == ShortRead::Drains
    }

    /// The entry at the reactor, if there is one yet.
    pub(crate) fn entry(&self) -> Option<&Entry> {
        self.entry.get()
    }

    /// Registers the descriptor, if no other task has done so, after an operation in the
    /// direction `blocked` would have blocked.
    pub(crate) fn register(&self, blocked: Interest) -> io::Result<()> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if self.entry.get().is_some() {
            return Ok(());
        }
        let source = Arc::new(Source::new());
        // Before the registration: the reactor reports what is ready from then on, so nothing
        // that came after the operation is cleared here.
        source.clear_all(blocked, source.readiness(blocked));
        // SAFETY: the descriptor is open as long as `self` exists (see the head of this file),
        // and `end` deregisters it before `self` goes.
        let key = unsafe { self.reactor.register(self.raw_source(), &source)? };
        self.entry.get_or_init(|| Entry { source, key });
        Ok(())
    }

    /// Asks for the next event, where the reactor wants to be asked.
    pub(crate) fn arm(&self, entry: &Entry, interest: Interest) -> io::Result<()> {
        if !self.needs_arm {
            return Ok(());
        }
        self.reactor.arm(self.raw_source(), entry.key, interest)
    }

    fn end(&mut self) -> io::Result<()> {
        match self.entry.take() {
            Some(entry) => self.reactor.deregister(self.raw_source(), entry.key),
            None => Ok(()),
        }
    }

    fn raw_source(&self) -> RawSource {
        // An open descriptor is never negative.
        RawSource::new(u64::from(self.raw.unsigned_abs()))
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // The registration is gone also when the system complains, and a drop has nobody to tell.
        let _ = self.end();
    }
}

impl<T: fmt::Debug> fmt::Debug for Registered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("fd", &self.raw)
            .field("registered", &self.entry.get().is_some())
            .finish_non_exhaustive()
    }
}

/// The reactor of the current runtime.
pub(crate) fn current_reactor() -> io::Result<Arc<dyn Reactor>> {
    reactor_of(&Handle::current()?)
}

/// The reactor of a runtime.
pub(crate) fn reactor_of(handle: &Handle) -> io::Result<Arc<dyn Reactor>> {
    handle.reactor().map(Arc::clone)
}

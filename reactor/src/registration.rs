//! Registering, deregistering, and the promise about descriptors that both rest on.
//!
//! This is the crate's only file with unsafe code. The promise is the one in
//! [`Reactor::register`]: a descriptor stays open until it has been deregistered. An
//! [`Enrolled`] stands for it. It is made here only, lives in the table's entry, and is used only
//! while the table's lock is held with the entry in the table. So it never outlives the promise:
//! whoever ends the registration takes the entry out under the same lock, and `deregister`
//! returns after that.
#![allow(
    unsafe_code,
    reason = "borrows descriptors on the word of the reactor's callers"
)]

use std::io;
use std::mem;
use std::sync::Arc;
use std::task::Waker;

use executor_core::driver::{Interest, RawSource, Reactor, Source, SourceKey};
use polling::{Event, PollMode, Poller};

use crate::errors;
use crate::hub::Hub;
use crate::selector::Selector;

/// A descriptor that is open, and that is taken out of every selector before it is closed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Enrolled(os::Borrowed);

impl Enrolled {
    /// The descriptor, for the operating system's calls.
    pub(crate) fn descriptor(self) -> os::Borrowed {
        self.0
    }

    /// Adds the descriptor to a poller of the portable path.
    pub(crate) fn add_to(self, poller: &Poller, event: Event) -> io::Result<()> {
        // SAFETY: the poller asks that the descriptor be deleted from it before it is closed. An
        // `Enrolled` stands for a caller who deregisters first, which deletes it.
        unsafe { poller.add_with_mode(&self.0, event, PollMode::Oneshot) }
    }
}

impl<S: Selector> Reactor for Hub<S> {
    unsafe fn register(&self, raw: RawSource, source: &Arc<Source>) -> io::Result<SourceKey> {
        // SAFETY: the caller promises that `raw` is open, and stays open until `deregister` has
        // been called; the borrow goes into the table's entry and ends with it.
        let descriptor = unsafe { os::borrow(raw) }.ok_or_else(|| errors::not_a_descriptor(raw))?;
        let enrolled = Enrolled(descriptor);
        let mut table = self.table();
        let key = table.insert(raw, enrolled, source)?;
        // Still under the lock, so that an event that comes at once finds its entry, and `close`
        // sees either both the entry and the kernel's registration or neither.
        match self.selector.add(enrolled, key) {
            Ok(()) => Ok(SourceKey::new(key as u64)),
            Err(error) => {
                let entry = table.remove(raw, key);
                drop(table);
                drop(entry);
                Err(errors::refused(raw, error))
            }
        }
    }

    fn deregister(&self, raw: RawSource, key: SourceKey) -> io::Result<()> {
        let mut table = self.table();
        let Some(entry) = table.remove(raw, key.get() as usize) else {
            return table.missing(raw);
        };
        let removed = self.selector.remove(entry.descriptor);
        drop(table);
        // Dropped after the lock: the source may be the last of its kind, and the drop of the
        // wakers in it may run user code.
        drop(entry);
        removed
    }

    fn arm(&self, raw: RawSource, key: SourceKey, interest: Interest) -> io::Result<()> {
        if !S::REPORTS_ONCE {
            return Ok(());
        }
        let mut table = self.table();
        let Some(entry) = table.entry(key.get() as usize).filter(|e| e.raw == raw) else {
            return table.missing(raw);
        };
        entry.armed.insert(interest);
        self.selector
            .arm(entry.descriptor, key.get() as usize, entry.armed)
    }

    fn needs_arm(&self) -> bool {
        S::REPORTS_ONCE
    }

    fn close(&self, wakers: &mut Vec<Waker>) {
        let mut table = self.table();
        let entries = table.close();
        for entry in &entries {
            // A failure leaves a registration whose events find no entry and are dropped.
            let _ = self.selector.remove(entry.descriptor);
            entry.source.shut_down(wakers);
        }
        drop(table);
        // As in `deregister`, no source is dropped with the lock held.
        mem::drop(entries);
    }
}

#[cfg(unix)]
mod os {
    use std::os::fd::{BorrowedFd, RawFd};

    use executor_core::driver::RawSource;

    pub(crate) type Borrowed = BorrowedFd<'static>;

    /// Borrows a descriptor; `None` if the number cannot be one.
    ///
    /// # Safety
    ///
    /// The descriptor is open, and stays open as long as the borrow is used.
    pub(super) unsafe fn borrow(raw: RawSource) -> Option<Borrowed> {
        let fd = RawFd::try_from(raw.get()).ok()?;
        // SAFETY: the caller vouches for it, and a number that came from a `u64` is not -1.
        Some(unsafe { BorrowedFd::borrow_raw(fd) })
    }
}

#[cfg(windows)]
mod os {
    use std::os::windows::io::{BorrowedSocket, RawSocket};

    use executor_core::driver::RawSource;

    pub(crate) type Borrowed = BorrowedSocket<'static>;

    /// Borrows a socket; `None` if the number cannot be one.
    ///
    /// # Safety
    ///
    /// The socket is open, and stays open as long as the borrow is used.
    pub(super) unsafe fn borrow(raw: RawSource) -> Option<Borrowed> {
        let socket = RawSocket::try_from(raw.get()).ok()?;
        if socket == RawSocket::MAX {
            return None;
        }
        // SAFETY: the caller vouches for it, and the number is not `INVALID_SOCKET`.
        Some(unsafe { BorrowedSocket::borrow_raw(socket) })
    }
}

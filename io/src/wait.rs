//! The one loop behind every operation: try it, and wait when it would block.

use std::io;
use std::os::fd::BorrowedFd;
use std::task::{Context, Poll, ready};

use executor_core::coop;
use executor_core::driver::{Interest, Readiness, WaiterKey};

use crate::error;
use crate::registration::{Entry, Registration};

/// What one attempt at an operation achieved.
#[derive(Debug)]
pub(crate) struct Step<R> {
    result: Option<R>,
    short: bool,
}

impl<R> Step<R> {
    /// The operation is done.
    pub(crate) fn done(result: R) -> Self {
        Self {
            result: Some(result),
            short: false,
        }
    }

    /// There was progress, and more is to be done.
    pub(crate) fn more() -> Self {
        Self {
            result: None,
            short: false,
        }
    }

    /// Notes whether fewer bytes were transferred than asked for.
    pub(crate) fn short(self, short: bool) -> Self {
        Self { short, ..self }
    }
}

/// Where a task that waits leaves its waker.
#[derive(Debug)]
pub(crate) enum Place<'a> {
    /// In the direction's only place: for the `poll_*` methods, the latest waker wins.
    Owner,
    /// In a place of its own, so that others may wait for the same.
    Own(&'a mut WaiterKey),
}

/// One future that waits for one direction of a source.
#[derive(Debug)]
pub(crate) struct Wait<'a> {
    registration: &'a Registration,
    interest: Interest,
    key: WaiterKey,
}

impl<'a> Wait<'a> {
    pub(crate) fn new(registration: &'a Registration, interest: Interest) -> Self {
        Self {
            registration,
            interest,
            key: WaiterKey::new(),
        }
    }

    /// See [`Registration::poll_io`].
    pub(crate) fn poll<R>(
        &mut self,
        cx: &mut Context<'_>,
        attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<Step<R>>,
    ) -> Poll<io::Result<R>> {
        let place = Place::Own(&mut self.key);
        self.registration.poll_io(self.interest, cx, place, attempt)
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if let Some(entry) = self.registration.entry() {
            entry.source.forget(self.interest, &mut self.key);
        }
    }
}

impl Registration {
    /// Attempts an operation until it is done, fails, or would block.
    ///
    /// The attempt comes first, and is waited for only when it would block. The loop is bounded
    /// by the task's budget; outside of a loop that has one, by the events that come.
    #[inline]
    pub(crate) fn poll_io<R>(
        &self,
        interest: Interest,
        cx: &mut Context<'_>,
        mut place: Place<'_>,
        mut attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<Step<R>>,
    ) -> Poll<io::Result<R>> {
        loop {
            let seen = match self.entry() {
                Some(entry) => {
                    let seen = ready!(self.poll_entry(entry, interest, cx, &mut place))?;
                    Some((entry, seen))
                }
                None => None,
            };
            // Only now: a task that waits for many sources must not lose its budget to those
            // that are not ready.
            ready!(coop::poll_proceed(cx));
            match attempt(self.fd()) {
                Ok(step) => {
                    if let (true, Some((entry, seen))) = (step.short, seen) {
                        self.note_short(entry, interest, seen);
                    }
                    if let Some(result) = step.result {
                        return Poll::Ready(Ok(result));
                    }
                }
                Err(error) => match (error.kind(), seen) {
                    (io::ErrorKind::Interrupted, _) => {}
                    (io::ErrorKind::WouldBlock, Some((entry, seen))) => {
                        entry.source.clear_all(interest, seen);
                    }
                    (io::ErrorKind::WouldBlock, None) => self.register(interest)?,
                    _ => return Poll::Ready(Err(error)),
                },
            }
        }
    }

    /// Waits until the source may be ready; an error if it never will be again.
    fn poll_entry(
        &self,
        entry: &Entry,
        interest: Interest,
        cx: &mut Context<'_>,
        place: &mut Place<'_>,
    ) -> Poll<io::Result<Readiness>> {
        let polled = match place {
            Place::Owner => entry.source.poll_ready(interest, cx),
            Place::Own(key) => entry.source.poll_ready_shared(interest, cx, key),
        };
        match polled {
            Poll::Ready(seen) if seen.is_shut_down() => Poll::Ready(Err(error::shut_down())),
            Poll::Ready(seen) => Poll::Ready(Ok(seen)),
            Poll::Pending => {
                self.arm(entry, interest)?;
                Poll::Pending
            }
        }
    }

    /// Spares the next operation a system call that would find nothing.
    fn note_short(&self, entry: &Entry, interest: Interest, seen: Readiness) {
        if interest == Interest::Writable || self.is_drained_by_short_read() {
            entry.source.clear_ready(interest, seen);
        }
    }
}

#[cfg(test)]
mod fake_reactor;
#[cfg(test)]
mod tests;

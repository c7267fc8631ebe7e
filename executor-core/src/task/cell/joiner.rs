//! The place in a task's cell for the waker of whoever awaits the task, and its handle's part in
//! the protocol of [`State`].
//!
//! At home the handle and the loop are on one thread, so the handle changes the place as it likes.
//! Away it makes the place `BUSY` first, and leaves it afterwards; if the task ends meanwhile the
//! loop keeps off, and the handle finds the task complete when it leaves.

#![allow(
    unsafe_code,
    reason = "a waker is kept in two words that may be read while they are written"
)]

use std::ptr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::task::{RawWakerVTable, Waker};

use super::state::{BUSY, COMPLETE, DETACHED, GONE, MERGED, ONE, State, TOUCHED};
use crate::sync::AtomicPtr;

/// Room for one waker, in two words.
///
/// The words are atomic because the loop may look at them while the handle, on another thread,
/// is about to change them; what it saw then is thrown away. Who owns what is there is decided by
/// the word in [`State`], whose orderings publish it, so Relaxed is enough everywhere here.
pub(crate) struct Joiner {
    data: AtomicPtr<()>,
    /// Null for an empty place.
    table: AtomicPtr<RawWakerVTable>,
}

/// What was in the place when it was looked at.
pub(super) struct Glimpse {
    data: *const (),
    table: *const RawWakerVTable,
}

/// What became of a handle that was dropped.
pub(crate) enum Detached {
    /// The task drops its output when it ends, and the handle's reference is gone. The joiner's
    /// waker is to be dropped, and the task to be freed if so it says.
    Early(Option<Waker>, bool),
    /// The task has ended: the output is the handle's to drop, and then its reference to release.
    Late,
}

/// Wakers that are of no use any more; to drop them may run user code.
pub(crate) type Unused = [Option<Waker>; 2];

impl State {
    /// Whether `waker` is the one that will be woken at the end; for the handle.
    pub(crate) fn is_awaited_by(&self, waker: &Waker) -> bool {
        // Nobody but the handle changes the place, so it sees what it put there.
        let seen = self.joiner.glimpse();
        ptr::eq(seen.table, waker.vtable()) && seen.data == waker.data()
    }

    /// Leaves the waker to be woken at the end; an error if that has come already.
    ///
    /// # Safety
    ///
    /// At home, for the handle.
    pub(crate) unsafe fn await_home(&self, waker: Waker) -> Result<Unused, Unused> {
        if self.home.get() & MERGED != 0 {
            return Err([Some(waker), None]);
        }
        // SAFETY: the loop takes the waker when it ends the task, on this very thread.
        Ok([unsafe { self.joiner.replace(Some(waker)) }, None])
    }

    /// As [`await_home`](Self::await_home), from anywhere.
    ///
    /// # Safety
    ///
    /// For the handle.
    pub(crate) unsafe fn await_away(&self, waker: Waker) -> Result<Unused, Unused> {
        // Acquire pairs with the Release in `try_complete`, so that the output is there.
        if self.away.fetch_or(TOUCHED | BUSY, Acquire) & COMPLETE != 0 {
            return Err([Some(waker), None]);
        }
        // SAFETY: the loop keeps off a place that is busy, and the waker in it is the handle's.
        let old = unsafe { self.joiner.replace(Some(waker)) };
        // Release publishes the waker to the Acquire in `try_complete`; Acquire as above.
        if self.away.fetch_and(!BUSY, AcqRel) & COMPLETE == 0 {
            return Ok([old, None]);
        }
        // SAFETY: the loop found the place busy, and never looks again.
        Err([old, unsafe { self.joiner.replace(None) }])
    }

    /// Lets go of the task, whose output nobody takes now.
    ///
    /// # Safety
    ///
    /// At home, for the handle, which is used up unless the task has ended.
    pub(crate) unsafe fn detach_home(&self) -> Detached {
        let word = self.home.get();
        if word & MERGED != 0 {
            return Detached::Late;
        }
        self.home.set(word.wrapping_sub(ONE) | DETACHED);
        // SAFETY: the loop, on this very thread, finds that the task is detached.
        Detached::Early(unsafe { self.joiner.replace(None) }, false)
    }

    /// As [`detach_home`](Self::detach_home), from anywhere.
    ///
    /// # Safety
    ///
    /// For the handle, which is used up unless the task has ended.
    pub(crate) unsafe fn detach_away(&self) -> Detached {
        // Acquire pairs with the Release in `try_complete`, so that the output is there.
        if self.away.fetch_or(GONE, Acquire) & COMPLETE != 0 {
            return Detached::Late;
        }
        // SAFETY: the loop finds that the handle has gone, and keeps off its place.
        let joiner = unsafe { self.joiner.replace(None) };
        Detached::Early(joiner, self.release_away())
    }
}

impl Joiner {
    pub(super) fn new() -> Self {
        Self {
            data: AtomicPtr::new(ptr::null_mut()),
            table: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Looks at the place without a claim to what is in it.
    pub(super) fn glimpse(&self) -> Glimpse {
        Glimpse {
            data: self.data.load(Relaxed),
            table: self.table.load(Relaxed),
        }
    }

    /// Exchanges what is in the place.
    ///
    /// # Safety
    ///
    /// The place is the caller's: nobody else changes it, nor takes what it saw there.
    pub(super) unsafe fn replace(&self, waker: Option<Waker>) -> Option<Waker> {
        let old = self.glimpse();
        let (data, table) = match &waker {
            Some(waker) => (waker.data(), ptr::from_ref(waker.vtable())),
            None => (ptr::null(), ptr::null()),
        };
        std::mem::forget(waker);
        self.data.store(data.cast_mut(), Relaxed);
        self.table.store(table.cast_mut(), Relaxed);
        // SAFETY: what was in the place was the caller's, and is there no more.
        unsafe { old.into_waker() }
    }
}

impl Glimpse {
    /// The waker that was there.
    ///
    /// # Safety
    ///
    /// The place was the caller's when it looked, and nobody else takes the waker.
    pub(super) unsafe fn into_waker(self) -> Option<Waker> {
        // SAFETY: what is not null is the table of a waker, which is static.
        let table = unsafe { self.table.as_ref() }?;
        // SAFETY: both are the parts of a waker that `replace` forgot and that is the caller's.
        Some(unsafe { Waker::new(self.data, table) })
    }
}

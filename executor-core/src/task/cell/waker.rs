//! Wakers: one table for all tasks that belong to a loop, whatever their futures are.

#![allow(unsafe_code, reason = "a waker is made of a pointer and a table")]

use std::mem::ManuallyDrop;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::CellRef;
use super::state::{Received, Reference};
use crate::context::{self, LoopCore};
use crate::runtime::Message;
use crate::scheduler::Cause;
use crate::task::Ready;

static TABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, release);

/// # Safety
///
/// For this and the next: `data` stands for a reference to a cell, which is the waker's.
unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: as the caller promises; the waker keeps its own reference.
    let cell = ManuallyDrop::new(unsafe { CellRef::from_raw(data) });
    RawWaker::new(CellRef::clone(&cell).into_raw().as_ptr(), &TABLE)
}

/// # Safety
///
/// As for [`clone`].
unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: as the caller promises; the waker keeps its own reference.
    ManuallyDrop::new(unsafe { CellRef::from_raw(data) }).wake_by_ref();
}

/// # Safety
///
/// As for [`clone`]; the waker, and its reference, are used up.
unsafe fn wake(data: *const ()) {
    // SAFETY: as the caller promises.
    unsafe { CellRef::from_raw(data) }.wake();
}

/// # Safety
///
/// As for [`wake`].
unsafe fn release(data: *const ()) {
    // SAFETY: as the caller promises.
    drop(unsafe { CellRef::from_raw(data) });
}

impl CellRef {
    /// A waker with a reference of its own.
    pub(in crate::task) fn waker(&self) -> Waker {
        // SAFETY: it does not outlive this call; the clone counts for itself.
        Waker::clone(&*unsafe { self.borrowed_waker() })
    }

    /// A waker without a reference of its own.
    ///
    /// # Safety
    ///
    /// This reference outlives it.
    #[inline]
    pub(super) unsafe fn borrowed_waker(&self) -> ManuallyDrop<Waker> {
        // SAFETY: the functions of the table may be called from anywhere, with a pointer that
        // stands for a reference: this one, which `ManuallyDrop` keeps from being released.
        ManuallyDrop::new(unsafe { Waker::new(self.as_raw(), &TABLE) })
    }

    #[inline]
    pub(super) fn wake_by_ref(&self) {
        context::with_home(self.core(), |local| {
            let Some(local) = local else {
                return self.wake_by_ref_away();
            };
            // SAFETY: at home, with a reference.
            if unsafe { self.state().wake_home(Reference::Borrowed) } {
                // A reference was counted for the token.
                local.push(Ready::own(Self(self.0)), Cause::Wake);
            }
        });
    }

    #[inline]
    fn wake(self) {
        context::with_home(self.core(), |local| {
            let Some(local) = local else {
                return self.wake_away();
            };
            // SAFETY: at home, with a reference, which is the token's if one is due.
            if unsafe { self.state().wake_home(Reference::Owned) } {
                local.push(Ready::own(self), Cause::Wake);
            }
        });
    }

    #[cold]
    fn wake_by_ref_away(&self) {
        if self.state().wake_away() {
            Self::clone(self).send_home();
        }
    }

    #[cold]
    fn wake_away(self) {
        if self.state().wake_away() {
            self.send_home();
        }
    }

    /// Sends the message that is due for a wake.
    fn send_home(self) {
        // The loop keeps its core until the message has come. Once that is sent it may come at any
        // moment, so a counted reference keeps the core until the notification is out.
        let core = self.core().upgrade();
        if let Err(refused) = core.send(Message::Wake(Woken(self))) {
            // The loop has closed its inbox: it is about to end the task, or has done so. Either
            // way it counts on the message, so it is told before the reference goes.
            core.note_lost_wake();
            drop(refused);
        }
    }
}

/// A task that was woken away from its home, on its way there.
pub(crate) struct Woken(CellRef);

impl Woken {
    /// Wakes the task at home; on its own loop, in between polls.
    pub(crate) fn receive(self, local: &LoopCore) {
        // SAFETY: the loop received it, which it does in between polls.
        match unsafe { self.0.state().receive_home() } {
            Received::Schedule => local.push(Ready::own(self.0), Cause::Remote),
            Received::Release => {}
            Received::Late => local.note_late_wake(),
        }
    }
}

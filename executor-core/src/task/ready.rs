//! The token that a policy holds for a task that is scheduled.

#![allow(unsafe_code, reason = "a token ends in another way than its reference")]

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;

use super::cell::{self, CellRef};
use super::current::TaskRef;
use super::error::CancelReason;
use super::{TaskHeader, TaskId};
use crate::context::{self, LoopCore};
use crate::scheduler::RunEnd;

/// A scheduled task; it exists if and only if the task is scheduled.
///
/// A policy keeps it, orders it by what the [`TaskHeader`] says (it derefs to it), and gives it
/// back from `pop`. It is 8 bytes, and there is exactly one for each scheduled task. A policy can
/// neither run nor lose it: a `Ready` that is dropped goes back to the loop, which queues the
/// task anew and counts a fault.
pub struct Ready(ManuallyDrop<CellRef>);

impl Ready {
    /// `cell` is the reference that was counted when the task was scheduled.
    #[inline]
    pub(super) fn new(cell: CellRef) -> Self {
        Self(ManuallyDrop::new(cell))
    }

    /// The header of the task.
    pub fn header(&self) -> &TaskHeader {
        self.0.header()
    }

    /// The task's name among all tasks of the process.
    pub fn id(&self) -> TaskId {
        self.header().id()
    }

    /// Polls the task once, on its own loop, `local`.
    #[inline]
    pub(crate) fn run(self, local: &LoopCore) -> RunEnd {
        cell::run(self.into_cell(), local)
    }

    /// Ends the task without polling it, on its own loop: the future is dropped here and now, and
    /// whoever joins the task is told why.
    pub(crate) fn discard(self, reason: CancelReason, local: &LoopCore) {
        self.header().abort(reason);
        self.run(local);
    }

    /// Lets go of a token that means nothing any more.
    pub(crate) fn lapse(self) {
        drop(self.into_cell());
    }

    /// Whether the task has ended, which happens to one that has a token only at shutdown.
    pub(crate) fn has_lapsed(&self) -> bool {
        self.0.is_finished()
    }

    /// A counted reference to the task.
    pub(crate) fn task_ref(&self) -> TaskRef {
        TaskRef::new(self.0.waker(), NonNull::from(self.header()))
    }

    #[inline]
    fn into_cell(self) -> CellRef {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: it is taken once, as the token ends here, and is not dropped.
        unsafe { ManuallyDrop::take(&mut this.0) }
    }
}

impl Deref for Ready {
    type Target = TaskHeader;

    #[inline]
    fn deref(&self) -> &TaskHeader {
        self.header()
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        // SAFETY: it is taken once, as this token ends here.
        context::rescue(Self::new(unsafe { ManuallyDrop::take(&mut self.0) }));
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ready").field(self.header()).finish()
    }
}

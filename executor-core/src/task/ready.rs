//! The token that a policy holds for a task that is scheduled.

#![allow(
    unsafe_code,
    reason = "a token of either kind in one word, which ends in another way than its reference"
)]

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;

use super::cell::{self, CellRef};
use super::current::TaskRef;
use super::error::CancelReason;
use super::shared::{Job, SharedRegistry};
use super::{TaskHeader, TaskId};
use crate::context::{self, LoopCore};
use crate::scheduler::RunEnd;

/// A scheduled task; it exists if and only if the task is scheduled.
///
/// A policy keeps it, orders it by what the [`TaskHeader`] says (it derefs to it), and gives it
/// back from `pop`. It is 8 bytes, and there is exactly one for each scheduled task. A policy can
/// neither run nor lose it: a `Ready` that is dropped goes back to the loop, which queues the
/// task anew and counts a fault.
pub struct Ready(NonNull<()>);

/// Marks the pointer of a shared task; both kinds of allocation begin at a multiple of 8.
const SHARED: usize = 1;

/// What a pointer stands for.
enum Token {
    /// The reference to a loop's own task that was counted when it was scheduled.
    Own(CellRef),
    /// A task that several threads may run.
    Shared(Job),
}

// SAFETY: both kinds of token may be sent to other threads; who may run them is for the functions
// to say that do so.
unsafe impl Send for Ready {}
// SAFETY: a shared token only lends the header, which is `Sync`.
unsafe impl Sync for Ready {}

impl Ready {
    /// `cell` is the reference that was counted when the task was scheduled.
    #[inline]
    pub(super) fn own(cell: CellRef) -> Self {
        Self(cell.into_raw())
    }

    #[inline]
    pub(crate) fn shared(job: Job) -> Self {
        Self(job.into_raw().map_addr(|addr| addr | SHARED))
    }

    /// The header of the task.
    #[inline]
    pub fn header(&self) -> &TaskHeader {
        let token = self.borrow();
        let header = NonNull::from(match &*token {
            Token::Own(cell) => cell.header(),
            Token::Shared(job) => job.header(),
        });
        // SAFETY: the header lies in the task's allocation, which this token keeps, and is never
        // borrowed exclusively.
        unsafe { header.as_ref() }
    }

    /// The task's name among all tasks of the process.
    pub fn id(&self) -> TaskId {
        self.header().id()
    }

    /// Whether any worker of the task's pool may run it; if not, only its own loop may.
    #[inline]
    pub(crate) fn is_shared(&self) -> bool {
        self.0.addr().get() & SHARED != 0
    }

    /// Polls the task once, on `local`, which must be its own loop or one of its pool's.
    #[inline]
    pub(crate) fn run(self, local: &LoopCore) -> RunEnd {
        match self.into_token() {
            Token::Own(cell) => cell::run(cell, local),
            Token::Shared(job) => local.run_shared(job),
        }
    }

    /// Ends the task without polling it, on its own loop: the future is dropped here and now, and
    /// whoever joins the task is told why.
    pub(crate) fn discard(self, reason: CancelReason, local: &LoopCore) {
        self.header().abort(reason);
        self.run(local);
    }

    /// Ends a shared task likewise, on no loop; `registry` is that of its pool.
    ///
    /// # Panics
    ///
    /// If the task belongs to one loop.
    pub(crate) fn discard_shared(self, reason: CancelReason, registry: &SharedRegistry) {
        self.header().abort(reason);
        match self.into_token() {
            Token::Own(_) => unreachable!("a loop's own task ends on that loop"),
            Token::Shared(job) => job.run_registered(registry),
        };
    }

    /// Lets go of the token of a loop's own task that means nothing any more.
    pub(crate) fn lapse(self) {
        match self.into_token() {
            Token::Own(cell) => drop(cell),
            Token::Shared(_) => unreachable!("the token of a shared task never lapses"),
        }
    }

    /// Whether the task has ended, which happens to one that has a token only at shutdown.
    pub(crate) fn has_lapsed(&self) -> bool {
        match &*self.borrow() {
            Token::Own(cell) => cell.is_finished(),
            Token::Shared(_) => false,
        }
    }

    /// A counted reference to the task.
    pub(crate) fn task_ref(&self) -> TaskRef {
        match &*self.borrow() {
            Token::Own(cell) => TaskRef::new(cell.waker(), NonNull::from(self.header())),
            Token::Shared(job) => job.task_ref(),
        }
    }

    /// Leaves the token to the pointer.
    #[inline]
    pub(super) fn into_raw(self) -> NonNull<()> {
        ManuallyDrop::new(self).0
    }

    /// Takes over the token that the pointer stands for.
    ///
    /// # Safety
    ///
    /// `pointer` comes from [`into_raw`](Self::into_raw), and this is called once with it.
    #[inline]
    pub(super) unsafe fn from_raw(pointer: NonNull<()>) -> Self {
        Self(pointer)
    }

    #[inline]
    fn into_token(self) -> Token {
        let this = ManuallyDrop::new(self);
        ManuallyDrop::into_inner(this.borrow())
    }

    /// What the pointer stands for, while the token is there.
    #[inline]
    fn borrow(&self) -> ManuallyDrop<Token> {
        let pointer = self.0;
        ManuallyDrop::new(if self.is_shared() {
            let pointer = pointer.as_ptr().map_addr(|addr| addr & !SHARED);
            // SAFETY: without the mark it is what `Job::into_raw` gave.
            Token::Shared(unsafe { Job::from_raw(NonNull::new_unchecked(pointer)) })
        } else {
            // SAFETY: it is what `CellRef::into_raw` gave.
            Token::Own(unsafe { CellRef::from_raw(pointer.as_ptr()) })
        })
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
        context::rescue(Self(self.0));
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ready").field(self.header()).finish()
    }
}

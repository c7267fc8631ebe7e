//! The cell of a task that belongs to one loop: its future is polled and dropped by that loop.
//!
//! A cell is one allocation: a [`State`], the [`Table`] of what depends on the future's type, the
//! [`TaskHeader`], and the future or its output. It is shared by counting; the protocol, and what
//! *home* and *away* mean, stand at the head of `state.rs`. The grounds that the arguments in this
//! folder rest on:
//!
//! 1. A [`CellRef`] holds one reference. While there is one the cell is there, and all but its
//!    body and the plain word of its state may be used from anywhere.
//! 2. The plain word is used at home only. At home is who runs inside the frame of the loop whose
//!    core the header names ([`context::with_home`]), or owns that loop, on the loop's own thread
//!    either way; and, before that, the one thread that has made the cell and not shown it yet. A
//!    spawner shows the handle after it has sent the task off, so the two never meet.
//! 3. A core is told by its address, and a later one may lie where a dead one did, its loop be
//!    taken for the home of the dead one's tasks. But a loop lets go of its core only when each of
//!    its tasks has been completed, hence merged. All that the new loop then does with the plain
//!    word is to read it, find it merged, and go the way of those away.
//! 4. The body is the loop's until the task is complete, and the handle's from then on. If the
//!    handle has gone before, the loop drops the output. So a future never leaves its loop's
//!    thread, an output goes where its handle does, and whoever frees a cell finds its body empty.
//! 5. The exception is a task that no loop takes: it is ended by its spawner, before anybody else
//!    has seen it, on the spawner's thread. To end it is to drop the future, which never left.
//! 6. A reference that a function was given must be good until the function returns, and a cell may
//!    go as soon as its reference is released, which is inside of some function. So what is passed
//!    on from where that happens is a copy ([`CoreRef`]), or a [`State`], which is atomics and cells
//!    throughout: no promise is made of those.

#![allow(
    unsafe_code,
    reason = "a task's one allocation, whose parts have different owners at different times"
)]

mod body;
mod join;
mod joiner;
mod run;
mod state;
mod waker;

use std::future::Future;
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};

use self::body::{Table, Whole};
use self::state::State;
use super::{Ready, TaskHeader};
use crate::context;
use crate::runtime::CoreRef;

pub(super) use self::join::CellJoin;
pub(crate) use self::run::Live;
pub(super) use self::run::run;
pub(crate) use self::waker::Woken;

/// The part of a cell that does not depend on its future.
#[repr(C)]
struct Head {
    state: State,
    table: &'static Table,
    header: TaskHeader,
}

// With a future of 48 bytes that makes a block of 136, which malloc cuts from 144.
const _: () = assert!(size_of::<usize>() != 8 || size_of::<Head>() <= 88);

/// A counted reference to a cell.
pub(super) struct CellRef(NonNull<Head>);

// SAFETY: a reference may be used from anywhere (ground 1); who may do more with the cell is for
// the functions to say that do more.
unsafe impl Send for CellRef {}
// SAFETY: as above.
unsafe impl Sync for CellRef {}

impl CellRef {
    /// Takes over the reference that the pointer stands for.
    ///
    /// # Safety
    ///
    /// `data` comes from [`as_raw`](Self::as_raw), and stands for a reference of the caller's.
    #[inline]
    pub(super) unsafe fn from_raw(data: *const ()) -> Self {
        // SAFETY: what `as_raw` gives is not null.
        Self(unsafe { NonNull::new_unchecked(data.cast_mut().cast()) })
    }

    #[inline]
    fn as_raw(&self) -> *const () {
        self.0.as_ptr().cast_const().cast()
    }

    /// Leaves the reference to the pointer.
    pub(super) fn into_raw(self) -> NonNull<()> {
        ManuallyDrop::new(self).0.cast()
    }

    #[inline]
    fn head(&self) -> &Head {
        // SAFETY: the reference keeps the cell (ground 1), and its head is never borrowed
        // exclusively before it is freed.
        unsafe { self.0.as_ref() }
    }

    #[inline]
    fn state(&self) -> &State {
        &self.head().state
    }

    #[inline]
    pub(super) fn header(&self) -> &TaskHeader {
        &self.head().header
    }

    #[inline]
    fn core(&self) -> CoreRef {
        *self.header().core()
    }

    pub(super) fn is_finished(&self) -> bool {
        self.state().is_complete()
    }

    /// Frees the cell.
    ///
    /// # Safety
    ///
    /// The caller's reference was the last, and the body is empty.
    unsafe fn free(head: NonNull<Head>) {
        // SAFETY: as the caller promises, nobody else refers to the cell, so its header may go.
        // The memory came from a box of the type that the table is for.
        unsafe {
            let layout = head.as_ref().table.layout;
            ptr::drop_in_place(&raw mut (*head.as_ptr()).header);
            std::alloc::dealloc(head.as_ptr().cast(), layout);
        }
    }
}

impl Clone for CellRef {
    #[inline]
    fn clone(&self) -> Self {
        context::with_home(self.core(), |local| match local {
            // SAFETY: at home, with a reference.
            Some(_) => unsafe { self.state().retain_home() },
            None => self.state().retain_away(),
        });
        Self(self.0)
    }
}

impl Drop for CellRef {
    #[inline]
    fn drop(&mut self) {
        let is_last = context::with_home(self.core(), |local| match local {
            // SAFETY: at home, with a reference that is not used again.
            Some(_) => unsafe { self.state().release_home() },
            None => self.state().release_away(),
        });
        if is_last {
            // SAFETY: it was the last, and the task is complete: its output was taken, or dropped
            // by the handle or the loop, before either released its reference (ground 4).
            unsafe { Self::free(self.0) };
        }
    }
}

/// A task that has just been made, and that its loop does not know yet.
#[must_use = "a task that is neither registered nor refused is leaked"]
pub(crate) struct NewTask(ManuallyDrop<CellRef>);

/// Makes a task of a future.
///
/// Where the future is not `Send`, the task must be registered or refused on this very thread,
/// which must be that of the header's loop if it is registered.
#[inline]
pub(super) fn allocate<F>(future: F, header: TaskHeader) -> (NewTask, CellJoin<F::Output>)
where
    F: Future + 'static,
    F::Output: 'static,
{
    let head = |table| Head {
        state: State::new(),
        table,
        header,
    };
    let cell = Whole::allocate(head, future);
    // Three references are counted: one for the registry and one for the first `Ready`, which
    // `NewTask` stands for, and the handle's.
    let new = NewTask(ManuallyDrop::new(CellRef(cell)));
    (new, CellJoin::new(CellRef(cell)))
}

impl NewTask {
    #[inline]
    pub(crate) fn header(&self) -> &TaskHeader {
        self.0.header()
    }

    /// What the registry keeps, and the task's first token.
    #[inline]
    pub(super) fn into_parts(self) -> (Live, Ready) {
        let cell = self.0.0;
        (Live::new(CellRef(cell)), Ready::own(CellRef(cell)))
    }
}

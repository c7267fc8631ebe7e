//! The handle's side of a cell.

#![allow(
    unsafe_code,
    reason = "the body of a complete cell is the handle's, which knows the output's type only"
)]

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll, Waker};

use super::CellRef;
use super::body::Output;
use super::joiner::Detached;
use crate::context;
use crate::task::error::CancelReason;
use crate::task::outcome::contain;
use crate::task::{TaskHeader, TaskRef};

/// The handle's reference to a task, and its right to the output, a `T`.
pub(in crate::task) struct CellJoin<T> {
    cell: ManuallyDrop<CellRef>,
    output: PhantomData<T>,
}

// SAFETY: a shared handle gives no access to the output.
unsafe impl<T> Sync for CellJoin<T> {}

impl<T> CellJoin<T> {
    #[inline]
    pub(super) fn new(cell: CellRef) -> Self {
        Self {
            cell: ManuallyDrop::new(cell),
            output: PhantomData,
        }
    }

    pub(in crate::task) fn header(&self) -> &TaskHeader {
        self.cell.header()
    }

    pub(in crate::task) fn is_finished(&self) -> bool {
        self.cell.is_finished()
    }

    /// Asks that the task be cancelled, and schedules it if it is idle.
    pub(in crate::task) fn abort(&self) {
        self.header().abort(CancelReason::Aborted);
        self.cell.wake_by_ref();
    }

    /// A counted reference to the task.
    pub(in crate::task) fn task_ref(&self) -> TaskRef {
        TaskRef::new(self.cell.waker(), NonNull::from(self.header()))
    }

    /// Polls for the task's end, after which the output is to be taken.
    #[inline]
    pub(in crate::task) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let state = self.cell.state();
        if state.is_complete() {
            return Poll::Ready(());
        }
        if state.is_awaited_by(cx.waker()) {
            return Poll::Pending;
        }
        let waker = cx.waker().clone();
        let awaits = context::with_home(self.cell.core(), |local| match local {
            // SAFETY: at home, for the handle.
            Some(_) => unsafe { state.await_home(waker) },
            // SAFETY: for the handle.
            None => unsafe { state.await_away(waker) },
        });
        let (polled, unused) = match awaits {
            Ok(unused) => (Poll::Pending, unused),
            Err(unused) => (Poll::Ready(()), unused),
        };
        unused.into_iter().for_each(dispose_of);
        polled
    }

    /// Takes the output of a task that has ended.
    #[inline]
    pub(in crate::task) fn into_output(self) -> Output<T> {
        assert!(
            self.is_finished(),
            "an output is there when the task has ended"
        );
        let this = ManuallyDrop::new(self);
        // SAFETY: the task is complete, so the body is the handle's, which takes the output once,
        // as it ends here; so does its reference.
        unsafe {
            let cell = ptr::from_ref(&this.cell).read();
            let output = cell.head().table.output(cell.0).read();
            drop(ManuallyDrop::into_inner(cell));
            output
        }
    }
}

impl<T> Drop for CellJoin<T> {
    fn drop(&mut self) {
        let state = self.cell.state();
        let detached = context::with_home(self.cell.core(), |local| match local {
            // SAFETY: at home, for the handle, which ends here.
            Some(_) => unsafe { state.detach_home() },
            // SAFETY: for the handle, which ends here.
            None => unsafe { state.detach_away() },
        });
        match detached {
            Detached::Early(joiner, is_last) => {
                if is_last {
                    // SAFETY: the task has ended since, and its output was dropped.
                    unsafe { CellRef::free(self.cell.0) };
                }
                dispose_of(joiner);
            }
            Detached::Late => {
                // SAFETY: the task is complete, so the output is the handle's, and is dropped once,
                // as the handle ends here; so does its reference.
                unsafe {
                    (self.cell.head().table.drop_output)(self.cell.0);
                    ManuallyDrop::drop(&mut self.cell);
                }
            }
        }
    }
}

/// Drops a waker, whose code may be a user's.
#[inline]
fn dispose_of(unused: Option<Waker>) {
    if let Some(waker) = unused {
        contain(|| drop(waker));
    }
}

//! What depends on the type of a task's future: its cell's layout, and how it is polled and ended.

#![allow(
    unsafe_code,
    reason = "a future and its output share their place, and are reached without their types"
)]

use std::alloc::Layout;
use std::future::Future;
use std::mem::{ManuallyDrop, needs_drop, offset_of};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use super::Head;
use crate::task::error::Failure;
use crate::task::outcome::contain;

/// A task's result, as its cell keeps it.
pub(super) type Output<T> = Result<T, Failure>;

/// A task's one allocation.
#[repr(C)]
pub(super) struct Whole<F: Future> {
    pub(super) head: Head,
    body: Body<F, F::Output>,
}

/// The future, until it has been dropped; then the output, until it has been taken or dropped.
#[repr(C)]
union Body<F, T> {
    future: ManuallyDrop<F>,
    output: ManuallyDrop<Output<T>>,
}

/// What can be done with the body of a cell whose future's type is not known.
///
/// The functions are called with the head of a cell of the table's own type, by whoever the
/// protocol of [`State`](super::state::State) lets have the body.
pub(super) struct Table {
    /// Polls the future; when it has ended, however it did, drops it, puts the output in its
    /// place, and says so. Nothing unwinds out of it.
    pub(super) poll: unsafe fn(NonNull<Head>, &mut Context<'_>) -> bool,
    /// Drops the future, and puts a failure in its place. Nothing unwinds out of it.
    pub(super) cancel: unsafe fn(NonNull<Head>, Failure),
    /// Drops the output. Nothing unwinds out of it.
    pub(super) drop_output: unsafe fn(NonNull<Head>),
    /// Where in the cell the output is.
    output_at: usize,
    pub(super) layout: Layout,
}

impl<F: Future> Whole<F> {
    const TABLE: &'static Table = &Table {
        poll: poll::<F>,
        cancel: cancel::<F>,
        drop_output: drop_output::<F>,
        output_at: offset_of!(Self, body),
        layout: Layout::new::<Self>(),
    };

    /// Allocates the cell of a task.
    ///
    /// It is filled in where it lies: built on the stack and moved, it would be read in other
    /// pieces than it was just written in, for which the processor would have to wait.
    #[inline]
    pub(super) fn allocate(head: impl FnOnce(&'static Table) -> Head, future: F) -> NonNull<Head> {
        let cell = Box::into_raw(Box::<Self>::new_uninit()).cast::<Self>();
        // SAFETY: the memory is there, for a value of this type, and nobody else has it.
        unsafe {
            (&raw mut (*cell).head).write(head(Self::TABLE));
            (&raw mut (*cell).body.future).write(ManuallyDrop::new(future));
            NonNull::new_unchecked(cell.cast())
        }
    }
}

impl Table {
    /// The place of the output in the cell of `head`.
    ///
    /// # Safety
    ///
    /// The table is that of the cell, whose output is a `T`.
    pub(super) unsafe fn output<T>(&self, head: NonNull<Head>) -> *mut Output<T> {
        // SAFETY: the place is inside the cell, whose whole allocation the pointer is good for.
        unsafe { head.as_ptr().byte_add(self.output_at).cast() }
    }
}

/// The body of the cell of `head`.
///
/// # Safety
///
/// The cell's future is, or was, an `F`.
unsafe fn body<F: Future>(head: NonNull<Head>) -> *mut Body<F, F::Output> {
    // SAFETY: `Whole` begins with its head, and the pointer is good for the whole allocation.
    unsafe { &raw mut (*head.cast::<Whole<F>>().as_ptr()).body }
}

/// See [`Table::poll`].
///
/// # Safety
///
/// The body is the caller's, and has the future, an `F`.
unsafe fn poll<F: Future>(head: NonNull<Head>, cx: &mut Context<'_>) -> bool {
    // SAFETY: as the caller promises.
    let body = unsafe { body::<F>(head) };
    let polled = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the future is there, nobody else refers to it, and it stays where it is until
        // it is dropped in place.
        unsafe { Pin::new_unchecked(&mut *(*body).future) }.poll(cx)
    }));
    let output = match polled {
        Ok(Poll::Pending) => return false,
        Ok(Poll::Ready(value)) => Ok(value),
        Err(payload) => Err(Failure::Panicked(Box::new(payload))),
    };
    // SAFETY: as the caller promises; the future is not used again.
    unsafe { exchange(body, output) };
    true
}

/// See [`Table::cancel`].
///
/// # Safety
///
/// The body is the caller's, and has the future, an `F`.
unsafe fn cancel<F: Future>(head: NonNull<Head>, failure: Failure) {
    // SAFETY: as the caller promises; the future is not used again.
    unsafe { exchange(body::<F>(head), Err(failure)) };
}

/// Drops the future, and puts the output in its place.
///
/// # Safety
///
/// The body is the caller's, and has the future.
unsafe fn exchange<F, T>(body: *mut Body<F, T>, output: Output<T>) {
    if needs_drop::<F>() {
        // SAFETY: the future is there, and is dropped once: the output takes its place.
        contain(|| unsafe { ManuallyDrop::drop(&mut (*body).future) });
    }
    // SAFETY: nothing is in the place any more.
    unsafe { (&raw mut (*body).output).write(ManuallyDrop::new(output)) };
}

/// See [`Table::drop_output`].
///
/// # Safety
///
/// The body is the caller's, and has the output, of an `F`.
unsafe fn drop_output<F: Future>(head: NonNull<Head>) {
    // SAFETY: as the caller promises.
    let output = unsafe { &mut (*body::<F>(head)).output };
    // A value without drop glue cannot panic; what a task panicked with always may.
    if needs_drop::<F::Output>() || output.is_err() {
        // SAFETY: the output is there, and is not used again.
        contain(|| unsafe { ManuallyDrop::drop(output) });
    }
}

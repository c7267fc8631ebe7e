#![allow(
    unsafe_code,
    reason = "a waker without a reference count can only be made from a raw one"
)]
//! Wakers which are nothing but a task's index.

use std::ptr;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::executor;

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake, ignore);

/// A waker for the task at `index` of the calling thread's loop.
///
/// Used on another thread it would wake a task of that thread's loop, or none: useless there, but
/// harmless.
pub(super) fn waker(index: usize) -> Waker {
    // SAFETY: the data pointer is a number in disguise and never followed; it owns nothing, so the
    // functions of the table may be called in any order, any number of times, on any thread.
    unsafe { Waker::new(ptr::without_provenance(index), &VTABLE) }
}

fn clone(data: *const ()) -> RawWaker {
    RawWaker::new(data, &VTABLE)
}

fn wake(data: *const ()) {
    executor::wake(data.addr());
}

fn ignore(_: *const ()) {}

//! Faults that safe Rust does not allow: what executors with unsafe code of their own get wrong.

#![allow(unsafe_code, reason = "these are the mistakes that unsafe code makes")]

use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::slice;
use std::sync::Arc;
use std::task::{Context, RawWaker, RawWakerVTable, Wake, Waker};

use super::job::Job;

/// A local job that other threads can get at.
struct Smuggled(Box<dyn Job>);

// SAFETY: there is none, which is the fault. What the rules give to `spawn_local` is not `Send` by
// its type, and counts by means that are.
unsafe impl Send for Smuggled {}

impl Job for Smuggled {
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        self.0.poll(cx)
    }

    fn cancel(&mut self) {
        self.0.cancel();
    }
}

/// Makes a local job one for any thread.
pub(crate) fn smuggle(job: Box<dyn Job>) -> Box<dyn Job + Send> {
    Box::new(Smuggled(job))
}

/// Moves a future that may have been polled to another place.
pub(crate) fn moved<F>(future: Pin<Box<F>>) -> Pin<Box<F>> {
    // SAFETY: there is none, which is the fault. The former place is freed only after the move, so
    // that the new one is another.
    let mut future = unsafe { Pin::into_inner_unchecked(future) };
    // SAFETY: the copy takes the value's place; the original is forgotten, not dropped.
    let copy = Box::new(unsafe { std::ptr::read(&raw const *future) });
    let former: *mut F = &raw mut *future;
    std::mem::forget(future);
    // SAFETY: the box was forgotten, and the layout of what it held is that of a value which is
    // never dropped.
    drop(unsafe { Box::from_raw(former.cast::<std::mem::ManuallyDrop<F>>()) });
    Box::into_pin(copy)
}

/// Drops a value twice.
pub(crate) fn drop_twice<T>(value: T) {
    // SAFETY: there is none, which is the fault. The rules' values survive it.
    let copy = unsafe { std::ptr::read(&raw const value) };
    // Panics are of no interest here, and the second drop must come.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(copy)));
    drop(value);
}

/// A job that is polled while it stays where other threads find it.
pub(crate) struct Shared(*mut (dyn Job + Send));

// SAFETY: there is none, which is the fault.
unsafe impl Send for Shared {}

impl Shared {
    pub(crate) fn new(job: &mut (dyn Job + Send + 'static)) -> Self {
        Self(&raw mut *job)
    }
}

impl Job for Shared {
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        // SAFETY: there is none, which is the fault. The job lives as long as its task, which is
        // in the hands of whoever polls.
        unsafe { (*self.0).poll(cx) }
    }

    fn cancel(&mut self) {
        // SAFETY: as above.
        unsafe { (*self.0).cancel() }
    }
}

/// A type that says it is `Send`.
pub(crate) struct Claimed<T>(pub(crate) T);

// SAFETY: there is none, which is the fault.
unsafe impl<T> Send for Claimed<T> {}

/// A buffer that is written to when its owner has it back.
pub(crate) struct Lent {
    start: *mut u8,
    length: usize,
}

// SAFETY: there is none, which is the fault.
unsafe impl Send for Lent {}

impl Lent {
    pub(crate) fn new(buffer: &mut [u8]) -> Self {
        Self {
            start: buffer.as_mut_ptr(),
            length: buffer.len(),
        }
    }

    pub(crate) fn fill(&self, mut from: impl Read) -> io::Result<usize> {
        // SAFETY: there is none, which is the fault. The memory is the rule's, which looks for
        // what is written there.
        from.read(unsafe { slice::from_raw_parts_mut(self.start, self.length) })
    }
}

/// Gives back a reference that belongs to somebody else.
pub(crate) fn give_back<T>(reference: &Arc<T>) {
    // SAFETY: there is none, which is the fault.
    unsafe { Arc::decrement_strong_count(Arc::as_ptr(reference)) }
}

/// A waker whose clones have other addresses than it has.
pub(crate) fn distinct_waker<W: Wake + Send + Sync + 'static>(wakes: &Arc<W>) -> Waker {
    // SAFETY: the functions of the table keep the contract of `RawWaker`: the data is a box that
    // each waker has for itself.
    unsafe { Waker::from_raw(raw(Arc::clone(wakes))) }
}

fn raw<W: Wake + Send + Sync + 'static>(wakes: Arc<W>) -> RawWaker {
    let data: *mut Arc<W> = Box::into_raw(Box::new(wakes));
    RawWaker::new(data.cast_const().cast(), table::<W>())
}

fn table<W: Wake + Send + Sync + 'static>() -> &'static RawWakerVTable {
    &const { RawWakerVTable::new(clone::<W>, wake::<W>, wake_by_ref::<W>, drop_waker::<W>) }
}

unsafe fn clone<W: Wake + Send + Sync + 'static>(data: *const ()) -> RawWaker {
    // SAFETY: the data is a box of `raw`, which its waker has not given back.
    raw(Arc::clone(unsafe { &*data.cast::<Arc<W>>() }))
}

unsafe fn wake<W: Wake + Send + Sync + 'static>(data: *const ()) {
    // SAFETY: the data is a box of `raw`, and the waker is used up.
    let wakes = unsafe { Box::from_raw(data.cast::<Arc<W>>().cast_mut()) };
    (*wakes).wake();
}

unsafe fn wake_by_ref<W: Wake + Send + Sync + 'static>(data: *const ()) {
    // SAFETY: the data is a box of `raw`, which its waker has not given back.
    unsafe { &*data.cast::<Arc<W>>() }.wake_by_ref();
}

unsafe fn drop_waker<W: Wake + Send + Sync + 'static>(data: *const ()) {
    // SAFETY: the data is a box of `raw`, and the waker is dropped.
    drop(unsafe { Box::from_raw(data.cast::<Arc<W>>().cast_mut()) });
}

//! Tasks that several threads may run, which async-task makes: those of a pool of workers, and
//! closures on the blocking pool.
//!
//! This folder is the only one that knows async-task. What the arguments below rest on:
//!
//! 1. A future is polled, and dropped, only by [`Contained::poll`], which only [`Job::run`]
//!    causes; async-task polls no future again after it returned `Ready`.
//! 2. The schedule function has no captured state and may be called from any thread.
//! 3. A task's allocation begins at an address that is a multiple of 8, and the pointers of a
//!    `Runnable` and of a `Waker` point there.

#![allow(unsafe_code, reason = "pinning, and pointers that are not counted")]

mod join;
mod registry;

use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, RawWakerVTable, Waker};

use async_task::{Builder, Runnable};

use super::TaskHeader;
use super::current::{self, TaskRef};
use super::error::{CancelReason, Failure};
use super::outcome::{Outcome, contain};
use crate::scheduler::RunEnd;

pub(super) use join::SharedJoin;
pub(crate) use registry::SharedRegistry;

/// What async-task keeps for a task, beside its state and its future.
struct Meta {
    header: TaskHeader,
    /// The functions of the task's waker, which depend on its future. It is written once, before
    /// anybody else sees the task; so who sees the task sees it written.
    table: AtomicPtr<RawWakerVTable>,
}

impl Meta {
    fn table(&self) -> &'static RawWakerVTable {
        // SAFETY: `allocate` stored a reference that lives for ever. Relaxed: as the field says.
        unsafe { &*self.table.load(Relaxed) }
    }
}

/// A scheduled task that any thread may run; it exists if and only if the task is scheduled.
#[must_use = "a job that is neither run nor discarded leaves its handle without a result"]
pub(crate) struct Job(Runnable<Meta>);

impl Job {
    pub(crate) fn header(&self) -> &TaskHeader {
        &self.0.metadata().header
    }

    /// Polls the task once.
    pub(crate) fn run(self) -> RunEnd {
        let header = ptr::from_ref(self.header());
        let id = self.header().id();
        let (ended, yielded) =
            current::run_scope(header, || current::announce(id, || self.0.run()));
        match (ended, yielded) {
            (true, _) => RunEnd::Finished,
            (false, true) => RunEnd::Yielded,
            (false, false) => RunEnd::Waiting,
        }
    }

    /// Polls a task of a pool once; if it ends, `registry` forgets it.
    #[inline]
    pub(crate) fn run_registered(self, registry: &SharedRegistry) -> RunEnd {
        let place = registry::Place::of(self.header());
        let end = self.run();
        if end == RunEnd::Finished {
            registry.remove(place);
        }
        end
    }

    /// A counted reference to the task.
    pub(super) fn task_ref(&self) -> TaskRef {
        TaskRef::new(self.0.waker(), NonNull::from(self.header()))
    }

    /// Leaves the token to the pointer, whose three lowest bits are 0.
    #[inline]
    pub(super) fn into_raw(self) -> NonNull<()> {
        self.0.into_raw()
    }

    /// Takes over the token that the pointer stands for.
    ///
    /// # Safety
    ///
    /// `pointer` comes from [`into_raw`](Self::into_raw), and its token is used once at a time.
    #[inline]
    pub(super) unsafe fn from_raw(pointer: NonNull<()>) -> Self {
        // SAFETY: as the caller promises.
        Self(unsafe { Runnable::from_raw(pointer) })
    }

    /// Ends the task without polling it: the future is dropped here and now, and whoever joins
    /// the task is told why.
    pub(crate) fn discard(self, reason: CancelReason) {
        self.header().abort(reason);
        let _end = self.run();
    }
}

/// Makes a task of a future, which `schedule` is given whenever it is to be polled.
///
/// The waker is the first reference to it beside the token and the handle.
#[inline]
pub(super) fn allocate<F, S>(
    future: F,
    header: TaskHeader,
    schedule: S,
) -> (Job, SharedJoin<F::Output>, Waker)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Fn(Job) + Send + Sync + 'static,
{
    const {
        assert!(
            size_of::<S>() == 0,
            "async-task counts a reference for a stateful one"
        )
    };
    let meta = Meta {
        header,
        table: AtomicPtr::new(ptr::null_mut()),
    };
    let (runnable, task) = Builder::new().metadata(meta).spawn(
        |_: &Meta| Contained(ManuallyDrop::new(future)),
        move |runnable| schedule(Job(runnable)),
    );
    let waker = runnable.waker();
    let table = ptr::from_ref(waker.vtable()).cast_mut();
    // Relaxed: nobody else sees the task yet.
    runnable.metadata().table.store(table, Relaxed);
    let join = SharedJoin::new(task, waker.data());
    (Job(runnable), join, waker)
}

/// The wrapper round a task's future; it adds no bytes.
///
/// It drops the future itself, under `catch_unwind`, before it returns `Ready`: async-task would
/// abort the process if that drop panicked. When async-task drops the wrapper, nothing is left to
/// drop, so a future can leak if `poll` is never called, and can never be dropped twice.
struct Contained<F>(ManuallyDrop<F>);

impl<F: Future> Future for Contained<F> {
    type Output = Outcome<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: nothing below moves the future: it is polled through a fresh `Pin`, or dropped
        // in place.
        let future = unsafe { &mut *self.get_unchecked_mut().0 };
        current::next_scope(cx.waker(), |header| {
            if let Some(reason) = header.abort_reason() {
                drop_in_place(future);
                current::note_end();
                return Poll::Ready(Outcome::new(Err(Failure::Cancelled(reason))));
            }
            // SAFETY: the future lies in async-task's heap cell, which never moves, and is
            // dropped in place before that cell goes.
            let pinned = unsafe { Pin::new_unchecked(&mut *future) };
            let result = match catch_unwind(AssertUnwindSafe(|| pinned.poll(cx))) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(value)) => Ok(value),
                Err(payload) => Err(Failure::Panicked(Box::new(payload))),
            };
            drop_in_place(future);
            current::note_end();
            Poll::Ready(Outcome::new(result))
        })
    }
}

/// Drops a future for good; the caller returns `Ready` right afterwards.
fn drop_in_place<F>(future: &mut F) {
    if std::mem::needs_drop::<F>() {
        let future: *mut F = future;
        // SAFETY: the pointer comes from a live exclusive reference. The caller returns `Ready`,
        // after which the future is neither polled (ground 1) nor dropped again (`ManuallyDrop`).
        contain(|| unsafe { future.drop_in_place() });
    }
}

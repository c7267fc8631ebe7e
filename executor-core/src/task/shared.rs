//! Tasks that several threads may run, which async-task makes: closures on the blocking pool.
//!
//! This file is the only one that knows async-task. What the arguments below rest on:
//!
//! 1. A future is polled, and dropped, only by [`Contained::poll`], which only [`Job::run`]
//!    causes; async-task polls no future again after it returned `Ready`.
//! 2. The schedule function has no captured state and may be called from any thread.

#![allow(unsafe_code, reason = "pinning, and wakers that are not counted")]

use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};

use async_task::{Builder, Runnable, Task};

use super::current::{self, TaskRef};
use super::error::{CancelReason, Failure};
use super::outcome::{Outcome, contain};
use super::{TaskHeader, TaskId};

/// A scheduled task that any thread may run; it exists if and only if the task is scheduled.
#[must_use = "a job that is neither run nor discarded leaves its handle without a result"]
pub(crate) struct Job(Runnable<TaskHeader>);

impl Job {
    pub(crate) fn header(&self) -> &TaskHeader {
        self.0.metadata()
    }

    /// Polls the task once.
    pub(crate) fn run(self) {
        let header = ptr::from_ref(self.0.metadata());
        current::run_scope(header, || {
            self.0.run();
        });
    }

    /// Ends the task without polling it: the future is dropped here and now, and whoever joins
    /// the task is told why.
    pub(crate) fn discard(self, reason: CancelReason) {
        self.header().abort(reason);
        self.run();
    }
}

/// Makes a task of a future, which `schedule` is given whenever it is to be polled.
pub(super) fn allocate<F, S>(
    future: F,
    header: TaskHeader,
    schedule: S,
) -> (Job, SharedJoin<F::Output>)
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
    let (runnable, task) = Builder::new().metadata(header).spawn(
        |_: &TaskHeader| Contained(ManuallyDrop::new(future)),
        move |runnable| schedule(Job(runnable)),
    );
    let join = SharedJoin::new(task, &runnable.waker());
    (Job(runnable), join)
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

/// async-task's handle, with what is needed to wake its task without counting a reference.
pub(super) struct SharedJoin<T> {
    task: ManuallyDrop<Task<Outcome<T>, TaskHeader>>,
    /// The parts of the task's waker.
    data: *const (),
    vtable: &'static RawWakerVTable,
    /// Whether the task may hold a joiner's waker.
    awaited: bool,
}

// SAFETY: the pointer is only used as a waker, and wakers are `Send + Sync`; the task handle is
// `Send` if the output is.
unsafe impl<T: Send> Send for SharedJoin<T> {}
// SAFETY: as above; a shared handle gives no access to the output.
unsafe impl<T> Sync for SharedJoin<T> {}

impl<T> SharedJoin<T> {
    fn new(task: Task<Outcome<T>, TaskHeader>, waker: &Waker) -> Self {
        Self {
            task: ManuallyDrop::new(task),
            data: waker.data(),
            vtable: waker.vtable(),
            awaited: false,
        }
    }

    pub(super) fn id(&self) -> TaskId {
        self.task.metadata().id()
    }

    pub(super) fn is_finished(&self) -> bool {
        self.task.is_finished()
    }

    /// Asks that the task be cancelled, and schedules it if it is idle.
    pub(super) fn abort(&self) {
        self.task.metadata().abort(CancelReason::Aborted);
        self.waker().wake_by_ref();
    }

    /// A counted reference to the task.
    pub(super) fn task_ref(&self) -> TaskRef {
        let waker = Waker::clone(&self.waker());
        TaskRef::new(waker, NonNull::from(self.task.metadata()))
    }

    /// The task's waker without a reference of its own.
    fn waker(&self) -> ManuallyDrop<Waker> {
        let raw = RawWaker::new(self.data, self.vtable);
        // SAFETY: the parts are those of the waker of `task`, whose reference outlives every use
        // in this file; `ManuallyDrop` keeps the count as it is.
        ManuallyDrop::new(unsafe { Waker::from_raw(raw) })
    }

    /// Polls for the task's end; the result is given once.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Failure>>> {
        self.awaited = true;
        // async-task aborts the process when the waker of a joiner panics.
        let waker = Waker::from(Arc::new(ContainedWaker(Some(cx.waker().clone()))));
        let mut cx = Context::from_waker(&waker);
        let outcome = std::task::ready!(Pin::new(&mut *self.task).poll(&mut cx));
        self.awaited = false;
        Poll::Ready(outcome.into_inner())
    }
}

impl<T> Drop for SharedJoin<T> {
    fn drop(&mut self) {
        // SAFETY: the handle ends here, so the task is taken once.
        let mut task = unsafe { ManuallyDrop::take(&mut self.task) };
        if self.awaited && !task.is_finished() {
            // The task would keep the joiner's waker until its end, which may never come.
            let mut cx = Context::from_waker(Waker::noop());
            drop(Pin::new(&mut task).poll(&mut cx));
        }
        task.detach();
    }
}

/// A joiner's waker; a panic in its wake or in its drop goes no further.
struct ContainedWaker(Option<Waker>);

impl Wake for ContainedWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(waker) = &self.0 {
            contain(|| waker.wake_by_ref());
        }
    }
}

impl Drop for ContainedWaker {
    fn drop(&mut self) {
        contain(|| drop(self.0.take()));
    }
}

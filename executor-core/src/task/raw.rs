//! Where a task's cell is made, polled and dropped: the unsafe ground under this module.
//!
//! What the arguments below rest on:
//!
//! 1. A future is polled, and dropped, only by [`Contained::poll`], which only [`Ready::run`]
//!    causes; async-task polls no future again after it returned `Ready`.
//! 2. Only the loop that owns a task runs its [`Ready`], on the loop's own thread. For a `Send`
//!    future nothing depends on that; for a local one it is what makes `!Send` sound.
//! 3. The schedule function has no captured state and may be called from any thread.

#![allow(
    unsafe_code,
    reason = "async-task's unchecked constructor, pinning, and borrowed wakers"
)]

use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use async_task::{Builder, Runnable, ScheduleInfo, Task, WithInfo};

use super::current::{self, TaskRef};
use super::error::{CancelReason, Failure};
use super::outcome::{Outcome, contain};
use super::{JoinHandle, NewTask, Ready, TaskHeader, TaskId};
use crate::context;

/// Makes a task of a future that may be run by any thread.
#[inline]
pub(crate) fn allocate<F>(future: F, header: TaskHeader) -> (NewTask, JoinHandle<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    allocate_local(future, header)
}

/// Makes a task of a future that must stay on the thread whose loop owns `header`.
///
/// The caller hands the `Ready` to that loop, on that thread (ground 2 above).
pub(crate) fn allocate_local<F>(future: F, header: TaskHeader) -> (NewTask, JoinHandle<F::Output>)
where
    F: Future + 'static,
    F::Output: 'static,
{
    allocate_with(future, header, |runnable, info: ScheduleInfo| {
        context::schedule(Ready::new(runnable), info.woken_while_running);
    })
}

/// Makes a task of a closure that blocks; it is scheduled once, when it is made.
pub(crate) fn allocate_blocking<F>(
    future: F,
    header: TaskHeader,
) -> (NewTask, JoinHandle<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    allocate_with(future, header, |runnable, _| {
        let ready = Ready::new(runnable);
        ready.core().upgrade().blocking().push(ready);
    })
}

#[inline]
fn allocate_with<F, S>(
    future: F,
    header: TaskHeader,
    schedule: S,
) -> (NewTask, JoinHandle<F::Output>)
where
    F: Future + 'static,
    F::Output: 'static,
    S: Fn(Runnable<TaskHeader>, ScheduleInfo) + Send + Sync + 'static,
{
    const {
        assert!(
            size_of::<S>() == 0,
            "async-task counts a reference for a stateful one"
        )
    };
    // SAFETY: the future and its output are `'static`, and so is `schedule`, which is also
    // `Send + Sync`. A future that is not `Send` is polled and dropped on its loop's thread alone
    // (grounds 1 and 2); its output is taken or dropped there, in `run`, or by the `JoinHandle`,
    // which is `Send` only if the output is.
    let (runnable, task) = unsafe {
        Builder::new().metadata(header).spawn_unchecked(
            |_: &TaskHeader| Contained(ManuallyDrop::new(future)),
            WithInfo(schedule),
        )
    };
    let waker = runnable.waker();
    let join = RawJoin::new(task, &waker);
    let ready = Ready::new(runnable);
    (NewTask { ready, waker }, JoinHandle::new(join))
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
        current::poll_scope(cx.waker(), |header| {
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
                Err(payload) => Err(Failure::Panicked(payload)),
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
pub(crate) struct RawJoin<T> {
    state: State<T>,
    /// Whether the task holds a joiner's waker.
    awaited: bool,
}

enum State<T> {
    /// The result has not been taken; the pointers are those of the task's waker.
    Live(
        Task<Outcome<T>, TaskHeader>,
        *const (),
        &'static RawWakerVTable,
    ),
    /// It has.
    Spent(TaskId),
}

// SAFETY: the pointer is only used as a waker, and wakers are `Send + Sync`; the task handle is
// `Send` if the output is.
unsafe impl<T: Send> Send for RawJoin<T> {}
// SAFETY: as above; a shared handle gives no access to the output.
unsafe impl<T> Sync for RawJoin<T> {}

impl<T> RawJoin<T> {
    fn new(task: Task<Outcome<T>, TaskHeader>, waker: &Waker) -> Self {
        Self {
            state: State::Live(task, waker.data(), waker.vtable()),
            awaited: false,
        }
    }

    pub(crate) fn id(&self) -> TaskId {
        match &self.state {
            State::Live(task, ..) => task.metadata().id(),
            State::Spent(id) => *id,
        }
    }

    pub(crate) fn is_finished(&self) -> bool {
        match &self.state {
            State::Live(task, ..) => task.is_finished(),
            State::Spent(_) => true,
        }
    }

    /// Asks that the task be cancelled, and schedules it if it is idle.
    pub(crate) fn abort(&self) {
        if let State::Live(task, data, vtable) = &self.state {
            task.metadata().abort(CancelReason::Aborted);
            // SAFETY: the waker does not outlive `task`.
            unsafe { borrowed_waker(*data, vtable) }.wake_by_ref();
        }
    }

    /// A counted reference to the task, until the result has been taken.
    pub(crate) fn task_ref(&self) -> Option<TaskRef> {
        match &self.state {
            State::Live(task, data, vtable) => {
                // SAFETY: the borrowed waker does not outlive `task`; the clone is counted.
                let waker = Waker::clone(&*unsafe { borrowed_waker(*data, vtable) });
                Some(TaskRef::new(waker, NonNull::from(task.metadata())))
            }
            State::Spent(_) => None,
        }
    }

    /// Polls for the task's end; afterwards the handle is spent, and gives `None`.
    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Outcome<T>>> {
        let State::Live(task, ..) = &mut self.state else {
            return Poll::Ready(None);
        };
        self.awaited = true;
        let outcome = std::task::ready!(Pin::new(task).poll(cx));
        self.spend();
        Poll::Ready(Some(outcome))
    }

    /// Lets go of the task, which runs on if it has not ended.
    fn spend(&mut self) {
        let spent = State::Spent(self.id());
        if let State::Live(mut task, ..) = std::mem::replace(&mut self.state, spent) {
            if self.awaited && !task.is_finished() {
                // The task would keep the joiner's waker until its end, which may never come.
                let mut cx = Context::from_waker(Waker::noop());
                drop(Pin::new(&mut task).poll(&mut cx));
            }
            task.detach();
        }
    }
}

/// A task's waker without a reference of its own.
///
/// # Safety
///
/// `data` and `vtable` must be those of a waker of a task, which must outlive the result.
unsafe fn borrowed_waker(data: *const (), vtable: &'static RawWakerVTable) -> ManuallyDrop<Waker> {
    // SAFETY: the parts are those of a valid waker, and `ManuallyDrop` keeps the count as it is.
    ManuallyDrop::new(unsafe { Waker::from_raw(RawWaker::new(data, vtable)) })
}

impl<T> Drop for RawJoin<T> {
    fn drop(&mut self) {
        self.spend();
    }
}

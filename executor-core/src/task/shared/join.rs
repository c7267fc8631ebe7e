//! The handle's side of a shared task.

#![allow(unsafe_code, reason = "wakers that are not counted")]

use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use async_task::Task;

use super::Meta;
use crate::task::current::{self, TaskRef};
use crate::task::error::{CancelReason, Failure};
use crate::task::outcome::{Outcome, contain};
use crate::task::{TaskHeader, TaskId};

/// async-task's handle, with what is needed to wake its task without counting a reference.
pub(in crate::task) struct SharedJoin<T> {
    task: ManuallyDrop<Task<Outcome<T>, Meta>>,
    /// The pointer of the task's waker.
    data: *const (),
    /// Whether the task may hold a joiner's waker.
    awaited: bool,
}

// SAFETY: the pointer is only used as a waker, and wakers are `Send + Sync`; the task handle is
// `Send` if the output is.
unsafe impl<T: Send> Send for SharedJoin<T> {}
// SAFETY: as above; a shared handle gives no access to the output.
unsafe impl<T> Sync for SharedJoin<T> {}

impl<T> SharedJoin<T> {
    /// `data` is the pointer of the task's waker.
    pub(super) fn new(task: Task<Outcome<T>, Meta>, data: *const ()) -> Self {
        Self {
            task: ManuallyDrop::new(task),
            data,
            awaited: false,
        }
    }

    fn header(&self) -> &TaskHeader {
        &self.task.metadata().header
    }

    pub(in crate::task) fn id(&self) -> TaskId {
        self.header().id()
    }

    pub(in crate::task) fn is_finished(&self) -> bool {
        self.task.is_finished()
    }

    /// Asks that the task be cancelled, and schedules it if it is idle.
    pub(in crate::task) fn abort(&self) {
        self.header().abort(CancelReason::Aborted);
        self.waker().wake_by_ref();
    }

    /// A counted reference to the task.
    pub(in crate::task) fn task_ref(&self) -> TaskRef {
        TaskRef::new(Waker::clone(&self.waker()), NonNull::from(self.header()))
    }

    /// The task's waker without a reference of its own.
    fn waker(&self) -> ManuallyDrop<Waker> {
        // SAFETY: the parts are those of the waker of `task`, whose reference outlives every use
        // in this file; `ManuallyDrop` keeps the count as it is.
        ManuallyDrop::new(unsafe { Waker::new(self.data, self.task.metadata().table()) })
    }

    /// Polls for the task's end; the result is given once.
    pub(in crate::task) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<T, Failure>>> {
        self.awaited = true;
        let task = Pin::new(&mut *self.task);
        // async-task aborts the process when the waker of a joiner panics. Those of tasks do not.
        let polled = if current::is_woken_by(cx.waker()) {
            task.poll(cx)
        } else {
            let waker = Waker::from(Arc::new(ContainedWaker(Some(cx.waker().clone()))));
            task.poll(&mut Context::from_waker(&waker))
        };
        let outcome = std::task::ready!(polled);
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

//! The token that a policy holds for a task that is scheduled.

use std::fmt;
use std::ops::Deref;
use std::ptr;
use std::ptr::NonNull;
use std::task::Waker;

use async_task::Runnable;

use super::current::{self, TaskRef};
use super::error::CancelReason;
use super::{TaskHeader, TaskId};
use crate::context;

/// A scheduled task; it exists if and only if the task is scheduled.
///
/// A policy keeps it, orders it by what the [`TaskHeader`] says (it derefs to it), and gives it
/// back from `pop`. It is 8 bytes, and there is exactly one for each scheduled task. A policy can
/// neither run nor lose it: a `Ready` that is dropped goes back to the loop, which queues the
/// task anew and counts a fault.
pub struct Ready(Option<Runnable<TaskHeader>>);

impl Ready {
    pub(super) fn new(runnable: Runnable<TaskHeader>) -> Self {
        Self(Some(runnable))
    }

    /// The header of the task.
    pub fn header(&self) -> &TaskHeader {
        self.runnable().metadata()
    }

    /// The task's name among all tasks of the process.
    pub fn id(&self) -> TaskId {
        self.header().id()
    }

    /// Polls the task once; says whether that ended it.
    #[inline]
    pub(crate) fn run(mut self) -> bool {
        let runnable = self.0.take().expect(EMPTY);
        let header = ptr::from_ref(runnable.metadata());
        current::run_scope(header, || {
            runnable.run();
        })
    }

    /// Ends the task without polling it: the future is dropped here and now, and whoever joins
    /// the task is told why.
    pub(crate) fn discard(self, reason: CancelReason) {
        self.header().abort(reason);
        self.run();
    }

    /// A counted reference to the task.
    pub(crate) fn task_ref(&self) -> TaskRef {
        let runnable = self.runnable();
        TaskRef::new(runnable.waker(), NonNull::from(runnable.metadata()))
    }

    fn runnable(&self) -> &Runnable<TaskHeader> {
        self.0.as_ref().expect(EMPTY)
    }
}

/// A task that has just been made: its first token, and a waker for the registry.
pub(crate) struct NewTask {
    pub(crate) ready: Ready,
    pub(crate) waker: Waker,
}

impl NewTask {
    /// For a task that comes without its waker, from another thread.
    pub(crate) fn from_ready(ready: Ready) -> Self {
        let waker = ready.runnable().waker();
        Self { ready, waker }
    }
}

const EMPTY: &str = "a `Ready` is empty only while it is consumed";

impl Deref for Ready {
    type Target = TaskHeader;

    #[inline]
    fn deref(&self) -> &TaskHeader {
        self.header()
    }
}

impl Drop for Ready {
    #[inline]
    fn drop(&mut self) {
        if let Some(runnable) = self.0.take() {
            context::rescue(Ready(Some(runnable)));
        }
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ready").field(self.header()).finish()
    }
}

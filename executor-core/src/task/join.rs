//! Awaiting a task, and asking it to end.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::cell::{self, CellJoin};
use super::error::{CancelReason, Failure};
use super::shared::{self, SharedJoin};
use super::{Job, JoinError, NewTask, Ready, SharedRegistry, TaskHeader, TaskId, TaskRef};
use crate::context;

/// Awaits a task's result.
///
/// Awaiting gives `Ok` with what the future returned, or a [`JoinError`] that tells whether the
/// task panicked or was cancelled. When it resolves, the task's future has been dropped. It may
/// be awaited anywhere, on another runtime too, and also after its own has gone.
///
/// Dropping the handle detaches the task: it runs on. Use [`abort`](Self::abort),
/// [`cancel`](Self::cancel) or a [`TaskGroup`](super::TaskGroup) to end it.
///
/// # Cancel safety
///
/// The handle may be polled by `&mut` in a `select` and awaited again: no result is lost.
///
/// ```
/// use executor_core::{Fifo, Runtime, spawn};
///
/// let runtime = Runtime::without_io(Fifo::new());
/// let sum = runtime.block_on(async {
///     let one = spawn(async { 1 });
///     let two = spawn(async { 2 });
///     one.await.unwrap() + two.await.unwrap()
/// });
/// assert_eq!(sum, 3);
/// ```
pub struct JoinHandle<T> {
    raw: RawJoin<T>,
}

/// Makes a task of a future that may be polled on any thread: on that of its runtime's loop.
#[inline]
pub(crate) fn allocate<F>(future: F, header: TaskHeader) -> (NewTask, JoinHandle<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    allocate_local(future, header)
}

/// Makes a task of a future that must stay on this thread, which is that of the header's loop.
///
/// The caller registers the task there, or refuses it here.
#[inline]
pub(crate) fn allocate_local<F>(future: F, header: TaskHeader) -> (NewTask, JoinHandle<F::Output>)
where
    F: Future + 'static,
    F::Output: 'static,
{
    let (task, join) = cell::allocate(future, header);
    let raw = RawJoin::Own(join);
    (task, JoinHandle { raw })
}

/// Makes a task of a closure that blocks; it is scheduled once, when it is made.
pub(crate) fn allocate_blocking<F>(future: F, header: TaskHeader) -> (Job, JoinHandle<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let (job, join, _) = shared::allocate(future, header, |job: Job| {
        job.header().core().upgrade().blocking().push(job);
    });
    let raw = RawJoin::Shared(join);
    (job, JoinHandle { raw })
}

/// Makes a task of a future that any worker of the header's pool may run, and takes note of it in
/// the pool's registry; no token if that is closed, and the task has ended.
#[inline]
pub(crate) fn allocate_shared<F>(
    future: F,
    header: TaskHeader,
    registry: &SharedRegistry,
) -> (Option<Ready>, JoinHandle<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let schedule = |job: Job| context::schedule(Ready::shared(job));
    let (job, join, waker) = shared::allocate(future, header, schedule);
    let raw = RawJoin::Shared(join);
    let ready = if registry.insert(job.header(), waker) {
        Some(Ready::shared(job))
    } else {
        job.discard(CancelReason::ShutDown);
        None
    };
    (ready, JoinHandle { raw })
}

/// The handle's side of a task, of either kind.
enum RawJoin<T> {
    Own(CellJoin<T>),
    Shared(SharedJoin<T>),
    /// The result has been taken.
    Spent(TaskId),
}

impl<T> RawJoin<T> {
    fn id(&self) -> TaskId {
        match self {
            Self::Own(join) => join.header().id(),
            Self::Shared(join) => join.id(),
            Self::Spent(id) => *id,
        }
    }

    /// Polls for the result; afterwards the handle is spent, and gives `None`.
    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Failure>>> {
        let shared = match self {
            Self::Own(join) => {
                ready!(join.poll(cx));
                None
            }
            Self::Shared(join) => ready!(join.poll(cx)),
            Self::Spent(_) => return Poll::Ready(None),
        };
        let spent = Self::Spent(self.id());
        Poll::Ready(match std::mem::replace(self, spent) {
            Self::Own(join) => Some(join.into_output()),
            _ => shared,
        })
    }
}

impl<T> JoinHandle<T> {
    /// The task's name among all tasks of the process.
    pub fn id(&self) -> TaskId {
        self.raw.id()
    }

    /// A reference to the task, with its header; `None` once the result has been taken.
    pub fn task(&self) -> Option<TaskRef> {
        match &self.raw {
            RawJoin::Own(join) => Some(join.task_ref()),
            RawJoin::Shared(join) => Some(join.task_ref()),
            RawJoin::Spent(_) => None,
        }
    }

    /// Whether the task has ended; awaiting the handle is then immediate.
    pub fn is_finished(&self) -> bool {
        match &self.raw {
            RawJoin::Own(join) => join.is_finished(),
            RawJoin::Shared(join) => join.is_finished(),
            RawJoin::Spent(_) => true,
        }
    }

    /// Asks that the task be cancelled, and returns at once.
    ///
    /// The task's loop drops the future instead of polling it the next time; a poll that is
    /// under way ends first, and if it finishes the task, the result stands. Otherwise awaiting
    /// the handle gives a [`JoinError`] that [is cancelled](JoinError::is_cancelled). A closure
    /// on the blocking pool is cancelled only if it has not begun.
    pub fn abort(&self) {
        match &self.raw {
            RawJoin::Own(join) => join.abort(),
            RawJoin::Shared(join) => join.abort(),
            RawJoin::Spent(_) => {}
        }
    }

    /// Asks that the task be cancelled, and waits until its future has been dropped.
    ///
    /// Gives the result if the task finished before the request reached it. The request is made
    /// by the call, not by the first poll.
    ///
    /// # Cancel safety
    ///
    /// Dropping the returned future stops the waiting, not the cancelling.
    pub fn cancel(self) -> Cancel<T> {
        self.abort();
        Cancel { handle: self }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    /// # Panics
    ///
    /// If it is polled again after it gave the result.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(self.raw.poll(cx));
        let result = result.expect("a `JoinHandle` was polled after it gave its result");
        Poll::Ready(result.map_err(|failure| JoinError::new(self.raw.id(), failure)))
    }
}

impl<T> Unpin for JoinHandle<T> {}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("id", &self.id())
            .field("is_finished", &self.is_finished())
            .finish()
    }
}

/// Waits until a cancelled task's future has been dropped; made by [`JoinHandle::cancel`].
#[derive(Debug)]
#[must_use = "the task is cancelled anyway; await this to know when it has ended"]
pub struct Cancel<T> {
    handle: JoinHandle<T>,
}

impl<T> Future for Cancel<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.handle).poll(cx)
    }
}

//! Awaiting a task, and asking it to end.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};

use super::outcome::contain;
use super::raw::RawJoin;
use super::{JoinError, TaskId, TaskRef, contains_waker};

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

impl<T> JoinHandle<T> {
    pub(super) fn new(raw: RawJoin<T>) -> Self {
        Self { raw }
    }

    /// The task's name among all tasks of the process.
    pub fn id(&self) -> TaskId {
        self.raw.id()
    }

    /// A reference to the task, with its header; `None` once the result has been taken.
    pub fn task(&self) -> Option<TaskRef> {
        self.raw.task_ref()
    }

    /// Whether the task has ended; awaiting the handle is then immediate.
    pub fn is_finished(&self) -> bool {
        self.raw.is_finished()
    }

    /// Asks that the task be cancelled, and returns at once.
    ///
    /// The task's loop drops the future instead of polling it the next time; a poll that is
    /// under way ends first, and if it finishes the task, the result stands. Otherwise awaiting
    /// the handle gives a [`JoinError`] that [is cancelled](JoinError::is_cancelled). A closure
    /// on the blocking pool is cancelled only if it has not begun.
    pub fn abort(&self) {
        self.raw.abort();
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
        let outcome = if contains_waker(cx.waker()) {
            ready!(self.raw.poll(cx))
        } else {
            // async-task aborts the process when the waker of a joiner panics. One that is not
            // known to be ours is called under `catch_unwind`.
            let waker = Waker::from(Arc::new(ContainedWaker(Some(cx.waker().clone()))));
            ready!(self.raw.poll(&mut Context::from_waker(&waker)))
        };
        let result = outcome
            .and_then(super::outcome::Outcome::into_inner)
            .expect("a `JoinHandle` was polled after it gave its result");
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

/// A foreign waker; a panic in its wake or in its drop goes no further.
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

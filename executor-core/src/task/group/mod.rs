//! Tasks that do not outlive the code that started them.

mod notice;

use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use slab::Slab;

use self::notice::{Ended, Member, Notice};
use super::{JoinError, JoinHandle};
use crate::spawn::{spawn, spawn_local};

/// Tasks that do not outlive the code that started them.
///
/// The members' results come in the order in which they end, from [`join_next`](Self::join_next).
/// Dropping the group cancels the members that are left: none of them is polled again. (On a
/// runtime with several threads a poll that is under way ends first.) To wait until they have
/// been dropped, use [`cancel`](Self::cancel); [`scope`](Self::scope) does all of it.
///
/// ```
/// use executor_core::task::TaskGroup;
///
/// # let runtime = executor_core::Runtime::without_io(executor_core::Fifo::new());
/// # runtime.block_on(async {
/// let group = TaskGroup::new();
/// for n in 1..=4 {
///     group.spawn(async move { n * n });
/// }
/// let mut sum = 0;
/// while let Some(square) = group.join_next().await {
///     sum += square.unwrap();
/// }
/// assert_eq!(sum, 30);
/// # });
/// ```
pub struct TaskGroup<T> {
    members: Mutex<Members<T>>,
    ended: Arc<Ended>,
}

/// A member is absent while it is polled.
type Members<T> = Slab<Option<JoinHandle<T>>>;

impl<T> TaskGroup<T> {
    /// A group without members.
    pub fn new() -> Self {
        Self {
            members: Mutex::default(),
            ended: Arc::default(),
        }
    }

    /// Spawns a member on the current runtime; see [`spawn`](crate::spawn()).
    #[track_caller]
    pub fn spawn<F>(&self, future: F)
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        self.add(|notice| spawn(Member::new(future, notice)));
    }

    /// Spawns a member that need not be `Send`; see [`spawn_local`](crate::spawn_local).
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F)
    where
        F: Future<Output = T> + 'static,
        T: 'static,
    {
        self.add(|notice| spawn_local(Member::new(future, notice)));
    }

    /// How many members have not been joined.
    pub fn len(&self) -> usize {
        self.members().len()
    }

    /// Whether every member has been joined.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits for the next member to end; `None` when there is no member left.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses no result. Only one `join_next` may wait at a time; the latest is woken.
    pub fn join_next(&self) -> JoinNext<'_, T> {
        JoinNext { group: self }
    }

    /// As [`join_next`](Self::join_next), for hand-written futures.
    pub fn poll_join_next(&self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.ended.set_waker(cx.waker());
        let mut ended = self.ended.take();
        let result = ended.iter().enumerate().find_map(|(at, &key)| {
            match self.poll_member(key, cx) {
                Poll::Ready(result) => Some((at, result)),
                // A member tells of its end from inside its last poll, so on another thread the
                // handle may resolve a moment later; it wakes us then.
                Poll::Pending => None,
            }
        });
        if let Some((at, result)) = result {
            ended.remove(at);
            self.ended.put_back(ended);
            return Poll::Ready(Some(result));
        }
        self.ended.put_back(ended);
        if self.is_empty() {
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    }

    /// Asks that every member be cancelled.
    pub fn abort_all(&self) {
        // Aborting wakes, so the lock is released first.
        let members = self.members();
        let handles = members.iter().filter_map(|(_, handle)| handle.as_ref());
        let tasks: Vec<_> = handles.filter_map(JoinHandle::task).collect();
        drop(members);
        for task in tasks {
            task.abort();
        }
    }

    /// Cancels every member, and waits until each has been dropped; their results are lost.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting, not the cancelling.
    pub async fn cancel(&self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// The result of a member that has said that it ended.
    fn poll_member(&self, key: usize, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        // Out of the group while it is polled: that may run user code, in a waker's clone or drop,
        // which must not find the lock taken.
        let taken = self.members()[key].take();
        let mut member = taken.expect("a member is joined once, by one caller at a time");
        let polled = Pin::new(&mut member).poll(cx);
        if polled.is_ready() {
            self.members().remove(key);
        } else {
            self.members()[key] = Some(member);
        }
        polled
    }

    fn add(&self, spawn: impl FnOnce(Notice) -> JoinHandle<T>) {
        // Spawning may end the task at once, which only notes the key; the lock is not taken
        // meanwhile, since a policy or a drop may do anything.
        let notice = Notice::default();
        let state = notice.state();
        let handle = spawn(notice);
        let key = self.members().insert(Some(handle));
        state.join_group(key, &self.ended);
    }

    fn members(&self) -> MutexGuard<'_, Members<T>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E: 'static> TaskGroup<Result<(), E>> {
    /// Runs `body` with a group; when the returned future ends, every member has ended.
    ///
    /// After `body` has returned `Ok`, the members that are left are waited for. The first error,
    /// of the body or of a member, wins: it cancels the body and all members, which are waited
    /// for. Dropping the future cancels the members, as dropping the group does.
    ///
    /// # Errors
    ///
    /// [`GroupError`] with the first error, or the [`JoinError`] of the first member that
    /// panicked or was cancelled.
    ///
    /// ```
    /// use executor_core::task::TaskGroup;
    ///
    /// # let runtime = executor_core::Runtime::without_io(executor_core::Fifo::new());
    /// # runtime.block_on(async {
    /// let result = TaskGroup::scope(async |group: &TaskGroup<Result<(), &str>>| {
    ///     group.spawn(async { Err("no more cheese") });
    ///     std::future::pending::<Result<(), _>>().await
    /// });
    /// assert_eq!(result.await.unwrap_err().into_failure().unwrap(), "no more cheese");
    /// # });
    /// ```
    pub async fn scope<R>(
        body: impl AsyncFnOnce(&Self) -> Result<R, E>,
    ) -> Result<R, GroupError<E>> {
        let group = Self::new();
        let result = {
            let mut body = pin!(body(&group));
            let mut output = None;
            poll_fn(|cx| group.poll_scope(body.as_mut(), &mut output, cx)).await
        };
        if result.is_err() {
            group.cancel().await;
        }
        result
    }

    fn poll_scope<R>(
        &self,
        body: Pin<&mut impl Future<Output = Result<R, E>>>,
        output: &mut Option<R>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<R, GroupError<E>>> {
        if output.is_none() {
            if let Poll::Ready(result) = body.poll(cx) {
                *output = Some(result.map_err(GroupError::Failed)?);
            }
        }
        loop {
            match self.poll_join_next(cx) {
                Poll::Ready(Some(Ok(Ok(())))) => {}
                Poll::Ready(Some(Ok(Err(error)))) => {
                    return Poll::Ready(Err(GroupError::Failed(error)));
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(GroupError::Join(error))),
                Poll::Ready(None) => {
                    return output
                        .take()
                        .map_or(Poll::Pending, |output| Poll::Ready(Ok(output)));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<T> Default for TaskGroup<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for TaskGroup<T> {
    fn drop(&mut self) {
        self.abort_all();
    }
}

impl<T> fmt::Debug for TaskGroup<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup")
            .field("len", &self.len())
            .finish()
    }
}

/// Waits for the next member of a group to end; made by [`TaskGroup::join_next`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct JoinNext<'a, T> {
    group: &'a TaskGroup<T>,
}

impl<T> Future for JoinNext<'_, T> {
    type Output = Option<Result<T, JoinError>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.group.poll_join_next(cx)
    }
}

/// Why a [`TaskGroup::scope`] failed.
#[derive(Debug)]
pub enum GroupError<E> {
    /// The body or a member returned this error.
    Failed(E),
    /// A member panicked or was cancelled.
    Join(JoinError),
}

impl<E> GroupError<E> {
    /// What the body or a member returned.
    ///
    /// # Errors
    ///
    /// Gives the [`JoinError`] if a member panicked or was cancelled instead.
    pub fn into_failure(self) -> Result<E, JoinError> {
        match self {
            Self::Failed(error) => Ok(error),
            Self::Join(error) => Err(error),
        }
    }
}

impl<E: fmt::Display> fmt::Display for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write!(f, "a task of the group failed: {error}"),
            Self::Join(error) => write!(f, "a task of the group did not finish: {error}"),
        }
    }
}

impl<E: Error + 'static> Error for GroupError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Join(error) => Some(error),
        }
    }
}

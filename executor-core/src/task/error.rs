//! Why a task has no result.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;

use super::TaskId;

/// Why awaiting a [`JoinHandle`](super::JoinHandle) gave no result.
///
/// ```
/// use executor_core::{Fifo, Runtime};
///
/// let runtime = Runtime::without_io(Fifo::new());
/// let error = runtime.block_on(async {
///     executor_core::spawn(async { panic!("out of cheese") }).await.unwrap_err()
/// });
/// assert!(error.is_panic());
/// assert_eq!(error.panic_message(), Some("out of cheese"));
/// ```
pub struct JoinError {
    id: TaskId,
    failure: Failure,
}

/// What the task's cell stores; the id is added when the handle is awaited, to keep cells small.
pub(crate) enum Failure {
    Cancelled(CancelReason),
    /// In a second box, which is one word: each task has room for it, few need it.
    Panicked(Box<Box<dyn Any + Send>>),
}

const _: () = assert!(size_of::<Result<(), Failure>>() <= 16);

/// Who cancelled a task, for the error's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CancelReason {
    Aborted,
    ShutDown,
    NoRuntime,
    NotOnLoop,
    NoThread,
    NoWorker,
}

impl JoinError {
    pub(crate) fn new(id: TaskId, failure: Failure) -> Self {
        Self { id, failure }
    }

    /// The task that failed.
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// Whether the task was cancelled: by [`abort`](super::JoinHandle::abort), because its
    /// runtime shut down, or because there was no runtime to take it.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.failure, Failure::Cancelled(_))
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.failure, Failure::Panicked(_))
    }

    /// What the panic said, where it was a text.
    pub fn panic_message(&self) -> Option<&str> {
        match &self.failure {
            Failure::Cancelled(_) => None,
            Failure::Panicked(payload) => payload
                .downcast_ref::<&'static str>()
                .copied()
                .or_else(|| payload.downcast_ref::<String>().map(String::as_str)),
        }
    }

    /// The panic's payload, to be resumed with [`std::panic::resume_unwind`].
    ///
    /// # Errors
    ///
    /// Gives the error back if the task did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        match self.failure {
            Failure::Panicked(payload) => Ok(*payload),
            Failure::Cancelled(_) => Err(self),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id;
        match &self.failure {
            Failure::Panicked(_) => match self.panic_message() {
                Some(message) => write!(f, "{id} panicked: {message}"),
                None => write!(f, "{id} panicked"),
            },
            Failure::Cancelled(CancelReason::Aborted) => write!(f, "{id} was aborted"),
            Failure::Cancelled(CancelReason::ShutDown) => {
                write!(f, "{id} was cancelled: its runtime has shut down")
            }
            Failure::Cancelled(CancelReason::NoRuntime) => write!(
                f,
                "{id} was never started: no runtime is current on this thread; spawn inside \
                 `block_on` or a task, or through a `Handle`"
            ),
            Failure::Cancelled(CancelReason::NotOnLoop) => write!(
                f,
                "{id} was never started: `spawn_local` works only on a thread that turns a loop; \
                 use `spawn` with a `Send` future here"
            ),
            Failure::Cancelled(CancelReason::NoWorker) => write!(
                f,
                "{id} was never started: the pool has no worker of that number; they are numbered \
                 from 0, and `PoolRuntime::workers` says how many there are"
            ),
            Failure::Cancelled(CancelReason::NoThread) => write!(
                f,
                "{id} was never started: the blocking pool has no thread and the operating \
                 system refuses to start one"
            ),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl Error for JoinError {}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> Self {
        io::Error::other(error.to_string())
    }
}

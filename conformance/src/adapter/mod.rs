//! What an executor's author implements, so that the suite can drive the executor.
//!
//! [`Executor`] is all that a bare `block_on` needs. Every other trait is a *capability*: implement
//! those whose features the executor has, and name them in [`suite!`](crate::suite).
//!
//! | capability | trait | what it adds |
//! |---|---|---|
//! | `spawn` | [`Spawn`] | tasks, and handles to join them |
//! | `remote` | [`Remote`] | spawning from other threads |
//! | `abort` | [`Abort`] | handles that cancel |
//! | `local` | [`SpawnLocal`] | futures that are not `Send` |
//! | `timers` | [`Timers`] | sleeping |
//! | `reset` | [`ResetTimers`] | a sleep that can be given another deadline |
//! | `intervals` | [`Intervals`] | ticks, with a choice for those that were missed |
//! | `tcp`, `udp`, `unix` | [`Tcp`], [`Udp`], [`Unix`] | sockets |
//! | `blocking` | [`Blocking`] | a pool for closures that block |
//! | `parallel` | [`Parallel`] | tasks on two or more threads at once |
//! | `shared` | [`SharedBlockOn`] | `block_on` by several threads at once |
//! | `nested` | [`NestedBlockOn`] | what `block_on` inside `block_on` does |
//! | `shutdown_timeout` | [`ShutdownTimeout`] | a bounded shutdown |
//! | `wrap` | [`NearWrap`] | counters that start shortly before they wrap |
//!
//! The traits ask for functions, not for an architecture. Where an executor finds its runtime in a
//! thread-local, the handle can be `()`; where it is not `Send`, [`OnThread`] carries it.

mod join;
mod net;
mod on_thread;
mod time;

use std::future::Future;
use std::time::Duration;

pub use join::{JoinError, JoinHandle, Task};
pub use net::{Tcp, Udp, Unix};
pub use on_thread::OnThread;
pub use time::{Intervals, MissedTicks, ResetTimers, Timers};

/// An executor under test.
///
/// The suite makes one in each test, mostly one only; dropping it is shutting it down.
pub trait Executor: Sized + 'static {
    /// The name that reports show.
    const NAME: &'static str;

    /// What the other traits' functions are called with, from inside tasks and, where `remote` is
    /// declared, from other threads.
    ///
    /// It must not keep the executor alive: the suite drops the executor while handles live, and
    /// expects that this shuts it down.
    type Handle: Clone + Send + Sync + 'static;

    /// A fresh executor, with no tasks.
    fn new() -> Self;

    /// The handle of this executor.
    fn handle(&self) -> Self::Handle;

    /// Runs the executor on this thread until `root` is ready.
    fn block_on<F: Future>(&mut self, root: F) -> F::Output;
}

/// Capability `spawn`: tasks that run beside the root while `block_on` does.
pub trait Spawn: Executor {
    /// What dropping a [`JoinHandle`] does to its task.
    const ON_HANDLE_DROP: OnHandleDrop = OnHandleDrop::Detaches;

    /// What dropping an executor inside the `block_on` of another of its kind does.
    const DROP_INSIDE: DropInside = DropInside::Undefined;

    /// Starts a task.
    ///
    /// It is called inside `block_on`, by the root and by tasks, and before it on the thread that
    /// made the executor. Its future's panic should reach the handle as [`JoinError::Panicked`].
    fn spawn<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;
}

/// What dropping a handle does to its task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnHandleDrop {
    /// The task runs on, as std's and tokio's do.
    Detaches,
    /// The task is cancelled, as smol's are.
    Cancels,
}

/// What dropping an executor inside the `block_on` of another of its kind does.
///
/// Ownership keeps an executor from being dropped inside its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropInside {
    /// It shuts down as it does elsewhere.
    Works,
    /// It panics, and the outer executor is intact.
    Panics,
    /// The author makes no promise, or there can be only one at a time; the rule is skipped.
    Undefined,
}

/// Capability `remote`: [`Spawn::spawn`] works on any thread, also while the executor is idle.
pub trait Remote: Spawn {}

/// Capability `abort`: handles can cancel, see [`Task::abort`].
///
/// That is so for handles made by [`Spawn::spawn`] and, where `local` is declared, by
/// [`SpawnLocal::spawn_local`]. Handles are `Send`, so it may be done on any thread.
pub trait Abort: Spawn {}

/// Capability `local`: tasks whose futures are not `Send`.
pub trait SpawnLocal: Spawn {
    /// Starts a task that stays on this thread; called inside `block_on`, and before it on the
    /// thread that made the executor.
    fn spawn_local<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static;
}

/// Capability `blocking`: a pool of threads for closures that block.
pub trait Blocking: Spawn {
    /// Runs a closure on the pool.
    fn spawn_blocking<F, T>(handle: &Self::Handle, closure: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static;

    /// An executor whose pool has at most `threads`; `None` if that cannot be chosen.
    fn with_blocking_threads(threads: usize) -> Option<Self> {
        let _ = threads;
        None
    }
}

/// Capability `parallel`: tasks run on two or more threads at once.
pub trait Parallel: Spawn {
    /// An executor whose tasks run on exactly `workers` threads.
    fn with_workers(workers: usize) -> Self;
}

/// Capability `shared`: several threads may call `block_on` at the same time.
pub trait SharedBlockOn: Spawn + Sync {
    /// As [`Executor::block_on`], by a shared reference.
    fn block_on_shared<F: Future>(&self, root: F) -> F::Output;
}

/// Capability `nested`: what calling `block_on` inside `block_on` does.
pub trait NestedBlockOn: Executor {
    /// Whether the call below works; if not, it gives an error.
    const WORKS: bool;

    /// Calls `block_on` while the `block_on` of the executor of `handle` is running on this thread:
    /// of the same executor if it can be reached, else of another of its kind.
    ///
    /// # Errors
    ///
    /// What the executor says when it refuses; a panic by which it refuses should be caught here.
    fn nested_block_on<F: Future + 'static>(
        handle: &Self::Handle,
        future: F,
    ) -> Result<F::Output, String>
    where
        F::Output: 'static;
}

/// Capability `shutdown_timeout`: shutting down waits for blocking closures, but not for ever.
pub trait ShutdownTimeout: Blocking {
    /// Shuts down, and waits at most `timeout` for closures that block.
    fn shutdown_timeout(self, timeout: Duration);
}

/// Capability `wrap`: an executor whose internal counters will soon wrap.
///
/// Versions, ticks and ids are finite; a test hook that starts them shortly before they wrap shows
/// whether the executor survives what otherwise takes weeks.
pub trait NearWrap: Executor {
    /// An executor whose counters wrap within a few hundred operations.
    fn near_wrap() -> Self;
}

//! Spawning on the runtime that is current.

use std::future::Future;
use std::panic::Location;

use crate::context;
use crate::runtime::{Handle, refuse, spawn_local_on};
use crate::task::{CancelReason, JoinHandle, TaskOptions};

/// Spawns a task on the current runtime.
///
/// The future is not polled before this returns. Where no runtime is current the future is
/// dropped, and the handle resolves with a [`JoinError`](crate::task::JoinError) that says so.
///
/// ```
/// # let runtime = executor_core::Runtime::without_io(executor_core::Fifo::new());
/// let answer = runtime.block_on(async { executor_core::spawn(async { 42 }).await });
/// assert_eq!(answer.unwrap(), 42);
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    spawn_at(None, Location::caller(), future)
}

/// Spawns a task on the current runtime, with a name or hints for the policy.
///
/// ```
/// use executor_core::task::TaskOptions;
///
/// # let runtime = executor_core::Runtime::without_io(executor_core::Fifo::new());
/// runtime.block_on(async {
///     let options = TaskOptions::new().name("ticker").priority(9);
///     let task = executor_core::spawn_with(options, async {}).task().unwrap();
///     assert_eq!(task.name(), Some("ticker"));
/// });
/// ```
#[track_caller]
pub fn spawn_with<F>(mut options: TaskOptions, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    spawn_at(Some(&mut options), Location::caller(), future)
}

fn spawn_at<F>(
    options: Option<&mut TaskOptions>,
    location: &'static Location<'static>,
    future: F,
) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    context::with_handle(|handle| match handle {
        Some(handle) => handle.spawn_at(options, location, future),
        None => refuse(future, location, CancelReason::NoRuntime),
    })
}

/// Spawns a task whose future need not be `Send` on the loop that this thread turns.
///
/// The future is polled and dropped on this thread only. Where this thread turns no loop (outside
/// of any runtime, or on a blocking thread) the future is dropped, and the handle resolves with a
/// [`JoinError`](crate::task::JoinError) that says so.
///
/// ```
/// use std::rc::Rc;
///
/// # let runtime = executor_core::Runtime::without_io(executor_core::Fifo::new());
/// runtime.block_on(async {
///     let shared = Rc::new(7);
///     let theirs = Rc::clone(&shared);
///     assert_eq!(executor_core::spawn_local(async move { *theirs }).await.unwrap(), 7);
/// });
/// ```
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    spawn_local_at(None, Location::caller(), future)
}

/// As [`spawn_local`], with a name or hints for the policy.
#[track_caller]
pub fn spawn_local_with<F>(mut options: TaskOptions, future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    spawn_local_at(Some(&mut options), Location::caller(), future)
}

fn spawn_local_at<F>(
    options: Option<&mut TaskOptions>,
    location: &'static Location<'static>,
    future: F,
) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    context::with_local(|local| match local {
        Some(local) => spawn_local_on(local, options, location, future),
        None if Handle::try_current().is_some() => {
            refuse(future, location, CancelReason::NotOnLoop)
        }
        None => refuse(future, location, CancelReason::NoRuntime),
    })
}

/// Runs a closure that blocks, on the current runtime's blocking pool.
///
/// The pool belongs to the runtime, starts threads as they are needed up to its bound, and queues
/// closures beyond it. A panic is a [`JoinError`](crate::task::JoinError). Aborting cancels a
/// closure that has not begun; one that runs goes on to its end, and shutting the runtime down
/// waits for it. Where no runtime is current the closure is dropped, and the handle says so.
///
/// ```
/// # let runtime = executor_core::Runtime::without_io(executor_core::Fifo::new());
/// let length = runtime.block_on(async {
///     executor_core::spawn_blocking(|| std::fs::read("/dev/null").map(|bytes| bytes.len())).await
/// });
/// assert_eq!(length.unwrap().unwrap(), 0);
/// ```
#[track_caller]
pub fn spawn_blocking<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let location = Location::caller();
    context::with_handle(|handle| match handle {
        Some(handle) => handle.spawn_blocking_at(location, f),
        None => refuse(async { f() }, location, CancelReason::NoRuntime),
    })
}

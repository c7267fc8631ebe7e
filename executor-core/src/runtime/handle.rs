//! Access to a runtime from anywhere.

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Core, no_runtime};
use crate::blocking::BlockingJob;
use crate::context::{self, Frame};
use crate::driver::Reactor;
use crate::scheduler::Cause;
use crate::task::{self, CancelReason, JoinHandle, NewTask, Ready, TaskHeader, TaskOptions};
use crate::time::Sleep;

/// Access to a runtime from anywhere: spawn tasks on it, use its timers and its reactor.
///
/// It is a cheap clone, it may be sent to other threads, and it does not keep the runtime
/// running: after shutdown a spawn gives a handle that says so.
///
/// ```
/// use executor_core::{Fifo, Handle, Runtime};
///
/// let runtime = Runtime::without_io(Fifo::new());
/// let handle = runtime.handle();
/// let other = std::thread::spawn(move || handle.spawn(async { 6 * 7 }));
/// let task = other.join().unwrap();
/// assert_eq!(runtime.block_on(task).unwrap(), 42);
/// assert!(Handle::try_current().is_none());
/// ```
#[derive(Clone)]
pub struct Handle {
    core: Arc<Core>,
}

impl Handle {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// The runtime that is current on this thread, if there is one.
    ///
    /// A runtime is current inside its `block_on` and its tasks, on its blocking threads, and
    /// inside [`enter`](Self::enter).
    pub fn try_current() -> Option<Self> {
        context::with_handle(|handle| handle.cloned())
    }

    /// The runtime that is current on this thread.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] where none is; the message says what to do.
    pub fn current() -> io::Result<Self> {
        Self::try_current().ok_or_else(|| no_runtime("this operation"))
    }

    /// Makes this runtime current on this thread while `f` runs, so that sockets and timers can
    /// be made, and tasks spawned, as inside the runtime.
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        context::with_local(|local| {
            let frame = Frame {
                handle: self,
                // On the loop's own thread it stays the loop's own thread.
                local: local.filter(|local| local.is_of(&self.core)),
                turning: false,
                budget: None,
            };
            context::enter(&frame, f)
        })
    }

    /// The name of the backend.
    pub fn backend(&self) -> &'static str {
        self.core.name()
    }

    /// Whether the runtime has begun to shut down.
    pub fn is_closed(&self) -> bool {
        self.core.is_closed()
    }

    /// The runtime's reactor.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] if the runtime was built without one.
    pub fn reactor(&self) -> io::Result<&Arc<dyn Reactor>> {
        self.core.reactor().ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::Unsupported,
                format!(
                    "the reactor driver is missing: the runtime `{}` was built without I/O; use a \
                     backend with a reactor, such as epoll",
                    self.core.name()
                ),
            )
        })
    }

    /// The time, by the runtime's clock.
    pub fn now(&self) -> Instant {
        self.core.time()
    }

    /// The instant at which the runtime was made; [`TaskHeader::deadline`] counts from it.
    pub fn epoch(&self) -> Instant {
        self.core.epoch()
    }

    /// A timer of this runtime that ends after `duration`; see [`time::sleep`](crate::time::sleep).
    pub fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::on(Some(self.clone()), self.now().checked_add(duration))
    }

    /// Spawns a task on this runtime; see [`spawn`](crate::spawn).
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_at(None, Location::caller(), future)
    }

    /// Spawns a task with a name or hints for the policy; see [`spawn_with`](crate::spawn_with).
    #[track_caller]
    pub fn spawn_with<F>(&self, mut options: TaskOptions, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_at(Some(&mut options), Location::caller(), future)
    }

    pub(crate) fn spawn_at<F>(
        &self,
        options: Option<&mut TaskOptions>,
        location: &'static Location<'static>,
        future: F,
    ) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let header = header(Some(&self.core), options, location);
        if size_of::<F>() > BOX_ABOVE {
            return self.spawn_as(Box::pin(future), header);
        }
        self.spawn_as(future, header)
    }

    #[inline]
    fn spawn_as<F>(&self, future: F, header: TaskHeader) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let Some(pool) = self.core.pool() else {
            let (task, join) = task::allocate(future, header);
            submit(&self.core, task);
            return join;
        };
        let (ready, join) = task::allocate_shared(future, header, pool.registry());
        if let Some(ready) = ready {
            self.submit_shared(ready);
        }
        join
    }

    /// Runs a closure that blocks on the runtime's blocking pool; see
    /// [`spawn_blocking`](crate::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F, T>(&self, f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_blocking_at(Location::caller(), f)
    }

    pub(crate) fn spawn_blocking_at<F, T>(
        &self,
        location: &'static Location<'static>,
        f: F,
    ) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let header = header(Some(&self.core), None, location);
        let (job, join) = task::allocate_blocking(BlockingJob::new(f), header);
        self.core.blocking().push(job);
        join
    }

    fn submit_shared(&self, ready: Ready) {
        let abroad = context::with_local(|local| match local {
            Some(local) if local.is_of(&self.core) => {
                local.push(ready, Cause::Spawn);
                None
            }
            _ => Some(ready),
        });
        if let Some(ready) = abroad {
            self.core.inject(ready);
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("backend", &self.core.name())
            .field("is_closed", &self.is_closed())
            .finish()
    }
}

/// A future larger than this is boxed first, so that it is not copied from frame to frame on
/// the spawning thread's stack.
pub(crate) const BOX_ABOVE: usize = 4096;

/// The header of a task that is spawned here and now.
#[inline]
pub(crate) fn header(
    core: Option<&Arc<Core>>,
    options: Option<&mut TaskOptions>,
    location: &'static Location<'static>,
) -> TaskHeader {
    let heritage = task::with_header(|parent| parent.map(TaskHeader::heritage));
    TaskHeader::new(core, location, options, heritage.unwrap_or_default())
}

/// Gives a new task to its loop, whose core this is.
fn submit(core: &Arc<Core>, task: NewTask) {
    context::with_local(|local| match local {
        Some(local) if Arc::ptr_eq(local.core(), core) => local.spawn(task),
        _ => core.send_spawn(task),
    });
}

/// Spawns a task on the loop whose core this is, from wherever; `None` is no loop.
pub(crate) fn spawn_pinned_at<F>(
    core: Option<&Arc<Core>>,
    location: &'static Location<'static>,
    future: F,
) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let Some(core) = core else {
        return refuse(future, location, CancelReason::NoWorker);
    };
    let (task, join) = task::allocate(future, header(Some(core), None, location));
    submit(core, task);
    join
}

/// Spawns a task for which there is no place: it ends at once, and its handle says why.
pub(crate) fn refuse<F>(
    future: F,
    location: &'static Location<'static>,
    reason: CancelReason,
) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let header = header(None, None, location);
    let (task, join) = task::allocate_local(future, header);
    task.refuse(reason);
    join
}

//! A runtime and the thread that turns its loop.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::handle::{BOX_ABOVE, header};
use super::{BlockOnError, Builder, Core, Drivers, Handle};
use crate::blocking::BlockingPool;
use crate::context::Home;
use crate::driver::{Park, ThreadPark};
use crate::event_loop::EventLoop;
use crate::scheduler::{Fifo, Scheduler};
use crate::task::{self, JoinHandle, TaskOptions};

/// An owned runtime: one loop, turned by the thread that calls [`block_on`](Self::block_on).
///
/// `S` is the policy that picks the next task, `P` the way in which the thread sleeps. Backends
/// put the two together and add a reactor; [`without_io`](Self::without_io) makes one of this
/// crate's parts alone. It stays on the thread that made it; [`handle`](Self::handle) is for the
/// others.
///
/// Dropping it drops every task, also those that wait for ever, and every
/// [`JoinHandle`] resolves. (For a task whose token the policy has leaked, with
/// [`std::mem::forget`] say, it waits a second, and says so on standard error.) Closures that run
/// on the blocking pool are waited for; see [`shutdown_timeout`](Self::shutdown_timeout).
pub struct Runtime<S: Scheduler = Fifo, P: Park = ThreadPark> {
    event_loop: EventLoop<S, P>,
}

impl<S: Scheduler> Runtime<S, ThreadPark> {
    /// A runtime with timers and wakers but without I/O.
    ///
    /// ```
    /// use executor_core::{Fifo, Runtime, time};
    /// use std::time::Duration;
    ///
    /// let runtime = Runtime::without_io(Fifo::new());
    /// runtime.block_on(async { time::sleep(Duration::from_millis(1)).await }).unwrap();
    /// ```
    pub fn without_io(policy: S) -> Self {
        let park = ThreadPark::new();
        let drivers = Drivers::new("no-io", park.unparker());
        Builder::new()
            .build(policy, park, drivers)
            .expect("the default options make sense")
    }
}

impl<S: Scheduler, P: Park> Runtime<S, P> {
    pub(super) fn from_parts(policy: S, park: P, drivers: Drivers, blocking: BlockingPool) -> Self {
        let core = Arc::new(Core::new(drivers, blocking, None));
        Self {
            event_loop: EventLoop::new(policy, park, Home::alone(core)),
        }
    }

    /// Runs `future` to its end, and the runtime's tasks beside it.
    ///
    /// Tasks that have not ended when it returns stay, and go on with the next call.
    ///
    /// # Panics
    ///
    /// If the future panics, or the policy; the runtime stays usable. If the thread turns a loop
    /// already, or if the driver fails: [`try_block_on`](Self::try_block_on) gives these two as
    /// errors.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match self.try_block_on(future) {
            Ok(output) => output,
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`block_on`](Self::block_on), with misuse as an error rather than a panic.
    ///
    /// # Errors
    ///
    /// [`BlockOnError::Nested`] if this thread is inside a `block_on` already, of whichever
    /// runtime; [`BlockOnError::Driver`] if the driver fails. The future has been dropped.
    pub fn try_block_on<F: Future>(&self, future: F) -> Result<F::Output, BlockOnError> {
        self.event_loop.block_on(future)
    }

    /// Access to this runtime from anywhere.
    pub fn handle(&self) -> Handle {
        self.event_loop.local().handle().clone()
    }

    /// Spawns a task; it runs when the loop is turned.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.event_loop.local().handle().spawn(future)
    }

    /// Spawns a task whose future need not be `Send`; it runs when the loop is turned.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let local = self.event_loop.local();
        spawn_local_on(local, None, Location::caller(), future)
    }

    /// How many tasks the loop knows: spawned and not ended.
    ///
    /// What was spawned from another thread, or outside of `block_on`, is counted from the next
    /// turn of the loop on.
    pub fn live_tasks(&self) -> usize {
        self.event_loop.local().registry().len()
    }

    /// How often the policy dropped a [`Ready`](crate::Ready); the tasks were queued again.
    pub fn policy_faults(&self) -> u64 {
        self.event_loop.local().faults()
    }

    /// Shuts down as dropping does, but waits at most `timeout` for closures that run on the
    /// blocking pool; their threads are then left to themselves.
    pub fn shutdown_timeout(self, timeout: Duration) {
        self.event_loop.close(Some(timeout));
    }
}

/// Spawns on the loop of this very thread.
pub(crate) fn spawn_local_on<F>(
    local: &crate::context::LoopCore,
    options: Option<&mut TaskOptions>,
    location: &'static Location<'static>,
    future: F,
) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let header = header(Some(local.core()), options, location);
    if size_of::<F>() > BOX_ABOVE {
        let (task, join) = task::allocate_local(Box::pin(future), header);
        local.spawn(task);
        return join;
    }
    let (task, join) = task::allocate_local(future, header);
    local.spawn(task);
    join
}

impl<S: Scheduler, P: Park> fmt::Debug for Runtime<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("backend", &self.event_loop.local().handle().backend())
            .field("live_tasks", &self.live_tasks())
            .finish_non_exhaustive()
    }
}

//! A pool of workers, owned.

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::mpsc;
use std::time::Duration;

use super::builder::{Hook, Threads};
use super::close::Closer;
use super::crew::Crew;
use super::metrics::PoolMetrics;
use super::queue::Shared;
use super::worker::{self, WorkerUnpark};
use super::{Pool, PoolBuilder, root};
use crate::blocking::BlockingPool;
use crate::driver::{Park, ThreadPark, Unpark};
use crate::runtime::{BlockOnError, Core, Drivers, Handle, spawn_pinned_at};
use crate::scheduler::{PoolScheduler, WorkStealing, WorkerId};
use crate::task::{JoinHandle, contain};

/// An owned runtime of several threads, each of which turns a loop.
///
/// `P` is the policy that picks the next task on each worker. Backends add a reactor;
/// [`without_io`](Self::without_io) makes one of this crate's parts alone. A future that is spawned
/// on it must be `Send`, and may be polled by each worker in turn. What is not `Send` is spawned by
/// [`spawn_local`](crate::spawn_local) from inside a task, and stays on the worker where that was
/// called.
///
/// Dropping it drops every task, also those that wait for ever, and every [`JoinHandle`] resolves.
/// It waits until each worker has come back from the poll that it is in, and for closures that run
/// on the blocking pool; see [`shutdown_timeout`](Self::shutdown_timeout). Dropped on one of its own
/// threads, a worker's or one of the blocking pool's, it is shut down by another, and the drop waits
/// for nothing.
///
/// ```
/// use executor_core::{PoolRuntime, spawn};
///
/// # fn main() -> std::io::Result<()> {
/// let pool = PoolRuntime::without_io(2)?;
/// let sum = pool.block_on(async {
///     let tasks: Vec<_> = (1..=10).map(|n| spawn(async move { n })).collect();
///     let mut sum = 0;
///     for task in tasks {
///         sum += task.await.unwrap();
///     }
///     sum
/// });
/// assert_eq!(sum, 55);
/// # Ok(())
/// # }
/// ```
pub struct PoolRuntime<P: PoolScheduler = WorkStealing> {
    handle: Handle,
    /// There until it is closed.
    closer: Option<Closer<P>>,
}

impl PoolRuntime {
    /// A pool of so many workers with timers and wakers but without I/O.
    ///
    /// # Errors
    ///
    /// As [`PoolBuilder::build`].
    pub fn without_io(workers: usize) -> io::Result<Self> {
        let park = ThreadPark::new();
        let drivers = Drivers::new("no-io-pool", park.unparker());
        PoolBuilder::new().workers(workers).build(park, drivers)
    }
}

impl<P: PoolScheduler> PoolRuntime<P> {
    /// Makes a pool, and starts its threads.
    pub(super) fn start(
        options: PoolBuilder<P>,
        workers: usize,
        park: Box<dyn Park + Send>,
        drivers: Drivers,
        blocking: BlockingPool,
    ) -> io::Result<Self> {
        let mut policy = options.policy;
        policy.prepare(workers);
        let shared = Arc::new(Shared::new(policy));
        let parts = (0..workers).map(|id| shared.policy.worker(WorkerId::new(id)));
        let parts: Vec<_> = parts.collect();
        let closer = ThreadPark::new();
        let core = make_core(&shared, workers, park, drivers, blocking, &closer);
        let mut this = Self {
            handle: Handle::new(Arc::clone(&core)),
            closer: Some(Closer::new(core, shared, closer)),
        };
        this.start_threads(parts, &options.threads)?;
        Ok(this)
    }

    /// Starts the workers' threads. If one of them is refused, those before it end when `self` is
    /// dropped.
    fn start_threads(&mut self, parts: Vec<P::Worker>, options: &Threads) -> io::Result<()> {
        let closer = self.closer.as_mut().expect("it is not closed yet");
        let workers = parts.len();
        let (started, reports) = mpsc::channel();
        for (id, part) in parts.into_iter().enumerate() {
            let id = WorkerId::new(id);
            let (core, shared) = closer.parts();
            let hooks = Hooks {
                start: options.on_start.clone(),
                stop: options.on_stop.clone(),
                started: started.clone(),
            };
            let thread = options.builder(id);
            let thread = thread.spawn(move || run_worker(&core, &shared, part, id, hooks))?;
            closer.add(thread);
        }
        drop(started);
        match reports.iter().take(workers).all(|fine| fine) {
            true => Ok(()),
            false => Err(io::Error::other(
                "the hook `on_start` panicked on a worker's thread; the pool was not started",
            )),
        }
    }

    fn pool(&self) -> &Pool {
        self.handle.core().expect_pool()
    }

    /// Runs `future` to its end on this thread, while the workers run the pool's tasks.
    ///
    /// Several threads may do so at once. The future is polled on this thread only, and need not
    /// be `Send`; it can spawn, but not by [`spawn_local`](crate::spawn_local), as this thread is
    /// no worker.
    ///
    /// # Panics
    ///
    /// If the future panics; the pool stays usable. If the policy panicked, which stops the pool. If
    /// the thread turns a loop already, or if the driver fails:
    /// [`try_block_on`](Self::try_block_on) gives these two as errors.
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
    /// runtime, or a worker; [`BlockOnError::Driver`] if the driver fails. The future has been
    /// dropped.
    pub fn try_block_on<F: Future>(&self, future: F) -> Result<F::Output, BlockOnError> {
        root::block_on(&self.handle, self.pool(), future)
    }

    /// Access to this runtime from anywhere.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.pool().crew.workers()
    }

    /// Spawns a task that any worker may run.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// Spawns a task that only the worker of that number runs.
    ///
    /// If there is no such worker the future is dropped, and the handle says so.
    #[track_caller]
    pub fn spawn_on<F>(&self, worker: usize, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let workers = self.pool().workers.get();
        let own = workers.and_then(|workers| workers.get(worker));
        spawn_pinned_at(own, Location::caller(), future)
    }

    /// What the workers have done so far.
    pub fn metrics(&self) -> PoolMetrics {
        let pool = self.pool();
        PoolMetrics {
            workers: pool.counters.snapshot(),
            live_tasks: pool.registry.len(),
            // Relaxed: the number is all that matters.
            policy_faults: pool.faults.load(Relaxed),
        }
    }

    /// Shuts down as dropping does, but waits at most `timeout` for workers that are blocked in a
    /// task, and for closures that run on the blocking pool; their threads are then left to
    /// themselves, with the tasks that they are in. That a worker comes back and leaves takes some
    /// microseconds at best, so with next to no time tasks are left behind, too.
    pub fn shutdown_timeout(mut self, timeout: Duration) {
        self.close(Some(timeout));
    }

    fn close(&mut self, timeout: Option<Duration>) {
        if let Some(closer) = self.closer.take() {
            closer.close(timeout);
        }
    }
}

impl<P: PoolScheduler> Drop for PoolRuntime<P> {
    fn drop(&mut self) {
        self.close(None);
    }
}

/// Makes what the workers share.
fn make_core<P: PoolScheduler>(
    shared: &Arc<Shared<P>>,
    workers: usize,
    park: Box<dyn Park + Send>,
    drivers: Drivers,
    blocking: BlockingPool,
    closer: &ThreadPark,
) -> Arc<Core> {
    let crew = Arc::new(Crew::new(workers, park, Arc::clone(&drivers.unpark)));
    let pool = Pool::new(Box::new(Arc::clone(shared)), Arc::clone(&crew), closer);
    let core = Arc::new(Core::new(drivers, blocking, Some(pool)));
    let own = (0..workers).map(|id| {
        let crew = Arc::clone(&crew);
        Arc::new(core.for_worker(Arc::new(WorkerUnpark { crew, id })))
    });
    let set = core.pool().map(|pool| pool.workers.set(own.collect()));
    assert!(matches!(set, Some(Ok(()))), "a pool is made once");
    core
}

struct Hooks {
    start: Option<Hook>,
    stop: Option<Hook>,
    /// Whether the worker has started.
    started: mpsc::Sender<bool>,
}

/// What a worker's thread does.
fn run_worker<P: PoolScheduler>(
    core: &Arc<Core>,
    shared: &Arc<Shared<P>>,
    part: P::Worker,
    id: WorkerId,
    hooks: Hooks,
) {
    let mut fine = hooks.start.is_none();
    if let Some(hook) = &hooks.start {
        contain(|| {
            hook(id);
            fine = true;
        });
    }
    let _ = hooks.started.send(fine);
    drop(hooks.started);
    worker::work(core, shared, part, id);
    if let Some(hook) = &hooks.stop {
        contain(|| hook(id));
    }
    let pool = core.expect_pool();
    pool.left.fetch_add(1, SeqCst);
    pool.closer.unpark();
}

impl<P: PoolScheduler> fmt::Debug for PoolRuntime<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolRuntime")
            .field("backend", &self.handle.backend())
            .field("workers", &self.workers())
            .field("live_tasks", &self.pool().registry.len())
            .finish_non_exhaustive()
    }
}

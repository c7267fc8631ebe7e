//! Putting a pool together from its parts.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::PoolRuntime;
use crate::driver::Park;
use crate::runtime::{Builder, Drivers};
use crate::scheduler::{PoolScheduler, WorkStealing, WorkerId};

/// What is called on a worker's thread when it starts or stops.
pub(super) type Hook = Arc<dyn Fn(WorkerId) + Send + Sync>;

/// Options of a [`PoolRuntime`] that do not depend on its drivers.
#[derive(Clone)]
#[must_use = "a builder does nothing until it builds"]
pub struct PoolBuilder<P = WorkStealing> {
    pub(super) policy: P,
    pub(super) core: Builder,
    workers: Option<usize>,
    pub(super) threads: Threads,
}

/// What is asked of the workers' threads.
#[derive(Clone)]
pub(super) struct Threads {
    name: String,
    stack_size: Option<usize>,
    pub(super) on_start: Option<Hook>,
    pub(super) on_stop: Option<Hook>,
}

impl Threads {
    /// That of one worker, to be started.
    pub(super) fn builder(&self, id: WorkerId) -> thread::Builder {
        let named = thread::Builder::new().name(format!("{}-{}", self.name, id.index()));
        match self.stack_size {
            Some(bytes) => named.stack_size(bytes),
            None => named,
        }
    }
}

impl PoolBuilder {
    /// The defaults: as many workers as the process may use processors at once, work stealing, and
    /// a blocking pool as in [`Builder::new`].
    pub fn new() -> Self {
        Self {
            policy: WorkStealing::new(),
            core: Builder::new(),
            workers: None,
            threads: Threads {
                name: "anyloop-worker".to_owned(),
                stack_size: None,
                on_start: None,
                on_stop: None,
            },
        }
    }
}

impl Default for PoolBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl<P> PoolBuilder<P> {
    /// The policy that picks the next task on each worker.
    pub fn scheduler<Q: PoolScheduler>(self, policy: Q) -> PoolBuilder<Q> {
        PoolBuilder {
            policy,
            core: self.core,
            workers: self.workers,
            threads: self.threads,
        }
    }

    /// How many threads turn the loop; at least 1.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// What the workers' threads are called; each gets its number behind it.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.threads.name = name.into();
        self
    }

    /// The size of the workers' stacks, in bytes; without it that of the standard library.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.threads.stack_size = Some(bytes);
        self
    }

    /// Calls `hook` on each worker's thread before it runs its first task.
    ///
    /// If the hook panics, [`build`](Self::build) fails.
    pub fn on_start(mut self, hook: impl Fn(WorkerId) + Send + Sync + 'static) -> Self {
        self.threads.on_start = Some(Arc::new(hook));
        self
    }

    /// Calls `hook` on each worker's thread after it has run its last task.
    ///
    /// A panic of the hook ends there.
    pub fn on_stop(mut self, hook: impl Fn(WorkerId) + Send + Sync + 'static) -> Self {
        self.threads.on_stop = Some(Arc::new(hook));
        self
    }

    /// The most threads that [`spawn_blocking`](crate::spawn_blocking) starts; at least 1.
    pub fn blocking_threads(mut self, threads: usize) -> Self {
        self.core = self.core.blocking_threads(threads);
        self
    }

    /// How long an idle blocking thread lives.
    pub fn blocking_keep_alive(mut self, keep_alive: Duration) -> Self {
        self.core = self.core.blocking_keep_alive(keep_alive);
        self
    }
}

impl<P: PoolScheduler> PoolBuilder<P> {
    /// Builds a pool whose workers sleep in `park`, one at a time, and starts its threads.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if an option makes no sense, with a message that says which;
    /// what the operating system says when it refuses a thread; [`io::ErrorKind::Other`] if the
    /// hook of [`on_start`](Self::on_start) panics. The threads that were started have ended then.
    pub fn build<K>(self, park: K, drivers: Drivers) -> io::Result<PoolRuntime<P>>
    where
        K: Park + Send + 'static,
    {
        let blocking = self.core.blocking_pool()?;
        let workers = match self.workers {
            Some(0) => return Err(no_workers()),
            Some(workers) => workers,
            None => thread::available_parallelism().map_or(1, usize::from),
        };
        PoolRuntime::start(self, workers, Box::new(park), drivers, blocking)
    }
}

fn no_workers() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "`workers(0)`: a pool needs at least one worker, or no task would ever run; leave the option \
         out for as many as there are processors",
    )
}

impl<P: fmt::Debug> fmt::Debug for PoolBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("policy", &self.policy)
            .field("workers", &self.workers)
            .field("thread_name", &self.threads.name)
            .field("stack_size", &self.threads.stack_size)
            .finish_non_exhaustive()
    }
}

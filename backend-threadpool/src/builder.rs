//! Options for the backend.

use std::io;
use std::time::Duration;

use executor_core::{Drivers, PoolBuilder, PoolScheduler, WorkStealing, WorkerId};

use crate::ThreadPool;

/// Options for a [`ThreadPool`].
///
/// ```
/// use backend_threadpool::ThreadPool;
///
/// # fn main() -> std::io::Result<()> {
/// let pool = ThreadPool::builder()
///     .workers(2)
///     .thread_name("server")
///     .on_start(|worker| println!("{worker} starts"))
///     .build()?;
/// # pool.block_on(async {});
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it builds"]
pub struct Builder<P> {
    pool: PoolBuilder<P>,
    reactor: reactor::Options,
}

impl Builder<WorkStealing> {
    pub(crate) fn new() -> Self {
        Self {
            pool: PoolBuilder::new(),
            // Where a worker spins for events, another may need its processor.
            reactor: reactor::Options::new().spin(Duration::ZERO),
        }
    }
}

impl<P> Builder<P> {
    /// The policy that picks the next task on each worker.
    pub fn scheduler<Q: PoolScheduler>(self, policy: Q) -> Builder<Q> {
        Builder {
            pool: self.pool.scheduler(policy),
            reactor: self.reactor,
        }
    }

    /// How many threads turn the loop; at least 1. Without it, as many as the process may use
    /// processors at once.
    pub fn workers(mut self, workers: usize) -> Self {
        self.pool = self.pool.workers(workers);
        self
    }

    /// What the workers' threads are called; each gets its number behind it.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.pool = self.pool.thread_name(name);
        self
    }

    /// The size of the workers' stacks, in bytes; without it that of the standard library.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.pool = self.pool.stack_size(bytes);
        self
    }

    /// Calls `hook` on each worker's thread before it runs its first task, for instance to pin it to
    /// a processor. If the hook panics, [`build`](Self::build) fails.
    pub fn on_start(mut self, hook: impl Fn(WorkerId) + Send + Sync + 'static) -> Self {
        self.pool = self.pool.on_start(hook);
        self
    }

    /// Calls `hook` on each worker's thread after it has run its last task. A panic of the hook
    /// ends there.
    pub fn on_stop(mut self, hook: impl Fn(WorkerId) + Send + Sync + 'static) -> Self {
        self.pool = self.pool.on_stop(hook);
        self
    }

    /// For how long at most a worker that waits for I/O looks for events again and again before it
    /// sleeps; not at all by default.
    ///
    /// It saves the time of falling asleep and waking where events follow each other within
    /// microseconds, at the cost of processor time, which other workers may need. It adapts: where
    /// nothing comes in that time, it soon stops trying.
    pub fn spin(mut self, most: Duration) -> Self {
        self.reactor = self.reactor.spin(most);
        self
    }

    /// How many events one look at the operating system takes at most; at least 1.
    pub fn events(mut self, events: usize) -> Self {
        self.reactor = self.reactor.events(events);
        self
    }

    /// Waits through `polling` alone, as on systems without epoll; for tests and comparisons.
    pub fn portable(mut self, portable: bool) -> Self {
        self.reactor = self.reactor.portable(portable);
        self
    }

    /// The most threads that `spawn_blocking` starts; at least 1.
    pub fn blocking_threads(mut self, threads: usize) -> Self {
        self.pool = self.pool.blocking_threads(threads);
        self
    }

    /// How long an idle blocking thread lives.
    pub fn blocking_keep_alive(mut self, keep_alive: Duration) -> Self {
        self.pool = self.pool.blocking_keep_alive(keep_alive);
        self
    }
}

impl<P: PoolScheduler> Builder<P> {
    /// Builds the pool, and starts its threads.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if an option makes no sense, with a message that says
    /// which; what the operating system says when it refuses a thread, or a descriptor for the
    /// reactor; [`io::ErrorKind::Other`] if the hook of [`on_start`](Self::on_start) panics.
    pub fn build(self) -> io::Result<ThreadPool<P>> {
        let driver = reactor::Driver::new(&self.reactor)?;
        let drivers = Drivers::new("threadpool", driver.unparker()).reactor(driver.reactor());
        let pool = self.pool.build(driver, drivers)?;
        Ok(ThreadPool { pool })
    }
}

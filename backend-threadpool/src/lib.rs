//! The backend of several threads: a loop on each, work stealing between them, every kind of I/O.
//!
//! [`ThreadPool`] puts together the workers of `executor-core` and the reactor of
//! `anyloop-reactor`. There is one reactor, and it roams: the worker that first has nothing to do
//! waits in it for I/O and timers on behalf of all, and another takes over within milliseconds
//! if that one goes off to run a task that blocks. Tasks that are spawned are `Send`, and run on whichever
//! worker has time; [`spawn_local`](executor_core::spawn_local) inside a task makes one that stays
//! on its worker, and may be of anything.
//!
//! ```
//! use backend_threadpool::ThreadPool;
//!
//! # fn main() -> std::io::Result<()> {
//! let pool = ThreadPool::new()?;
//! let answer = pool.block_on(async {
//!     let task = executor_core::spawn(async { 6 * 7 });
//!     task.await.unwrap()
//! });
//! assert_eq!(answer, 42);
//! # Ok(())
//! # }
//! ```
//!
//! The policy is a type parameter. Any [`Scheduler`](executor_core::Scheduler) for one thread becomes
//! one for the pool in a [`Sharded`](executor_core::Sharded) or a
//! [`Global`](executor_core::Global):
//!
//! ```
//! use backend_threadpool::ThreadPool;
//! use executor_core::{Fifo, Global};
//!
//! # fn main() -> std::io::Result<()> {
//! let pool = ThreadPool::builder()
//!     .workers(2)
//!     .scheduler(Global::new(Fifo::strict()))
//!     .build()?;
//! pool.block_on(async {});
//! # Ok(())
//! # }
//! ```
//!
//! # How a pool behaves
//!
//! - A task that blocks its worker holds up no other for long: what waits behind it is stolen, and the
//!   driver is taken over, within 5 ms, as long as one worker is free.
//! - Timers are fired by any worker that is awake, or by the one that sleeps in the driver. Each
//!   worker has a wheel of its own, so that making and dropping a timer takes no lock that
//!   another worker wants.
//! - An idle pool uses no processor time; 20 ms after its last task all workers sleep without end.
//! - The future given to `block_on` is polled by the calling thread, which is no worker.
//!
//! # More than a few processors
//!
//! Measured is what two processors show (`anyloop-bench`, rows `mt/`); the following is reasoning. With
//! `n` workers a look at the clock, some every 20 µs on each, reads `n` deadlines, one cache line each:
//! nothing at 8, some percent at 64, where one wheel for several workers would be better. Half of the
//! workers at most search at a time, and a search looks at `n` queues. All I/O comes by one epoll
//! set, whose events one worker at a time hands out; when that worker is saturated, at some hundred
//! thousand events a second, several pools of 8 to 16 workers, each with its own listener on the same
//! port, are the better shape, on machines of several memory nodes as well: tasks are stolen
//! without regard to where their memory is. What other threads inject stands in one line of which
//! workers take up to 33 at a time.

mod builder;

use std::fmt;
use std::io;
use std::ops::Deref;
use std::time::Duration;

use executor_core::{PoolRuntime, PoolScheduler, WorkStealing};

pub use builder::Builder;

/// The runtime of several threads; see the [crate's documentation](crate).
///
/// It derefs to [`PoolRuntime`], where `block_on`, `spawn`, `spawn_on`, `handle` and `metrics` are.
pub struct ThreadPool<P: PoolScheduler = WorkStealing> {
    pool: PoolRuntime<P>,
}

impl ThreadPool {
    /// A pool with the default options: a worker for each processor that the process may use, and
    /// work stealing.
    ///
    /// # Errors
    ///
    /// What the operating system says when it refuses a thread, or a descriptor for the reactor.
    pub fn new() -> io::Result<Self> {
        Self::builder().build()
    }

    /// Options for a pool.
    pub fn builder() -> Builder<WorkStealing> {
        Builder::new()
    }
}

impl<P: PoolScheduler> ThreadPool<P> {
    /// A pool with the default options, whose workers pick tasks by `policy`.
    ///
    /// # Errors
    ///
    /// As [`ThreadPool::new`].
    pub fn with_scheduler(policy: P) -> io::Result<Self> {
        Builder::new().scheduler(policy).build()
    }

    /// Shuts down as dropping does, but waits at most `timeout`; see
    /// [`PoolRuntime::shutdown_timeout`].
    pub fn shutdown_timeout(self, timeout: Duration) {
        self.pool.shutdown_timeout(timeout);
    }
}

impl<P: PoolScheduler> Deref for ThreadPool<P> {
    type Target = PoolRuntime<P>;

    fn deref(&self) -> &Self::Target {
        &self.pool
    }
}

impl<P: PoolScheduler> fmt::Debug for ThreadPool<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ThreadPool").field(&self.pool).finish()
    }
}

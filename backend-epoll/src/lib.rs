//! The single-threaded backend: one loop, one thread, every kind of I/O.
//!
//! [`Epoll`] puts together the loop of `executor-core` and the reactor of `anyloop-reactor`: the
//! thread that calls `block_on` polls tasks, fires timers, and sleeps in epoll (or in whatever
//! `polling` finds on systems without it). Other threads reach it through its
//! [`Handle`](executor_core::Handle): what they wake or spawn arrives by a lock-free queue, and
//! the reactor's notifier ends the sleep.
//!
//! ```
//! use backend_epoll::Epoll;
//!
//! # fn main() -> std::io::Result<()> {
//! let runtime = Epoll::new()?;
//! let answer = runtime.block_on(async {
//!     let task = executor_core::spawn(async { 6 * 7 });
//!     task.await.unwrap()
//! });
//! assert_eq!(answer, 42);
//! # Ok(())
//! # }
//! ```
//!
//! The policy is a type parameter, so that it inlines into the loop:
//!
//! ```
//! use backend_epoll::Epoll;
//! use executor_core::{PopContext, PushContext, Ready, Scheduler};
//!
//! #[derive(Default)]
//! struct Lifo(Vec<Ready>);
//!
//! impl Scheduler for Lifo {
//!     fn push(&mut self, task: Ready, _: &PushContext<'_>) {
//!         self.0.push(task);
//!     }
//!     fn pop(&mut self, _: &PopContext<'_>) -> Option<Ready> {
//!         self.0.pop()
//!     }
//!     fn len(&self) -> usize {
//!         self.0.len()
//!     }
//! }
//!
//! # fn main() -> std::io::Result<()> {
//! let runtime = Epoll::with_scheduler(Lifo::default())?;
//! runtime.block_on(async {});
//! # Ok(())
//! # }
//! ```

mod builder;

use std::fmt;
use std::io;
use std::ops::Deref;
use std::time::Duration;

use executor_core::{Fifo, Runtime, Scheduler};

pub use builder::Builder;

/// The single-threaded runtime; see the [crate's documentation](crate).
///
/// It derefs to [`Runtime`], where `block_on`, `spawn`, `spawn_local` and `handle` are. It stays
/// on the thread that made it.
pub struct Epoll<S: Scheduler = Fifo> {
    runtime: Runtime<S, reactor::Driver>,
}

impl Epoll {
    /// A runtime with the default options, that runs tasks first in, first out.
    ///
    /// # Errors
    ///
    /// What the operating system says when it refuses a descriptor for the reactor.
    pub fn new() -> io::Result<Self> {
        Self::builder().build()
    }

    /// Options for a runtime.
    pub fn builder() -> Builder<Fifo> {
        Builder::new(Fifo::new())
    }
}

impl<S: Scheduler> Epoll<S> {
    /// A runtime with the default options, that runs tasks in the order of `policy`.
    ///
    /// # Errors
    ///
    /// As [`Epoll::new`].
    pub fn with_scheduler(policy: S) -> io::Result<Self> {
        Builder::new(policy).build()
    }

    /// Shuts down as dropping does, but waits at most `timeout` for closures that run on the
    /// blocking pool; see [`Runtime::shutdown_timeout`].
    pub fn shutdown_timeout(self, timeout: Duration) {
        self.runtime.shutdown_timeout(timeout);
    }
}

impl<S: Scheduler> Deref for Epoll<S> {
    type Target = Runtime<S, reactor::Driver>;

    fn deref(&self) -> &Self::Target {
        &self.runtime
    }
}

impl<S: Scheduler> fmt::Debug for Epoll<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Epoll").field(&self.runtime).finish()
    }
}

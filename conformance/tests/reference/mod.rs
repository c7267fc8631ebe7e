//! The reference executor: the simplest one that keeps every rule, and the suite's proof of itself.
//!
//! It is written to be read, not to be fast. There is one lock around the queue, the list of tasks
//! and the timers; user code (polls, drops, wakers) never runs under it. It turns in two ways:
//! [`OneThread`] runs tasks inside `block_on`, [`Workers`] on threads of its own.
//!
//! | file | |
//! |---|---|
//! | `core.rs` | the queue, the list of tasks, shutting down |
//! | `drive.rs` | the one place where a thread sleeps; it looks after timers and sockets |
//! | `task.rs`, `job.rs` | a task, and the future inside it |
//! | `wake.rs` | what a wake does |
//! | `join.rs` | the handle that waits for a task |
//! | `time.rs`, `interval.rs` | timers |
//! | `poller.rs`, `io.rs`, `net.rs` | sockets |
//! | `pool.rs` | the threads for closures that block |
//! | `kinds.rs`, `adapter.rs` | the two ways of turning, and what the suite sees |
//! | `fault/` | what can be broken on purpose; `faults.rs`, `unsound.rs`, `dropped.rs`, `sent.rs`, `context.rs` help |
//!
//! Wherever it asks `broken(Fault::…)`, the line shows what the executor would do if it had the
//! bug of that name: `tests/mutants.rs` proves that a rule notices.

mod adapter;
mod adapter_net;
mod context;
mod core;
mod drive;
mod dropped;
pub(crate) mod fault;
mod faults;
mod interval;
mod io;
mod job;
mod join;
mod kinds;
mod locals;
mod net;
mod poller;
mod pool;
pub(crate) mod sent;
mod task;
mod time;
mod unsound;
mod wake;

pub(crate) use adapter::Reference;
pub(crate) use kinds::{OneThread, Workers};

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks; no user code runs under a lock of the executor, so that none is ever poisoned.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs code of the user's whose panic concerns nobody: the panic hook has reported it.
fn contain(user_code: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(user_code));
}

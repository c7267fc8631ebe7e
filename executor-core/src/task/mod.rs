//! Tasks: spawning's unit, its handle, its header, and the token that a policy holds.
//!
//! A task is one allocation, with a [`TaskHeader`] in it. [`Ready`], [`JoinHandle`] and
//! [`TaskHeader`] are this module's face; what is behind them is of two kinds:
//!
//! - a task that belongs to one loop lies in a cell of our own (`cell`), which costs that loop's
//!   thread no atomic operation from its spawn to its end;
//! - a closure on the blocking pool, which any of its threads may run, is a task of async-task's.
//!   `shared` is the only file that knows that.
//!
//! Invariants kept here:
//!
//! - L3: a [`Ready`] exists exactly once per scheduled task. It is made at home only, when the
//!   task's state says that it was idle, is move-only, and ends in `run` or in a rescue.
//! - L6: a panic in a future, in its drop, in its output's drop or in a join waker ends in a
//!   [`JoinError`] or nowhere; it never unwinds through the loop and never aborts the process.
//! - A task's future is polled and dropped by its own loop alone, hence on that loop's thread.

mod cell;
mod current;
mod error;
mod group;
mod header;
mod join;
mod local;
mod options;
mod origin;
mod outcome;
mod ready;
mod registry;
mod shared;
mod yield_now;

pub use current::{TaskRef, current};
pub use error::JoinError;
pub use group::{GroupError, JoinNext, TaskGroup};
pub use header::{TaskHeader, TaskId};
pub use join::{Cancel, JoinHandle};
pub use local::{AccessError, Scoped, TaskLocal};
pub use options::{GroupId, TaskOptions};
pub use ready::Ready;
pub use yield_now::{YieldNow, yield_now};

pub(crate) use cell::{NewTask, Woken};
pub(crate) use current::{actor, root_scope, with_header};
pub(crate) use error::CancelReason;
pub(crate) use join::{allocate, allocate_blocking, allocate_local};
pub(crate) use outcome::contain;
pub(crate) use registry::Registry;
pub(crate) use shared::Job;

//! Tasks: spawning's unit, its handle, its header, and the token that a policy holds.
//!
//! A task is one allocation, made by [`async_task`] with a [`TaskHeader`] as its metadata. This
//! module is the only one that knows async-task; [`Ready`], [`JoinHandle`] and [`TaskHeader`]
//! are its face, so that the cell behind them can be replaced without a change elsewhere.
//!
//! Invariants kept here:
//!
//! - L3: a [`Ready`] exists exactly once per scheduled task. It is made when async-task
//!   schedules, is move-only, and ends in `run` or in a rescue.
//! - L6: a panic in a future, in its drop, in its output's drop or in a join waker ends in a
//!   [`JoinError`] or nowhere; it never unwinds through the loop and never aborts the process.
//! - A task's future is polled and dropped by `run` alone, hence on the thread that runs it.

mod current;
mod error;
mod group;
mod header;
mod join;
mod local;
mod options;
mod origin;
mod outcome;
mod raw;
mod ready;
mod registry;
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

pub(crate) use current::{actor, contains_waker, root_poll, with_header};
pub(crate) use error::CancelReason;
pub(crate) use outcome::contain;
pub(crate) use raw::{allocate, allocate_blocking, allocate_local};
pub(crate) use ready::NewTask;
pub(crate) use registry::Registry;

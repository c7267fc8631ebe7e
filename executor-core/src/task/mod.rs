//! Tasks: spawning's unit, its handle, its header, and the token that a policy holds.
//!
//! A task is one allocation, with a [`TaskHeader`] in it. [`Ready`], [`JoinHandle`] and
//! [`TaskHeader`] are this module's face; what is behind them is of two kinds:
//!
//! - a task that belongs to one loop lies in a cell of our own (`cell`), which costs that loop's
//!   thread no atomic operation from its spawn to its end;
//! - a task that any worker of a pool may run, or any thread of a blocking pool, is one of
//!   async-task's. `shared` is the only folder that knows that.
//!
//! Invariants kept here:
//!
//! - L3: a [`Ready`] exists exactly once per scheduled task. It is made when the task's state says
//!   that it was idle (a loop's own task: on that loop only), is move-only, and ends in `run` or in
//!   a rescue.
//! - L6: a panic in a future, in its drop, in its output's drop or in a join waker ends in a
//!   [`JoinError`] or nowhere; it never unwinds through the loop and never aborts the process.
//! - The future of a loop's own task is polled and dropped by that loop alone, hence on its thread.

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
mod ready_slot;
mod registry;
mod shared;
mod slots;
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
pub(crate) use current::{actor, is_woken_by, root_scope, with_header};
pub(crate) use error::CancelReason;
pub(crate) use join::{allocate, allocate_blocking, allocate_local, allocate_shared};
pub(crate) use outcome::contain;
pub(crate) use ready_slot::ReadySlot;
pub(crate) use registry::Registry;
pub(crate) use shared::{Job, SharedRegistry};

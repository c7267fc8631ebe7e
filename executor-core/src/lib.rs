//! placeholder
pub mod coop;
pub mod driver;
pub mod task;
pub mod time;

mod blocking;
mod context;
mod event_loop;
mod runtime;
mod scheduler;
mod spawn;
mod sync;

pub use runtime::{BlockOnError, Builder, Clock, Drivers, Handle, Runtime, SystemClock};
pub use scheduler::{Cause, Fifo, PopContext, PushContext, Ran, RunEnd, Scheduler, Turn, WokenBy};
pub use spawn::{spawn, spawn_blocking, spawn_local, spawn_local_with, spawn_with};
pub use task::{JoinError, JoinHandle, Ready, TaskHeader, TaskId, TaskOptions};

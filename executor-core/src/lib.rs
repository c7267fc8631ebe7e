//! Tasks, policies, the loop, time and the seams to the operating system.
//!
//! This crate owns what must mean the same on every backend: a [task] is one allocation with one
//! meaning of drop, cancel, panic and detach; one [loop](Runtime) polls tasks and sleeps; one
//! [timer wheel](time) a loop keeps deadlines. What differs is behind three seams:
//!
//! | question | seam |
//! |---|---|
//! | which ready task runs next? | [`Scheduler`], a type parameter, so that it inlines into the loop |
//! | what makes a task ready, and how does a thread sleep? | the [drivers](driver), behind `dyn` |
//! | which thread turns the loop? | whoever calls [`Runtime::block_on`] |
//!
//! It knows no operating system beyond the standard library. A runtime made of its parts alone has
//! timers and tasks, and no I/O:
//!
//! ```
//! use executor_core::{Fifo, Runtime, spawn, time};
//! use std::time::Duration;
//!
//! let runtime = Runtime::without_io(Fifo::new());
//! let answer = runtime.block_on(async {
//!     let task = spawn(async {
//!         time::sleep(Duration::from_millis(1)).await?;
//!         Ok::<_, std::io::Error>(42)
//!     });
//!     task.await.expect("the task neither panics nor is cancelled")
//! });
//! assert_eq!(answer.unwrap(), 42);
//! ```
//!
//! # The way of a task
//!
//! ```text
//! spawn -> Task -> Scheduler::push -> the loop -> Scheduler::pop -> poll -> Waker -> Scheduler::push
//!                  reactor, timers, other threads  ---------------------->  Waker
//! ```
//!
//! Programs use this crate through `anyloop`; backends and tools use it directly.

pub mod coop;
pub mod driver;
pub mod task;
pub mod time;

mod blocking;
mod context;
mod event_loop;
mod pool;
mod runtime;
mod scheduler;
mod spawn;
mod sync;

pub use pool::{PoolBuilder, PoolMetrics, PoolRuntime, WorkerMetrics};
pub use runtime::{BlockOnError, Builder, Clock, Drivers, Handle, Runtime, SystemClock};
pub use scheduler::{Cause, Fifo, PopContext, PushContext, Ran, RunEnd, Scheduler, Turn, WokenBy};
pub use scheduler::{Global, PoolScheduler, Sharded, WorkStealing, WorkerId};
pub use spawn::{spawn, spawn_blocking, spawn_local, spawn_local_with, spawn_with};
pub use task::{JoinError, JoinHandle, Ready, TaskHeader, TaskId, TaskOptions};

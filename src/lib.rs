//! An executor framework whose event loop is a part that you can choose and change.
//!
//! Every `async` program has some loop that picks the next coroutine. Here that loop is small, and
//! the questions that it asks are seams: which ready task runs next is up to a [`Scheduler`], what
//! makes a task ready is up to [drivers](driver), and which threads turn the loop is up to a
//! backend. Tasks, handles, timers and sockets are the same plain types whatever stands behind the
//! seams.
//!
//! A server and a client on one loop:
//!
//! ```
//! # #[cfg(feature = "epoll")]
//! # fn main() -> std::io::Result<()> {
//! use anyloop::net::{TcpListener, TcpStream};
//!
//! anyloop::block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let addr = listener.local_addr()?;
//!     let server = anyloop::spawn(async move {
//!         let (stream, _peer) = listener.accept().await?;
//!         let mut message = [0; 5];
//!         stream.read_exact(&mut message).await?;
//!         stream.write_all(&message).await
//!     });
//!
//!     let client = TcpStream::connect(addr).await?;
//!     client.write_all(b"hello").await?;
//!     let mut echo = [0; 5];
//!     client.read_exact(&mut echo).await?;
//!     assert_eq!(&echo, b"hello");
//!     server.await?
//! })?
//! # }
//! # #[cfg(not(feature = "epoll"))]
//! # fn main() {}
//! ```
//!
//! # Where to look
//!
//! | to | see |
//! |---|---|
//! | run a future | `block_on`, or [`Runtime`] and the backends for options and policies |
//! | start tasks | [`spawn`], [`spawn_local`], [`spawn_blocking`], [`task::TaskGroup`] |
//! | sleep, tick, limit | [`time`] |
//! | talk | [`net`], and [`io::Async`] for any other descriptor |
//! | choose what runs next | [`Scheduler`] |
//! | reach a runtime from another thread | [`Handle`] |
//! | write a backend | [`driver`] |
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `epoll` | yes | the single-threaded backend `Epoll`, and `block_on` |
//! | `threadpool` | no | the backend of several threads `ThreadPool` |
//!
//! Features only add. A library turns the default features off and lets the program choose; all
//! that a library needs is there without any backend.

#[cfg(feature = "epoll")]
mod block_on;

pub mod driver;
pub mod io;
pub mod net;
pub mod task;

#[cfg(feature = "epoll")]
pub mod epoll;

#[cfg(feature = "threadpool")]
pub mod threadpool;

#[cfg(feature = "epoll")]
pub use backend_epoll::Epoll;
#[cfg(feature = "threadpool")]
pub use backend_threadpool::ThreadPool;
#[cfg(feature = "epoll")]
pub use block_on::block_on;

pub use executor_core::{
    BlockOnError, Cause, Fifo, Handle, JoinError, JoinHandle, PopContext, PushContext, Ran, Ready,
    RunEnd, Runtime, Scheduler, TaskHeader, TaskId, TaskOptions, Turn, WokenBy,
};
pub use executor_core::{Global, PoolMetrics, PoolRuntime, PoolScheduler, Sharded};
pub use executor_core::{WorkStealing, WorkerId, WorkerMetrics};
pub use executor_core::{coop, time};
pub use executor_core::{spawn, spawn_blocking, spawn_local, spawn_local_with, spawn_with};

/// Compiles and runs the programs in the README.
#[cfg(all(doctest, feature = "epoll"))]
#[doc = include_str!("../README.md")]
struct Readme;

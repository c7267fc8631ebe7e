//! A conformance suite for Rust executors.
//!
//! `std::task` says what an executor owes to a future and what a waker must bear; what users rely
//! on beyond that (a panic stays in its task, a dropped runtime drops its tasks, a timer is never
//! early) every executor has had to find out by its own bugs. This crate writes it down as rules,
//! each with an id, a level, and the bugs that it comes from, and checks them on any executor:
//! implement [`Executor`] and as many of the other [adapter traits](adapter) as it has features,
//! and write one line.
//!
//! ```
//! use std::future::Future;
//! use std::pin::pin;
//! use std::sync::atomic::{AtomicBool, Ordering};
//! use std::sync::Arc;
//! use std::task::{Context, Poll, Wake, Waker};
//! use std::thread::{self, Thread};
//!
//! struct Unpark(Thread, AtomicBool);
//!
//! impl Wake for Unpark {
//!     fn wake(self: Arc<Self>) {
//!         self.1.store(true, Ordering::SeqCst);
//!         self.0.unpark();
//!     }
//! }
//!
//! struct Bare;
//!
//! impl executor_conformance::Executor for Bare {
//!     const NAME: &'static str = "bare";
//!     type Handle = ();
//!
//!     fn new() -> Self {
//!         Self
//!     }
//!
//!     fn handle(&self) {}
//!
//!     fn block_on<F: Future>(&mut self, root: F) -> F::Output {
//!         let mut root = pin!(root);
//!         let unpark = Arc::new(Unpark(thread::current(), AtomicBool::new(false)));
//!         let waker = Waker::from(unpark.clone());
//!         loop {
//!             if let Poll::Ready(output) = root.as_mut().poll(&mut Context::from_waker(&waker)) {
//!                 return output;
//!             }
//!             // Not `park` alone: rule W15 tells what happens if the root parks as well.
//!             while !unpark.1.swap(false, Ordering::SeqCst) {
//!                 thread::park();
//!             }
//!         }
//!     }
//! }
//!
//! // One test for each rule; those that need more than `block_on` are ignored, and say why.
//! executor_conformance::suite!(Bare);
//! # fn main() {}
//! ```
//!
//! # How a rule is run
//!
//! Each rule is a `#[test]` with a stable name such as `w09_must_wake_never_waits`. It runs in a
//! child process of its own, so that an executor which hangs, aborts or leaks spoils nothing but
//! the one verdict: see [`harness`] for verdicts, time limits, seeds, and the environment
//! variables that set them. A rule that needs a capability which the adapter does not declare is
//! ignored; declaring one that the executor does not have fails.
//!
//! # Levels
//!
//! A rule is MUST (a future may go wrong without it), SHOULD (users rely on it, and good
//! executors differ) or INFO (worth knowing). A SHOULD that is missed is called *non-strict*.
//!
//! [`Rule::all`] lists what there is. The program `conformance` prints it (`conformance list`),
//! tells a rule's reasons (`conformance explain W9`), and makes a [`report`] of what tests found.
//! For policies written against anyloop's `Scheduler` there is the module `policy`.

pub mod adapter;
mod allocator;
pub mod devices;
pub mod harness;
mod lock;
mod macros;
#[cfg(feature = "scheduler")]
pub mod policy;
pub mod report;
mod rule;
pub mod rules;

pub use adapter::{Executor, JoinError, JoinHandle};
pub use allocator::CountingAllocator;
pub use harness::Case;
pub use rule::{Level, Rule};

/// The examples of the README.
#[cfg(all(doctest, feature = "scheduler"))]
#[doc = include_str!("../README.md")]
struct Readme;

//! The seams to what makes a task ready: the reactor, and the thread's way to sleep.
//!
//! A backend is a handful of drivers behind these traits, plus the threads that turn the loop.
//! Nothing here knows an operating system: a [`Source`] is two words of readiness, a
//! [`Reactor`] feeds them, and [`Park`] / [`Unpark`] are how a loop sleeps and is woken.

mod park;
mod park_state;
mod reactor;
mod source;
mod thread_park;

pub use park::{Park, ParkUntil, Unpark, WakeList};
pub use park_state::ParkState;
pub use reactor::{Interest, RawSource, Reactor, SourceKey};
pub use source::{Readiness, Source, WaiterKey};
pub use thread_park::{ThreadPark, ThreadUnpark};

//! Turns the operating system's readiness into wakes.
//!
//! A [`Driver`] is what a loop's thread sleeps in. It implements [`Park`], and hands out the two
//! faces that other threads use: a [`Reactor`], with which I/O objects register themselves, and
//! an [`Unpark`], which ends the sleep. One driver serves one loop; a pool of workers can take
//! turns with it.
//!
//! ```
//! use executor_core::driver::{Park, ParkUntil, WakeList};
//! use reactor::{Driver, Options};
//!
//! let mut driver = Driver::new(&Options::new())?;
//! let unparker = driver.unparker();
//! let other = std::thread::spawn(move || unparker.unpark());
//!
//! // No deadline, no sources: only the other thread ends this.
//! driver.park(ParkUntil::Notified, &mut WakeList::new())?;
//! # other.join().unwrap();
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Two ways to wait
//!
//! | | Linux | anywhere |
//! |---|---|---|
//! | waits on | an epoll set of its own | `polling`'s wait |
//! | registrations | both directions once, edge-triggered | one-shot, armed anew by whoever waits |
//! | system calls a wait | one, and one more when the earliest deadline becomes earlier | about five |
//! | end of a stream in the same event as data | reported as closed | reported by the next event |
//!
//! Linux takes the first way unless [`Options::portable`] asks for the second. Both keep the same
//! contract and pass the same tests.
//!
//! # What it promises
//!
//! - An event is reported to the source that is registered when it is collected, and to no other:
//!   each registration has a generation, so an event for a descriptor that was closed, and whose
//!   number is in use again, is dropped.
//! - The end of a stream is never reported as progress of the writing side.
//! - An [`unpark`](Unpark::unpark) is never lost, and makes no system call unless the thread
//!   blocks.
//! - A deadline is never early, and on Linux late by the scheduler's delay only: no wait is
//!   rounded to milliseconds.
//! - When more sources are ready than fit into one look, the driver looks again; what is left
//!   then is reported by the next call.
//! - Signals are invisible: an interrupted wait goes on.
//! - No waker is called or dropped with a lock held.
//!
//! # What it does not promise
//!
//! - Readiness is a hint. Both sides of a socket may be reported for an event on one of them, and
//!   a wait may end for no reason.
//! - The order of events is the kernel's.
//! - A driver that is dropped reports nothing any more. Call [`Reactor::close`] before, so that
//!   whoever waits is told.
//! - Before it blocks, a driver may look for events repeatedly for [`Options::spin`]. This trades
//!   processor time for latency; a driver that finds nothing that way soon stops.

mod driver;
mod engine;
mod errors;
mod hub;
mod options;
mod registration;
mod selector;
mod spin;
mod table;

#[cfg_attr(target_os = "linux", path = "platform_linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "platform_other.rs")]
mod platform;

#[cfg(test)]
mod testing;

pub use driver::Driver;
pub use options::Options;

#[cfg(doc)]
use executor_core::driver::{Park, Reactor, Unpark};

//! For authors of backends: the seams to what makes a task ready and to how a thread sleeps, and
//! the builder that puts a runtime together from them.
//!
//! A backend implements [`Park`] and [`Unpark`], and [`Reactor`] if it has I/O, then hands them to
//! [`Builder::build`] as [`Drivers`]. The smallest one is [`ThreadPark`]:
//!
//! ```
//! use anyloop::Fifo;
//! use anyloop::driver::{Builder, Drivers, ThreadPark};
//!
//! # fn main() -> std::io::Result<()> {
//! let park = ThreadPark::new();
//! let drivers = Drivers::new("mine", park.unparker());
//! let runtime = Builder::new().build(Fifo::new(), park, drivers)?;
//! assert_eq!(runtime.block_on(async { 42 }), 42);
//! # Ok(())
//! # }
//! ```

pub use executor_core::driver::*;
pub use executor_core::{Builder, Clock, Drivers, PoolBuilder, SystemClock};

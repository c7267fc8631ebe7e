//! A runtime, owned and from anywhere: [`Runtime`], [`Handle`], and what they share.

mod builder;
mod clock;
mod core;
mod core_ref;
mod error;
mod handle;
mod owned;

pub use builder::{Builder, Drivers};
pub use clock::{Clock, SystemClock};
pub use error::BlockOnError;
pub use handle::Handle;
pub use owned::Runtime;

pub(crate) use self::core::{Core, Message};
pub(crate) use core_ref::CoreRef;
pub(crate) use error::{no_runtime, shut_down};
pub(crate) use handle::{refuse, spawn_pinned_at};
pub(crate) use owned::spawn_local_on;

//! placeholder
#[cfg(feature = "epoll")]
pub use backend_epoll::{Builder, Epoll};
pub use executor_core::*;

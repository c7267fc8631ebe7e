//! The single-threaded backend and its options.

pub use backend_epoll::{Builder, Epoll};

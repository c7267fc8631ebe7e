//! The backend of several threads and its options.

pub use backend_threadpool::{Builder, ThreadPool};

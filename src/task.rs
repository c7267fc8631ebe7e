//! Tasks: their handles, groups and options, and what code inside of one can ask.

pub use executor_core::task::*;
pub use executor_core::task_local;

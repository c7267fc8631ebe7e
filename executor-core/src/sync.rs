//! The synchronisation primitives that the small concurrent state machines of this crate use.
//!
//! Those files name `crate::sync` and nothing else, so that the model tests can compile the
//! very same source with a model checker's primitives in place of these.

pub(crate) use std::cell::Cell;
pub(crate) use std::sync::Mutex;
pub(crate) use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU64, AtomicUsize};

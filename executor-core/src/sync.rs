//! The synchronisation primitives that the small concurrent state machines of this crate use.
//!
//! Those files name `crate::sync` and nothing else, so that the model tests can compile the
//! very same source with a model checker's primitives in place of these.

pub(crate) use std::cell::Cell;
pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence,
};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

/// The time, which stands still in a model.
pub(crate) fn now() -> std::time::Instant {
    std::time::Instant::now()
}

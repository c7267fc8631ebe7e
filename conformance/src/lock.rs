//! Locking after a panic: rules are about executors on which tasks panic.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, whether or not somebody panicked with the lock held.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

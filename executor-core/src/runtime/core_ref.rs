//! A task's uncounted reference to its runtime's core.

#![allow(
    unsafe_code,
    reason = "tasks refer to the core without counting, which saves two atomic operations a spawn"
)]

use std::ptr;
use std::sync::Arc;

use super::Core;

/// Refers to the core of the runtime that a task belongs to.
///
/// The core outlives every task that can still be scheduled: a loop lets go of its core only when
/// each of its tasks has been dropped, and leaks it if closing ends in any other way; and a task
/// that has ended is never scheduled again. So whoever holds a `Ready` may upgrade.
pub(crate) struct CoreRef(*const Core);

// SAFETY: it is used as an address to compare, or to make an `Arc`, and `Core` is `Send + Sync`.
unsafe impl Send for CoreRef {}
// SAFETY: as above.
unsafe impl Sync for CoreRef {}

impl CoreRef {
    /// Refers to `core`, which must be that of an `Arc`; to none, for a task that is never queued.
    pub(crate) fn new(core: Option<&Arc<Core>>) -> Self {
        Self(core.map_or(ptr::null(), Arc::as_ptr))
    }

    /// Whether it refers to `core`.
    #[inline]
    pub(crate) fn is(&self, core: &Arc<Core>) -> bool {
        ptr::eq(self.0, Arc::as_ptr(core))
    }

    /// A counted reference. Only for a task whose token the caller holds.
    ///
    /// # Panics
    ///
    /// If it refers to no core.
    pub(crate) fn upgrade(&self) -> Arc<Core> {
        assert!(
            !self.0.is_null(),
            "a task without a runtime is never queued"
        );
        // SAFETY: the pointer comes from an `Arc`. The caller holds the token of a task that has
        // not ended, and while there is such a task its loop holds a reference.
        unsafe {
            Arc::increment_strong_count(self.0);
            Arc::from_raw(self.0)
        }
    }
}

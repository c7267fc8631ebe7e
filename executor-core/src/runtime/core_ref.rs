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
/// each of its tasks has ended by way of its token, and no wake is on its way; and it leaks the
/// core if closing ends in any other way. So these may upgrade: who holds the token of a task, and
/// saw while holding it that the task had not ended; and who woke a task that had not ended, until
/// the loop has the message that is due for that.
#[derive(Clone, Copy)]
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

    /// A counted reference, for those who may have one.
    ///
    /// # Panics
    ///
    /// If it refers to no core.
    pub(crate) fn upgrade(&self) -> Arc<Core> {
        assert!(
            !self.0.is_null(),
            "a task without a runtime is never queued"
        );
        // SAFETY: the pointer comes from an `Arc`. The loop of the caller's task holds a reference
        // for as long as the caller may upgrade, or has leaked one.
        unsafe {
            Arc::increment_strong_count(self.0);
            Arc::from_raw(self.0)
        }
    }
}

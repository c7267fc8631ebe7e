//! What a task's cell stores when the task has ended.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::Failure;

/// A task's result; a panic in its drop is contained.
///
/// async-task drops an output that nobody takes, and aborts the process if that panics. The
/// panic hook has run by then, so swallowing the panic here hides nothing.
pub(crate) struct Outcome<T>(Option<Result<T, Failure>>);

impl<T> Outcome<T> {
    pub(crate) fn new(result: Result<T, Failure>) -> Self {
        Self(Some(result))
    }

    #[inline]
    pub(crate) fn into_inner(mut self) -> Option<Result<T, Failure>> {
        self.0.take()
    }
}

impl<T> Drop for Outcome<T> {
    fn drop(&mut self) {
        // A value without drop glue cannot panic; what a task panicked with always may.
        match &self.0 {
            None => {}
            Some(Ok(_)) if !std::mem::needs_drop::<T>() => {}
            Some(_) => contain(|| drop(self.0.take())),
        }
    }
}

/// Runs user code that must not unwind into the caller.
///
/// A panic payload may itself panic when it is dropped, so that drop is contained too, and a
/// payload that does it again is leaked.
pub(crate) fn contain(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(second);
        }
    }
}

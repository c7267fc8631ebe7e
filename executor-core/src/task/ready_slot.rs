//! A place for one token, which any thread may take.

#![allow(unsafe_code, reason = "a token as a pointer in an atomic")]

use std::fmt;
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{AcqRel, Relaxed, Release};

use super::Ready;

/// Holds at most one [`Ready`], which one thread puts in and any may take out.
#[derive(Default)]
pub(crate) struct ReadySlot(AtomicPtr<()>);

impl ReadySlot {
    /// Puts a token in, and takes out the one that was there; only for the slot's own thread.
    #[inline]
    pub(crate) fn replace(&self, task: Ready) -> Option<Ready> {
        let pointer = task.into_raw().as_ptr();
        if self.is_empty() {
            // Nobody else puts one in, so it is empty still. Release publishes the token to the
            // Acquire of the swap that takes it out.
            self.0.store(pointer, Release);
            return None;
        }
        self.swap(pointer)
    }

    /// Takes the token out.
    #[inline]
    pub(crate) fn take(&self) -> Option<Ready> {
        if self.is_empty() {
            return None;
        }
        self.swap(ptr::null_mut())
    }

    /// Whether there was none a moment ago.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // Relaxed: only a hint; whoever takes a token synchronises by the swap.
        self.0.load(Relaxed).is_null()
    }

    #[inline]
    fn swap(&self, pointer: *mut ()) -> Option<Ready> {
        // Release publishes the token that goes in, Acquire pairs with that for the one that comes
        // out.
        let pointer = NonNull::new(self.0.swap(pointer, AcqRel))?;
        // SAFETY: `replace` put the token there, and the swap has taken it out, once.
        Some(unsafe { Ready::from_raw(pointer) })
    }
}

impl Drop for ReadySlot {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl fmt::Debug for ReadySlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadySlot")
            .field("is_empty", &self.is_empty())
            .finish()
    }
}

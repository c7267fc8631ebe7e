//! Where a task comes from, and what few tasks have, in one word.

#![allow(unsafe_code, reason = "a tagged pointer saves each task 24 bytes")]

use std::borrow::Cow;
use std::panic::Location;
use std::ptr::NonNull;
use std::time::Instant;

/// What only some tasks have: it lies in an allocation of its own.
#[derive(Debug)]
pub(super) struct Extra {
    pub(super) location: &'static Location<'static>,
    pub(super) name: Option<Cow<'static, str>>,
    pub(super) weight: u32,
    pub(super) deadline: Option<Deadline>,
}

/// When a task should have finished.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    /// For the tasks that inherit it: theirs may be runtimes with other epochs.
    pub(super) at: Instant,
    /// Nanoseconds after the epoch of the task's own runtime.
    pub(super) nanos: u64,
}

/// Either the place of the spawn, or an [`Extra`] that knows it too; the lowest bit tells.
pub(super) struct Origin(NonNull<()>);

const TAG: usize = 1;
const _: () = assert!(align_of::<Location<'static>>() > TAG && align_of::<Extra>() > TAG);

impl Origin {
    pub(super) fn plain(location: &'static Location<'static>) -> Self {
        Self(NonNull::from(location).cast())
    }

    pub(super) fn extended(extra: Box<Extra>) -> Self {
        let extra: NonNull<Extra> = NonNull::from(Box::leak(extra));
        Self(extra.cast().map_addr(|address| address | TAG))
    }

    pub(super) fn location(&self) -> &'static Location<'static> {
        match self.extra() {
            Some(extra) => extra.location,
            // SAFETY: without the tag the pointer is the one that `plain` was given.
            None => unsafe { self.0.cast().as_ref() },
        }
    }

    pub(super) fn extra(&self) -> Option<&Extra> {
        // SAFETY: with the tag the pointer is that of a box which is ours until we are dropped.
        self.boxed().map(|extra| unsafe { extra.as_ref() })
    }

    /// The pointer of the box, if there is one.
    fn boxed(&self) -> Option<NonNull<Extra>> {
        let tagged = self.0.addr().get() & TAG != 0;
        let untagged = self.0.as_ptr().map_addr(|address| address & !TAG);
        NonNull::new(untagged.cast()).filter(|_| tagged)
    }
}

// SAFETY: it is a shared static or a box of `Send + Sync` data.
unsafe impl Send for Origin {}
// SAFETY: as above; nothing is changed through a shared reference.
unsafe impl Sync for Origin {}

impl Drop for Origin {
    fn drop(&mut self) {
        if let Some(extra) = self.boxed() {
            // SAFETY: the pointer comes from `Box::leak` in `extended`, and is freed once, here.
            drop(unsafe { Box::from_raw(extra.as_ptr()) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_know_the_place() {
        let here = Location::caller();
        assert_eq!(Origin::plain(here).location(), here);
        assert!(Origin::plain(here).extra().is_none());
        let origin = Origin::extended(Box::new(Extra {
            location: here,
            name: Some("a task".to_owned().into()),
            weight: 3,
            deadline: None,
        }));
        assert_eq!(origin.location(), here);
        assert_eq!(origin.extra().unwrap().name.as_deref(), Some("a task"));
    }
}

//! The thread's stack of frames.

#![allow(unsafe_code, reason = "scoped pointers in a thread-local")]

use std::cell::Cell;
use std::ptr;

use super::{Budget, LoopCore};
use crate::runtime::Handle;

/// One level of what is current on a thread.
pub(crate) struct Frame<'a> {
    pub(crate) handle: &'a Handle,
    /// The loop whose thread this is, if the frame belongs to one.
    pub(crate) local: Option<&'a LoopCore>,
    /// Whether the frame is that of `block_on`.
    pub(crate) turning: bool,
    /// How many operations are left to what is polled here, where there is no loop that counts.
    pub(crate) budget: Option<&'a Budget>,
}

struct Entry {
    handle: *const Handle,
    local: *const LoopCore,
    turning: bool,
    budget: *const Budget,
    below: *const Entry,
}

// Without a destructor, so that wakers work in the destructors of other thread-locals too.
thread_local! {
    static TOP: Cell<*const Entry> = const { Cell::new(ptr::null()) };
}

struct Leave(*const Entry);

impl Drop for Leave {
    fn drop(&mut self) {
        TOP.with(|top| top.set(self.0));
    }
}

/// Makes `frame` current while `f` runs.
pub(crate) fn enter<R>(frame: &Frame<'_>, f: impl FnOnce() -> R) -> R {
    TOP.with(|top| {
        let entry = Entry {
            handle: frame.handle,
            local: frame.local.map_or(ptr::null(), ptr::from_ref),
            turning: frame.turning,
            budget: frame.budget.map_or(ptr::null(), ptr::from_ref),
            below: top.get(),
        };
        let _leave = Leave(top.replace(&entry));
        f()
    })
}

/// Gives `f` the loop whose thread this is, at the innermost level.
#[inline]
pub(crate) fn with_local<R>(f: impl FnOnce(Option<&LoopCore>) -> R) -> R {
    with_top(|entry| {
        // SAFETY: the frame's reference outlives the call of `enter` that holds the entry.
        f(entry.and_then(|entry| unsafe { entry.local.as_ref() }))
    })
}

/// Takes one operation from the budget of what is polled at the innermost level; `false` if none is
/// left. Where nothing is polled there is no end to it.
#[inline]
pub(crate) fn spend() -> bool {
    with_top(|entry| {
        let Some(entry) = entry else { return true };
        // SAFETY: the frame's references outlive the call of `enter` that holds the entry.
        let (local, budget) = unsafe { (entry.local.as_ref(), entry.budget.as_ref()) };
        let budget = local.map(LoopCore::budget).or(budget);
        budget.is_none_or(Budget::spend)
    })
}

/// Gives `f` the handle that is current at the innermost level.
#[inline]
pub(crate) fn with_handle<R>(f: impl FnOnce(Option<&Handle>) -> R) -> R {
    with_top(|entry| {
        // SAFETY: the frame's reference outlives the call of `enter` that holds the entry.
        f(entry.map(|entry| unsafe { &*entry.handle }))
    })
}

/// Whether a `block_on` is under way on this thread.
pub(crate) fn is_turning() -> bool {
    with_top(|mut entry| {
        while let Some(at) = entry {
            if at.turning {
                return true;
            }
            // SAFETY: as in `with_top`; the entries below are those of calls still under way.
            entry = unsafe { at.below.as_ref() };
        }
        false
    })
}

#[inline]
fn with_top<R>(f: impl FnOnce(Option<&Entry>) -> R) -> R {
    // SAFETY: a pointer that is not null was set by a call of `enter` that is still under way
    // further down this thread's stack, where the entry lies.
    TOP.with(|top| f(unsafe { top.get().as_ref() }))
}

//! A task's polls and its end.

#![allow(
    unsafe_code,
    reason = "the body of a cell is used by whoever the protocol gives it to"
)]

use std::mem::ManuallyDrop;
use std::task::{Context, Waker};

use super::state::{Announcement, Completed};
use super::{CellRef, NewTask};
use crate::context::LoopCore;
use crate::scheduler::RunEnd;
use crate::task::error::{CancelReason, Failure};
use crate::task::outcome::contain;
use crate::task::{Ready, current};

/// The reference that the registry holds to a task which has not ended, and the right to end it.
#[must_use = "the task is leaked unless it is ended"]
pub(crate) struct Live(ManuallyDrop<CellRef>);

/// Polls the task whose token's reference it is given, on the task's own loop.
#[inline]
pub(in crate::task) fn run(token: CellRef, local: &LoopCore) -> RunEnd {
    // SAFETY: at home, as the caller sees to. The token is there, so the task does not run.
    if !unsafe { token.state().begin_poll_home() } {
        return RunEnd::Finished;
    }
    // The token's reference was used up. The registry's outlasts the poll.
    let cell = ManuallyDrop::new(token);
    if cell.poll() {
        // It is forgotten before its end is told, which may run any code.
        if local.registry().remove(cell.header()).complete() {
            local.expect_late_wake();
        }
        return RunEnd::Finished;
    }
    // SAFETY: at home, after the poll has begun.
    if unsafe { cell.state().end_poll_home() } {
        // A reference was counted for the token.
        local.push_yielded(Ready::own(ManuallyDrop::into_inner(cell)));
        return RunEnd::Yielded;
    }
    RunEnd::Waiting
}

impl CellRef {
    /// Polls the future, or drops it if that was asked for; says whether it is gone.
    ///
    /// Only for who has the right to the body: the loop, and a spawner whose task is refused.
    #[inline]
    fn poll(&self) -> bool {
        // SAFETY: it is not used after this call; clones count for themselves.
        let waker = unsafe { self.borrowed_waker() };
        let table = self.head().table;
        current::scope(self.header(), &waker, || {
            match self.header().abort_reason() {
                // SAFETY: the table is the cell's own, and the body, with the future, the caller's.
                None => unsafe { (table.poll)(self.0, &mut Context::from_waker(&waker)) },
                Some(reason) => {
                    // SAFETY: as above.
                    unsafe { (table.cancel)(self.0, Failure::Cancelled(reason)) };
                    true
                }
            }
        })
    }

    /// Ends the task, whose future is gone; says whether a wake is still on its way home.
    ///
    /// Only for who has the registry's reference, and the right to the body.
    fn complete(self) -> bool {
        let cell = ManuallyDrop::new(self);
        let table = cell.head().table;
        let mut output_dropped = false;
        loop {
            // SAFETY: at home, or refused, with the registry's reference.
            let announcement = match unsafe { cell.state().complete_home(output_dropped) } {
                Completed::Released(announcement) => announcement,
                Completed::Kept(announcement) => {
                    let _released = ManuallyDrop::into_inner(cell);
                    return announcement.tell();
                }
                completed => {
                    if !output_dropped {
                        // SAFETY: the output is there, and is nobody else's.
                        unsafe { (table.drop_output)(cell.0) };
                        output_dropped = true;
                    }
                    if let Completed::Alone(awaits_message) = completed {
                        // SAFETY: nobody else refers to the cell, and its body is empty.
                        unsafe { Self::free(cell.0) };
                        return awaits_message;
                    }
                    continue;
                }
            };
            return announcement.tell();
        }
    }
}

impl Announcement {
    /// Wakes the joiner; says whether a wake is still on its way home.
    fn tell(self) -> bool {
        if let Some(joiner) = self.joiner {
            contain(|| joiner.wake());
        }
        self.awaits_message
    }
}

impl Live {
    #[inline]
    pub(super) fn new(cell: CellRef) -> Self {
        Self(ManuallyDrop::new(cell))
    }

    /// Leaves the reference to the pointer.
    #[inline]
    pub(in crate::task) fn into_raw(self) -> *const () {
        self.0.as_raw()
    }

    /// Takes over the reference that the pointer stands for.
    ///
    /// # Safety
    ///
    /// `data` comes from [`into_raw`](Self::into_raw), and this is called once with it.
    #[inline]
    pub(in crate::task) unsafe fn from_raw(data: *const ()) -> Self {
        // SAFETY: as the caller promises.
        Self(ManuallyDrop::new(unsafe { CellRef::from_raw(data) }))
    }

    pub(in crate::task) fn waker(&self) -> Waker {
        self.0.waker()
    }

    /// Drops the future, and ends the task although its token is not at hand; that means nothing
    /// from now on.
    pub(crate) fn end(self, reason: CancelReason, local: &LoopCore) {
        if self.cancel(reason) {
            local.expect_late_wake();
        }
    }

    /// As [`end`](Self::end), but says whether a wake is still on its way home.
    ///
    /// Only on the loop that registered the task, and in between polls.
    fn cancel(self, reason: CancelReason) -> bool {
        // SAFETY: at home, on the loop that registered the task, and in between polls.
        unsafe { self.0.state().stop_home() };
        self.0.header().abort(reason);
        let gone = self.0.poll();
        debug_assert!(gone, "a task that was aborted ends");
        self.complete()
    }

    /// Tells the end of a task whose future is gone; says whether a wake is still on its way home.
    #[inline]
    fn complete(self) -> bool {
        let id = self.0.header().id();
        let cell = ManuallyDrop::into_inner(self.0);
        current::announce(id, || cell.complete())
    }
}

impl NewTask {
    /// Ends the task without polling it, on its own loop.
    #[cold]
    pub(crate) fn end(self, reason: CancelReason, local: &LoopCore) {
        // A loop that has all but gone still refuses tasks when it waits for no message any more. A
        // wake that asked for one would look for a core that may not be there.
        let awaits_message = self.0.state().silence();
        let (live, ready) = self.into_parts();
        ready.lapse();
        // What it says is whether the line above, or somebody before it, has set the flag.
        live.cancel(reason);
        if awaits_message {
            local.expect_late_wake();
        }
    }

    /// Ends the task without polling it, before its spawner has shown it to anybody, where it was
    /// spawned.
    #[cold]
    pub(crate) fn refuse(self, reason: CancelReason) {
        // SAFETY: nobody else has seen the task, as the caller promises.
        unsafe { self.0.state().refuse() };
        self.0.header().abort(reason);
        self.0.poll();
        // No wake is on its way: a refused task asks for none.
        ManuallyDrop::into_inner(self.0).complete();
    }
}

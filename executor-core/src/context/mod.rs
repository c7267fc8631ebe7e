//! What is current on this thread: a runtime's [`Handle`], and the loop that the thread turns.
//!
//! The frames form a stack on the thread's own stack: entering pushes one, leaving pops it, also
//! while unwinding. There is no runtime that exists by default, and no global.

mod budget;
mod frame;
mod loop_core;

pub(crate) use budget::Budget;
pub(crate) use frame::{Frame, enter, is_turning, spend, with_handle, with_local};
pub(crate) use loop_core::{Home, LocalQueue, LoopCore};

use crate::runtime::{CoreRef, Message};
use crate::task::Ready;

/// Gives `f` the loop of `core`'s runtime, if it is the one whose thread this is.
///
/// Two addresses are compared, and no count is touched. The reference is a copy, since the task
/// that it comes from may be gone when `f` has done its work.
#[inline]
pub(crate) fn with_home<R>(core: CoreRef, f: impl FnOnce(Option<&LoopCore>) -> R) -> R {
    with_local(|local| f(local.filter(|local| core.is(local.core()))))
}

/// Gives a shared task that became ready to its pool.
#[inline]
pub(crate) fn schedule(ready: Ready) {
    let abroad = with_local(|local| match local {
        Some(local) if local.owns(&ready) => {
            local.schedule_shared(ready);
            None
        }
        _ => Some(ready),
    });
    if let Some(ready) = abroad {
        // The token keeps the core; once it is sent, it may be used up at any moment, so a counted
        // reference keeps the core until the notification is out.
        let core = ready.core().upgrade();
        core.inject(ready);
    }
}

/// Takes back a task whose token was dropped.
#[cold]
pub(crate) fn rescue(ready: Ready) {
    if ready.has_lapsed() {
        return ready.lapse();
    }
    let abroad = with_local(|local| match local {
        Some(local) if local.owns(&ready) => {
            local.rescue(ready);
            None
        }
        _ => Some(ready),
    });
    if let Some(ready) = abroad {
        send_home(ready);
    }
}

/// Sends a token to its loop from elsewhere.
fn send_home(ready: Ready) {
    // The task had not ended. Should its loop end it now, without the token, it leaks its core;
    // and if the token reaches the loop first, the counted reference keeps the core until the
    // notification is out.
    let core = ready.core().upgrade();
    if let (true, Some(pool)) = (ready.is_shared(), core.pool()) {
        return pool.rescue(ready);
    }
    if let Err(Message::Rescue(ready)) = core.send(Message::Rescue(ready)) {
        // The loop has closed its inbox, and ends the task without the token.
        ready.lapse();
    }
}

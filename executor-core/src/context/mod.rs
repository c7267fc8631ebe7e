//! What is current on this thread: a runtime's [`Handle`], and the loop that the thread turns.
//!
//! The frames form a stack on the thread's own stack: entering pushes one, leaving pops it, also
//! while unwinding. There is no runtime that exists by default, and no global.

mod frame;
mod loop_core;

pub(crate) use frame::{Frame, enter, is_turning, with_handle, with_local};
pub(crate) use loop_core::{LocalQueue, LoopCore};

use crate::runtime::Message;
use crate::scheduler::Cause;
use crate::task::Ready;

/// Queues a task that became ready, on the thread at hand.
///
/// A wake on the loop's own thread compares two addresses and touches no count.
#[inline]
pub(crate) fn schedule(ready: Ready, woken_while_running: bool) {
    with_local(|local| match local {
        Some(local) if local.owns(&ready) => {
            if woken_while_running {
                local.push_yielded(ready);
            } else {
                local.push(ready, Cause::Wake);
            }
        }
        _ => send(ready, Cause::Remote),
    });
}

/// Takes back a task whose token was dropped.
#[cold]
pub(crate) fn rescue(ready: Ready) {
    with_local(|local| match local {
        Some(local) if local.owns(&ready) => local.rescue(ready),
        _ => send(ready, Cause::Rescue),
    });
}

/// Sends a task to its loop from another thread.
#[cold]
fn send(ready: Ready, cause: Cause) {
    // The token is still in hand here, so the loop cannot have finished closing, and the core is
    // there. Once the message is sent the task may end at any moment, and the loop with it; the
    // counted reference keeps the core until the notification is out.
    let core = ready.core().upgrade();
    core.send_task(Message::Task(ready, cause));
}

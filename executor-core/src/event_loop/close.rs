//! Closing: the same loop in drop mode.
//!
//! New tasks are refused, every registered task is woken, and whatever becomes ready is dropped
//! rather than polled, until no task is live. A task that is in a waker's hands on another thread
//! at this moment arrives by the inbox. After that nothing can be queued, which is why tasks need
//! no count on the loop.

use std::sync::Arc;
use std::time::Duration;

use super::EventLoop;
use crate::driver::{Park, ParkUntil};
use crate::runtime::Message;
use crate::scheduler::Scheduler;
use crate::task::{CancelReason, Ready, contain};

/// How long closing waits for a task that is registered, was woken, and does not arrive: the
/// policy has leaked its token, or the thread that holds it has been stopped.
const PATIENCE: Duration = Duration::from_secs(1);

impl<S: Scheduler, P: Park> EventLoop<S, P> {
    /// Drops every task, then ends the blocking pool; the second call finds nothing to do.
    pub(crate) fn close(&self, timeout: Option<Duration>) {
        if self.local.is_closing() {
            return;
        }
        self.enter(false, || {
            let core = self.local.core();
            core.mark_closed();
            self.local.set_closing();
            let mut wakers = Vec::new();
            if let Some(reactor) = core.reactor() {
                reactor.close(&mut wakers);
            }
            wakers.extend(self.local.registry().wakers());
            for waker in wakers {
                contain(|| waker.wake());
            }
            self.policy.close();
            self.drop_tasks();
            // Before the closures are waited for: one may wait for a timer.
            self.end_timers();
            core.blocking().shut_down(timeout);
        });
    }

    /// Drops what arrives until no task is live and none can come.
    fn drop_tasks(&self) {
        let core = self.local.core();
        loop {
            let progress = self.drop_arrived();
            if self.local.registry().len() > 0 {
                if !progress && !self.await_stragglers() {
                    return self.give_up();
                }
            } else if core.is_inbox_closed() {
                return;
            } else {
                // What was sent before this is received in the next round; nothing comes after.
                core.close_inbox();
            }
        }
    }

    /// Drops the tasks that are ready; `false` if there was none.
    fn drop_arrived(&self) -> bool {
        let mut progress = false;
        loop {
            if let Some((ready, _)) = self.local.take_side() {
                self.drop_task(ready);
            } else if let Some(ready) = self.local.take_yielded() {
                self.drop_task(ready);
            } else {
                match self.local.core().receive() {
                    Some(Message::Task(ready, _)) => self.drop_task(ready),
                    Some(other) => self.receive(other),
                    None => return progress,
                }
            }
            progress = true;
        }
    }

    fn drop_task(&self, ready: Ready) {
        let slot = ready.slot();
        ready.discard(CancelReason::ShutDown);
        if let Some(slot) = slot {
            self.local.registry().remove(slot);
        }
    }

    /// Wakes who waits for a timer elsewhere, also for one that never comes: the runtime is gone.
    fn end_timers(&self) {
        self.expire(u64::MAX);
        let mut wakers = Vec::new();
        self.local.wheel().borrow_mut().give_up_never(&mut wakers);
        for waker in wakers {
            contain(|| waker.wake());
        }
    }

    /// Waits for tasks in the hands of other threads; `false` if none came in time.
    fn await_stragglers(&self) -> bool {
        let core = self.local.core();
        let Some(deadline) = core.time().checked_add(PATIENCE) else {
            return false;
        };
        while !core.has_messages() {
            let timed_out = core.time() >= deadline;
            if timed_out || self.park(ParkUntil::Deadline(deadline)).is_err() {
                return false;
            }
        }
        true
    }

    /// Leaves tasks that do not arrive to themselves: they leak, and so does the core, to which
    /// their wakers refer.
    #[cold]
    fn give_up(&self) {
        let lost = self.local.registry().len();
        eprintln!(
            "anyloop: {lost} task(s) did not come back when the runtime `{}` shut down, and are \
             leaked with it: the scheduling policy lost them, or a thread was stopped in a wake",
            self.local.handle().backend()
        );
        self.local.core().close_inbox();
        std::mem::forget(Arc::clone(self.local.core()));
    }
}

impl<S: Scheduler, P: Park> Drop for EventLoop<S, P> {
    fn drop(&mut self) {
        self.close(None);
    }
}

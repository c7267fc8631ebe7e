//! Closing: the same loop in drop mode.
//!
//! New tasks are refused, every registered task is woken, and whatever becomes ready is dropped
//! rather than polled, until no task is live. A task that is in a waker's hands on another thread
//! at this moment arrives by the inbox. After that nothing can be queued, which is why tasks need
//! no count on the loop.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::EventLoop;
use crate::driver::{Park, ParkUntil};
use crate::runtime::{Core, Message};
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
            let mut keep = KeepCore(Some(Arc::clone(core)));
            core.mark_closed();
            self.local.set_closing();
            // Before tasks are dropped: that may end a closure, and the next would begin.
            core.blocking().close();
            let mut wakers = Vec::new();
            if let Some(reactor) = core.reactor() {
                reactor.close(&mut wakers);
            }
            wakers.extend(self.local.registry().wakers());
            for waker in wakers {
                contain(|| waker.wake());
            }
            self.policy.close();
            if self.drop_tasks() {
                keep.disarm();
            }
            // Before the closures are waited for: one may wait for a timer.
            self.end_timers();
            core.blocking().join(timeout);
        });
    }

    /// Drops what arrives until no task is live and none can come; `false` if some do not arrive.
    fn drop_tasks(&self) -> bool {
        let core = self.local.core();
        loop {
            let progress = self.drop_arrived();
            if self.local.registry().len() > 0 {
                if !progress && !self.await_stragglers() {
                    self.give_up();
                    return false;
                }
            } else if core.is_inbox_closed() {
                return true;
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
        // By the system's clock: that of the runtime may stand still.
        let deadline = Instant::now() + PATIENCE;
        while !core.has_messages() {
            let timed_out = Instant::now() >= deadline;
            if timed_out || self.park(ParkUntil::Deadline(deadline)).is_err() {
                return false;
            }
        }
        true
    }

    /// Leaves tasks that do not arrive to themselves: they leak, and so does the core.
    #[cold]
    fn give_up(&self) {
        self.local.core().close_inbox();
        self.drop_arrived();
        let lost = self.local.registry().len();
        let backend = self.local.handle().backend();
        // Not `eprintln!`, which panics where nobody listens.
        let _ = writeln!(
            io::stderr(),
            "anyloop: {lost} task(s) did not come back when the runtime `{backend}` shut down, and \
             are leaked with it: the scheduling policy lost them, or a thread was stopped in a wake"
        );
    }
}

/// Leaks the core unless it is disarmed, also when closing unwinds out of a driver or a clock.
///
/// Tasks refer to the core without counting it, so it may go only when none is left.
struct KeepCore(Option<Arc<Core>>);

impl KeepCore {
    fn disarm(&mut self) {
        self.0 = None;
    }
}

impl Drop for KeepCore {
    fn drop(&mut self) {
        if let Some(core) = self.0.take() {
            core.close_inbox();
            std::mem::forget(core);
        }
    }
}

impl<S: Scheduler, P: Park> Drop for EventLoop<S, P> {
    fn drop(&mut self) {
        self.close(None);
    }
}

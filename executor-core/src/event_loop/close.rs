//! Closing: the same loop in drop mode.
//!
//! New tasks are refused, every registered task is woken, and whatever becomes ready is dropped
//! rather than polled, until no task is live. A task whose token is on another thread at this
//! moment arrives by the inbox; one whose token does not come back is ended without it. After that
//! nothing can be queued, which is why tasks need no count on the loop.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::EventLoop;
use crate::driver::{Park, ParkUntil};
use crate::runtime::Message;
use crate::scheduler::Scheduler;
use crate::task::{CancelReason, Ready, contain};

/// How long closing waits for what does not arrive: the token of a task, which the policy has
/// leaked, or a wake in the hands of a thread that has been stopped.
const PATIENCE: Duration = Duration::from_secs(1);

impl<S: Scheduler, P: Park> EventLoop<S, P> {
    /// Drops every task, then ends the blocking pool; the second call finds nothing to do.
    pub(crate) fn close(&self, timeout: Option<Duration>) {
        if self.local.is_closing() {
            return;
        }
        self.enter(false, || {
            let core = self.local.core();
            let guard = Abandon(self);
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
                std::mem::forget(guard);
            } else {
                drop(guard);
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
            if self.awaits_anything() {
                if !progress && !self.await_stragglers() {
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

    /// Whether tasks are live, or wakes on their way that will look for the core.
    fn awaits_anything(&self) -> bool {
        self.local.registry().len() > 0 || self.local.expects_late_wakes()
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
                    Some(Message::Rescue(ready)) => self.drop_task(ready),
                    Some(other) => self.receive(other),
                    None => return progress,
                }
            }
            progress = true;
        }
    }

    fn drop_task(&self, ready: Ready) {
        ready.discard(CancelReason::ShutDown, &self.local);
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

    /// Waits for what is in the hands of other threads; `false` if nothing came in time.
    fn await_stragglers(&self) -> bool {
        let core = self.local.core();
        // By the system's clock: that of the runtime may stand still.
        let deadline = Instant::now() + PATIENCE;
        while !core.has_messages() && self.awaits_anything() {
            let timed_out = Instant::now() >= deadline;
            if timed_out || self.park(ParkUntil::Deadline(deadline)).is_err() {
                return false;
            }
        }
        true
    }

    /// Ends the tasks whose tokens have not come, and leaks the core, to which somebody may refer.
    #[cold]
    fn abandon(&self) {
        let core = self.local.core();
        std::mem::forget(Arc::clone(core));
        core.close_inbox();
        self.drop_arrived();
        let lost = self.local.registry().take_all();
        let count = lost.len();
        for task in lost {
            task.end(CancelReason::ShutDown, &self.local);
        }
        // What ending them has made ready means nothing now.
        self.drop_arrived();
        // Not `eprintln!`, which panics where nobody listens.
        let _ = writeln!(
            io::stderr(),
            "anyloop: the runtime `{}` shut down without the tokens of {count} task(s), or with a \
             wake still on its way: the scheduling policy lost them, or a thread was stopped in a \
             wake; the tasks were dropped all the same",
            self.local.handle().backend()
        );
    }
}

/// Ends what is left when it is dropped, also when closing unwinds out of a driver or a clock.
struct Abandon<'a, S: Scheduler, P: Park>(&'a EventLoop<S, P>);

impl<S: Scheduler, P: Park> Drop for Abandon<'_, S, P> {
    fn drop(&mut self) {
        // Closing may be unwinding already, and a second panic would end the process.
        contain(|| self.0.abandon());
    }
}

impl<S: Scheduler, P: Park> Drop for EventLoop<S, P> {
    fn drop(&mut self) {
        self.close(None);
    }
}

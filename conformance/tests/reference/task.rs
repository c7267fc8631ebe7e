//! A task: a job, and where it stands between two polls.

use std::sync::{Arc, Mutex, Weak};
use std::task::Context;

use super::core::{Core, Why};
use super::fault::{Fault, broken};
use super::job::Job;
use super::locals::Locals;
use super::unsound::Shared;
use super::{context, faults, lock, wake};

/// What is spawned; wakers and join handles share it.
pub(crate) struct Task {
    pub(crate) id: u64,
    pub(crate) core: Weak<Core>,
    pub(crate) status: Mutex<Status>,
    place: Place,
    pub(crate) is_local: bool,
}

/// Where the job is while it is not polled.
enum Place {
    /// Here, for any thread to take.
    Here(Mutex<Option<Box<dyn Job + Send>>>),
    /// With its thread, in that thread's [`Locals`].
    AtHome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It waits for a wake.
    Idle,
    /// It is in the queue.
    Queued,
    /// It is being polled.
    Running,
    /// It is being polled, and was woken since that began.
    RunningWoken,
    /// Its future is gone.
    Ended,
}

pub(crate) struct Status {
    pub(crate) stage: Stage,
    /// It is to be dropped instead of being polled again.
    pub(crate) cancelled: bool,
    /// How often it was woken since it was queued, and polled; only faults look at these.
    pub(crate) wakes: u8,
    pub(crate) polls: usize,
}

impl Task {
    /// A task that is queued, or about to be.
    pub(crate) fn new(core: Weak<Core>, job: Box<dyn Job + Send>) -> Arc<Self> {
        Self::at(core, Place::Here(Mutex::new(Some(job))), false)
    }

    /// The same for a job that is kept in the locals of its thread.
    pub(crate) fn local(core: Weak<Core>) -> Arc<Self> {
        Self::at(core, Place::AtHome, true)
    }

    /// The same for a local job that is kept as others are.
    pub(crate) fn smuggled(core: Weak<Core>, job: Box<dyn Job + Send>) -> Arc<Self> {
        Self::at(core, Place::Here(Mutex::new(Some(job))), true)
    }

    fn at(core: Weak<Core>, place: Place, is_local: bool) -> Arc<Self> {
        let status = Status {
            stage: Stage::Queued,
            cancelled: false,
            wakes: 0,
            polls: 0,
        };
        Arc::new(Self {
            // Where the executor is gone, nobody will look for the task.
            id: core.upgrade().map_or(0, |core| core.next_number()),
            core,
            status: Mutex::new(status),
            place,
            is_local,
        })
    }

    /// Polls the task, which was taken off the queue.
    pub(crate) fn run(self: &Arc<Self>, locals: &Locals) {
        match &self.place {
            Place::Here(place) if broken(Fault::PolledConcurrently) => {
                let shared = lock(place).as_mut().map(|job| Shared::new(&mut **job));
                let Some(mut job) = shared else { return };
                if self.step(&mut job) {
                    return;
                }
            }
            Place::Here(place) => {
                let Some(mut job) = lock(place).take() else {
                    assert!(
                        !broken(Fault::WokenAtEndQueued),
                        "a queued task has a future"
                    );
                    return;
                };
                let ended = self.step(&mut *job);
                if !ended || faults::keeps_future() {
                    *lock(place) = Some(job);
                }
                if ended {
                    return;
                }
            }
            Place::AtHome => {
                let Some(mut job) = locals.take(self.id) else {
                    return;
                };
                if self.step(&mut *job) {
                    return;
                }
                locals.put(self.id, job);
            }
        }
        self.settle(locals);
    }

    /// Polls the job, or drops its future; says whether it has ended.
    fn step(self: &Arc<Self>, job: &mut dyn Job) -> bool {
        if faults::is_unwoken(self) {
            return false;
        }
        let cancelled = {
            let mut status = lock(&self.status);
            status.stage = Stage::Running;
            status.polls += 1;
            status.cancelled && !(broken(Fault::CancelledPolledOnce) && status.polls == 1)
        };
        let ended = if cancelled {
            job.cancel();
            true
        } else {
            let _inside = context::enter(self);
            let waker = wake::waker(self);
            let cx = &mut Context::from_waker(&waker);
            faults::poll(self, job, cx)
        };
        if ended {
            let woken = lock(&self.status).stage == Stage::RunningWoken;
            self.end();
            if broken(Fault::WokenAtEndQueued) && woken {
                faults::queue_again(self);
            }
        }
        ended
    }

    /// After a poll: queues the task again if it was woken meanwhile.
    fn settle(self: &Arc<Self>, locals: &Locals) {
        let again = {
            let mut status = lock(&self.status);
            match status.stage {
                Stage::Running => {
                    status.stage = Stage::Idle;
                    false
                }
                Stage::RunningWoken => {
                    status.stage = Stage::Queued;
                    true
                }
                Stage::Idle | Stage::Queued => false,
                // Shut down while it was polled; its future may have come back since.
                Stage::Ended => {
                    drop(status);
                    if broken(Fault::TaskInPollForgotten) {
                        return std::mem::forget(Arc::clone(self));
                    }
                    self.drop_job(locals);
                    return;
                }
            }
        };
        if !again {
            return;
        }
        if let Some(core) = self.core.upgrade() {
            core.push(Arc::clone(self), Why::Yield);
        }
    }

    fn end(&self) {
        lock(&self.status).stage = Stage::Ended;
        if let Some(core) = self.core.upgrade() {
            core.forget(self);
        }
    }

    /// Cancels a task that is not being polled, on a thread where its future may be dropped.
    pub(crate) fn cancel_now(&self, locals: &Locals) {
        self.end();
        self.drop_job(locals);
    }

    fn drop_job(&self, locals: &Locals) {
        match &self.place {
            Place::Here(place) => {
                // The lock is released at the end of this statement.
                let job = lock(place).take();
                if let Some(mut job) = job {
                    job.cancel();
                }
            }
            Place::AtHome => {
                if let Some(mut job) = locals.take(self.id) {
                    job.cancel();
                }
            }
        }
    }

    /// Asks that the task be cancelled; the executor's thread drops the future.
    pub(crate) fn abort(self: &Arc<Self>) {
        if !faults::allows_abort(self) {
            return;
        }
        {
            let mut status = lock(&self.status);
            if status.stage == Stage::Ended {
                return;
            }
            status.cancelled = true;
        }
        if faults::abort_ends_here(self) {
            return;
        }
        wake::wake(self);
    }
}

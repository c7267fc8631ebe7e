//! Closing a pool.
//!
//! Workers come back from the poll that they are in, drop what is pinned to them, and leave. All other
//! tasks are dropped by the thread that closes: they may be dropped on any. It wakes each, and drops
//! what becomes ready, until the registry is empty (L5); then nothing can become ready any more.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

use super::Pool;
use super::queue::Shared;
use crate::context::{self, Frame};
use crate::driver::{Park, ParkUntil, ThreadPark, WakeList};
use crate::runtime::{Core, Handle};
use crate::scheduler::{PoolScheduler, PopContext};
use crate::task::{CancelReason, Ready, contain};

/// How long closing waits, when all workers have left, for the token of a task that the policy has
/// leaked, or a wake in the hands of a thread that has been stopped.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is needed to close a pool.
pub(super) struct Closer<P: PoolScheduler> {
    core: Arc<Core>,
    shared: Arc<Shared<P>>,
    threads: Vec<thread::JoinHandle<()>>,
    park: ThreadPark,
}

impl<P: PoolScheduler> Closer<P> {
    pub(super) fn new(core: Arc<Core>, shared: Arc<Shared<P>>, park: ThreadPark) -> Self {
        Self {
            core,
            shared,
            threads: Vec::new(),
            park,
        }
    }

    /// What a worker's thread needs.
    pub(super) fn parts(&self) -> (Arc<Core>, Arc<Shared<P>>) {
        (Arc::clone(&self.core), Arc::clone(&self.shared))
    }

    pub(super) fn add(&mut self, thread: thread::JoinHandle<()>) {
        self.threads.push(thread);
    }

    fn pool(&self) -> &Pool {
        self.core.expect_pool()
    }

    /// Closes the pool, on this thread unless that is one of the pool's own.
    pub(super) fn close(self, timeout: Option<Duration>) {
        if !self.is_on_own_thread() {
            return self.close_here(timeout);
        }
        // From here on nothing is accepted, wherever the rest is done.
        self.pool().begin_closing();
        self.core.mark_closed();
        let core = Arc::clone(&self.core);
        let thread = thread::Builder::new().name("anyloop-closer".to_owned());
        if thread.spawn(move || self.close_here(timeout)).is_err() {
            // The thread cannot wait for itself; at least the workers have been told to end.
            std::mem::forget(core);
            tell("it was dropped on one of its threads, and none could be started to shut it down");
        }
    }

    /// Whether closing would wait for this thread: it is a worker's, or one for closures that block.
    ///
    /// The threads are compared, not the frames: a worker may be inside another runtime's frame.
    fn is_on_own_thread(&self) -> bool {
        let this = thread::current().id();
        let mut workers = self.threads.iter().map(|worker| worker.thread().id());
        workers.any(|worker| worker == this) || self.core.blocking().is_own_thread()
    }

    fn close_here(mut self, timeout: Option<Duration>) {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let handle = Handle::new(Arc::clone(&self.core));
        let frame = Frame {
            handle: &handle,
            local: None,
            turning: false,
            budget: None,
        };
        context::enter(&frame, || self.close_inside(deadline));
    }

    fn close_inside(&mut self, deadline: Option<Instant>) {
        let core = Arc::clone(&self.core);
        let pool = core.expect_pool();
        // First of all: no task is polled from now on that would find its runtime closed.
        pool.begin_closing();
        core.mark_closed();
        // Before tasks are dropped: that may end a closure, and the next would begin.
        core.blocking().close();
        let mut wakers = Vec::new();
        if let Some(reactor) = core.reactor() {
            reactor.close(&mut wakers);
        }
        wakers.extend(pool.registry.close(CancelReason::ShutDown));
        for waker in wakers {
            contain(|| waker.wake());
        }
        // Before the workers are waited for: one may wait for a timer in another executor. Those
        // that are made from now on are refused.
        for waker in pool.wheels.end() {
            contain(|| waker.wake());
        }
        let all_gone = self.drop_tasks(deadline);
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        core.blocking().join(left);
        if !all_gone {
            std::mem::forget(Arc::clone(&core));
            return;
        }
        for thread in self.threads.drain(..) {
            // What panics in a worker has been told where it happened.
            let _ = thread.join();
        }
    }

    /// Drops what arrives until no task is live and all workers have left; `false` if it gave up.
    fn drop_tasks(&mut self, deadline: Option<Instant>) -> bool {
        let mut own = None;
        let mut stuck_since = None;
        loop {
            let progress = self.drop_arrived(&mut own);
            let workers_left = self.workers_left();
            if workers_left && self.pool().registry.len() == 0 {
                return true;
            }
            if progress || !workers_left {
                // A worker takes as long as its task does: patience begins when the last has left.
                stuck_since = None;
            }
            if progress {
                continue;
            }
            let now = Instant::now();
            let until = match (workers_left, deadline) {
                (true, deadline) => {
                    let patience = *stuck_since.get_or_insert(now) + PATIENCE;
                    ParkUntil::Deadline(deadline.map_or(patience, |at| at.max(now).min(patience)))
                }
                (false, Some(deadline)) => ParkUntil::Deadline(deadline),
                (false, None) => ParkUntil::Notified,
            };
            if matches!(until, ParkUntil::Deadline(end) if end <= now) {
                self.give_up(workers_left);
                return false;
            }
            // The plainest driver never fails.
            let _ = self.park.park(until, &mut WakeList::new());
        }
    }

    fn workers_left(&self) -> bool {
        self.pool().left.load(SeqCst) == self.threads.len()
    }

    /// Drops the tasks that have become ready; `false` if there was none.
    fn drop_arrived(&self, own: &mut Option<P::Worker>) -> bool {
        let pool = self.pool();
        let mut progress = false;
        while let Some(ready) = pool.strays.pop().ok().or_else(|| self.take_queued(own)) {
            progress = true;
            // A policy may have passed it from pool to pool: it goes home when it is dropped.
            if ready.is_shared() && ready.core().is(&self.core) {
                ready.discard_shared(CancelReason::ShutDown, &pool.registry);
            }
        }
        progress
    }

    /// Takes a task out of the policy, as the worker that left first.
    fn take_queued(&self, own: &mut Option<P::Worker>) -> Option<Ready> {
        let policy = &self.shared.policy;
        let mut taken = None;
        contain(|| {
            while let Some(worker) = self.shared.take_retired() {
                match own {
                    None => *own = Some(worker),
                    Some(_) => policy.retire(worker),
                }
            }
            if let Some(own) = own {
                let cx = PopContext::outside(&self.core);
                taken = policy.pop(own, &cx).or_else(|| policy.steal(own, &cx));
            }
        });
        taken
    }

    fn give_up(&self, workers_left: bool) {
        let count = self.pool().registry.len();
        if workers_left {
            tell(&format!(
                "it lacks the tokens of {count} task(s): the scheduling policy lost them, or a thread \
                 was stopped in a wake; the tasks are leaked"
            ));
        } else {
            let workers = self.threads.len() - self.pool().left.load(SeqCst);
            tell(&format!(
                "{workers} worker(s) did not come back from a task in time; their threads are left to \
                 themselves, with {count} task(s)"
            ));
        }
    }
}

fn tell(what: &str) {
    // Not `eprintln!`, which panics where nobody listens.
    let _ = writeln!(
        io::stderr(),
        "anyloop: a pool did not shut down cleanly: {what}"
    );
}

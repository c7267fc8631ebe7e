//! Several threads that turn loops side by side, as one runtime.
//!
//! Each worker turns an `EventLoop` as a runtime of one thread does: the function that polls tasks
//! and the one in which the thread sleeps are the same. What differs is behind the loop's seams. Its
//! policy ([`worker`]) is the worker's side of a [`PoolScheduler`], beside a queue for the tasks that
//! are pinned to this worker; its way to sleep is to join the [`crew`]. Tasks that any worker may
//! run are of the shared kind; the pool's [registry](SharedRegistry) knows them, and its [`wheels`]
//! hold the timers.
//!
//! Invariants kept here: L2 (see [`crew`]), and L5 (see [`close`]).

mod builder;
mod close;
mod crew;
mod metrics;
mod queue;
mod root;
mod runtime;
mod wheels;
mod worker;

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, fence};
use std::sync::{Arc, OnceLock};
use std::task::Waker;

use concurrent_queue::ConcurrentQueue;

use crate::driver::{ThreadPark, ThreadUnpark, Unpark};
use crate::runtime::Core;
use crate::scheduler::PushContext;
use crate::task::{Ready, SharedRegistry, contain};
use crate::time::TimerKey;

pub use builder::PoolBuilder;
pub use metrics::{PoolMetrics, WorkerMetrics};
pub use runtime::PoolRuntime;
pub(crate) use worker::Post;

use crew::Crew;
use metrics::Counters;
use queue::SharedQueue;
use root::Roots;
use wheels::Wheels;

/// What the workers of a pool share, apart from the type of its policy.
pub(crate) struct Pool {
    queue: Box<dyn SharedQueue>,
    registry: SharedRegistry,
    wheels: Wheels,
    crew: Arc<Crew>,
    /// Tasks that the policy has dropped where no loop could take them back, and those that became
    /// ready when the pool was closing.
    strays: ConcurrentQueue<Ready>,
    closing: AtomicBool,
    /// How many workers have left, when the pool closes.
    left: AtomicUsize,
    /// Wakes who closes the pool.
    closer: Arc<ThreadUnpark>,
    /// What belongs to each worker alone; there when all have been made.
    workers: OnceLock<Box<[Arc<Core>]>>,
    roots: Roots,
    counters: Counters,
    faults: AtomicU64,
    /// Who gets the next timer that is made outside of the workers.
    next_wheel: AtomicUsize,
}

impl Pool {
    fn new(queue: Box<dyn SharedQueue>, crew: Arc<Crew>, closer: &ThreadPark) -> Self {
        let workers = crew.workers();
        Self {
            queue,
            registry: SharedRegistry::new(workers * 4),
            wheels: Wheels::new(workers),
            crew,
            strays: ConcurrentQueue::unbounded(),
            closing: AtomicBool::new(false),
            left: AtomicUsize::new(0),
            closer: closer.unparker(),
            workers: OnceLock::new(),
            roots: Roots::default(),
            counters: Counters::new(workers),
            faults: AtomicU64::new(0),
            next_wheel: AtomicUsize::new(0),
        }
    }

    pub(crate) fn registry(&self) -> &SharedRegistry {
        &self.registry
    }

    pub(crate) fn wheels(&self) -> &Wheels {
        &self.wheels
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(SeqCst)
    }

    /// Whether the code that runs belongs to a task which will be dropped soon, as the pool is closing:
    /// it may wait for what never comes.
    pub(crate) fn is_dropping_tasks_here(&self) -> bool {
        self.is_closing() && worker::current(self).is_some()
    }

    /// Gives a task to the policy from a thread that is no worker's.
    pub(crate) fn inject(&self, ready: Ready, cx: &PushContext<'_>) {
        if self.is_closing() {
            return self.stray(ready);
        }
        // A policy that panics drops the task, which is rescued; the panic must not unwind into
        // whoever woke the task.
        contain(|| self.queue.inject(ready, cx));
        self.crew.call_one();
        // The fence of `call_one` is between the push and this: either the closer finds the task
        // in the policy, or it is told to look again.
        if self.is_closing() {
            self.closer.unpark();
        }
    }

    /// Takes back a task whose token the policy dropped where no loop could take it back.
    pub(crate) fn rescue(&self, ready: Ready) {
        if !self.is_closing() {
            // Relaxed: the number is all that matters.
            self.faults.fetch_add(1, Relaxed);
        }
        self.stray(ready);
    }

    fn stray(&self, ready: Ready) {
        let pushed = self.strays.push(ready);
        assert!(pushed.is_ok(), "the queue is unbounded, and never closed");
        self.crew.call_one();
        if self.is_closing() {
            self.closer.unpark();
        }
    }

    /// Adds a timer; says where it is.
    #[inline]
    pub(crate) fn add_timer(&self, deadline: u64, waker: Waker) -> (usize, TimerKey) {
        let at = worker::current(self).unwrap_or_else(|| {
            // Relaxed: any number will do.
            self.next_wheel.fetch_add(1, Relaxed) % self.crew.workers()
        });
        let (key, sooner) = self.wheels.insert(at, deadline, waker);
        if let Some(next) = sooner {
            self.crew.timer_set(next);
        }
        (at, key)
    }

    /// Moves a timer; `false` if it is no longer pending.
    pub(crate) fn reset_timer(&self, at: usize, key: TimerKey, deadline: u64) -> bool {
        let (pending, sooner) = self.wheels.reset(at, key, deadline);
        if let Some(next) = sooner {
            self.crew.timer_set(next);
        }
        pending
    }

    /// Lets the workers leave, and sends what becomes ready from now on to the closer.
    fn begin_closing(&self) {
        self.closing.store(true, SeqCst);
        // Pairs with that of `inject`.
        fence(SeqCst);
        self.roots.wake_all();
    }
}

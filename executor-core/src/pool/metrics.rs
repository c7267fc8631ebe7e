//! What the workers of a pool have done so far.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crossbeam_utils::CachePadded;

/// What a pool has done so far; made by [`PoolRuntime::metrics`](super::PoolRuntime::metrics).
///
/// The numbers are read while the workers go on, so they need not fit together exactly.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PoolMetrics {
    /// One entry for each worker, by its number.
    pub workers: Vec<WorkerMetrics>,
    /// How many tasks any worker may run that have not ended.
    pub live_tasks: usize,
    /// How often the policy dropped a [`Ready`](crate::Ready); the tasks were queued again.
    pub policy_faults: u64,
}

/// What one worker of a pool has done so far.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct WorkerMetrics {
    /// How many times it polled a task.
    pub polls: u64,
    /// How many times it took work from another worker.
    pub steals: u64,
    /// How many times it slept.
    pub parks: u64,
    /// How many tasks it held, that others could have stolen, when it last looked.
    pub queued: u64,
    /// For how long it has not slept, up to when it last fell asleep.
    pub busy: Duration,
}

/// The numbers of all workers.
pub(super) struct Counters(Box<[CachePadded<Counter>]>);

/// The numbers of one worker, which alone writes them.
#[derive(Default)]
pub(super) struct Counter {
    polls: AtomicU64,
    steals: AtomicU64,
    parks: AtomicU64,
    queued: AtomicU64,
    busy_nanos: AtomicU64,
}

impl Counters {
    pub(super) fn new(workers: usize) -> Self {
        Self((0..workers).map(|_| CachePadded::default()).collect())
    }

    pub(super) fn of(&self, worker: usize) -> &Counter {
        &self.0[worker]
    }

    pub(super) fn snapshot(&self) -> Vec<WorkerMetrics> {
        self.0.iter().map(|counter| counter.snapshot()).collect()
    }
}

// Relaxed throughout: the numbers are all that matters.
impl Counter {
    #[inline]
    pub(super) fn polled(&self) {
        Self::add(&self.polls, 1);
    }

    pub(super) fn stole(&self) {
        Self::add(&self.steals, 1);
    }

    pub(super) fn holds(&self, tasks: usize) {
        self.queued.store(tasks as u64, Relaxed);
    }

    pub(super) fn parks(&self, busy: Duration) {
        Self::add(&self.parks, 1);
        let nanos = u64::try_from(busy.as_nanos()).unwrap_or(u64::MAX);
        Self::add(&self.busy_nanos, nanos);
    }

    /// One thread writes, so no read-modify-write is needed.
    #[inline]
    fn add(to: &AtomicU64, by: u64) {
        to.store(to.load(Relaxed).wrapping_add(by), Relaxed);
    }

    fn snapshot(&self) -> WorkerMetrics {
        WorkerMetrics {
            polls: self.polls.load(Relaxed),
            steals: self.steals.load(Relaxed),
            parks: self.parks.load(Relaxed),
            queued: self.queued.load(Relaxed),
            busy: Duration::from_nanos(self.busy_nanos.load(Relaxed)),
        }
    }
}

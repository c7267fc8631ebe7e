//! A queue for each worker, and stealing between them.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use concurrent_queue::ConcurrentQueue;
use crossbeam_deque::{Steal, Stealer, Worker as Deque};
use crossbeam_utils::CachePadded;

use super::{PoolScheduler, WorkerId};
use crate::scheduler::{Cause, PopContext, PushContext};
use crate::task::{Ready, ReadySlot};

/// The default policy of a pool: workers run their own tasks, and steal when they have none.
///
/// Each worker has a queue, first in, first out, of which others may steal half at a time, and a
/// slot for the task that was woken last, which runs next: a message is then answered
/// while it is in the cache. After [`STREAK`](Self::STREAK) tasks from the slot on end the queue
/// gets its turn, so two tasks that wake each other starve nobody. A task that yields goes to the
/// end of the queue. What other threads make ready stands in one line for all workers, which is
/// asked when a worker has nothing of its own, and every [`TICK`](Self::TICK)th time before that.
///
/// Stealing is by Blumofe and Leiserson (Journal of the ACM 46, 1999), on deques by Chase and Lev
/// (SPAA 2005) as `crossbeam-deque` has them; a queue that is first in, first out, and the slot,
/// are what the schedulers of Go and of tokio do.
///
/// ```
/// use executor_core::WorkStealing;
///
/// let policy = WorkStealing::new();
/// # let _ = policy;
/// ```
pub struct WorkStealing {
    /// What became ready outside of the workers.
    injector: ConcurrentQueue<Ready>,
    lanes: Box<[CachePadded<Lane>]>,
}

/// What the others see of a worker.
struct Lane {
    /// The task that was woken last, which runs next unless it is stolen.
    slot: ReadySlot,
    stealer: Stealer<Ready>,
    /// The worker's end of the deque, until the worker has it.
    deque: Mutex<Option<Deque<Ready>>>,
}

/// What one worker owns; see [`WorkStealing`].
pub struct Worker {
    id: WorkerId,
    deque: Deque<Ready>,
    /// Counts what was popped.
    tick: u32,
    /// How many tasks came from the slot since one came from elsewhere.
    streak: u32,
}

impl WorkStealing {
    /// After so many tasks from the slot on end one from the queue runs.
    pub const STREAK: u32 = 16;
    /// Every so many tasks the line of what other threads made ready comes first.
    pub const TICK: u32 = 61;

    /// The most tasks that a worker takes from the common line at a time.
    const BATCH: usize = 32;

    /// A policy that holds nothing yet.
    pub fn new() -> Self {
        Self {
            injector: ConcurrentQueue::unbounded(),
            lanes: Box::default(),
        }
    }

    fn lane(&self, worker: &Worker) -> &Lane {
        &self.lanes[worker.id.index()]
    }

    fn add_to_line(&self, task: Ready) {
        let pushed = self.injector.push(task);
        assert!(pushed.is_ok(), "the line is unbounded, and never closed");
    }

    /// Takes the next task from the common line, and a fair share of those behind it.
    fn take_from_line(&self, worker: &Worker) -> Option<Ready> {
        if self.injector.is_empty() {
            return None;
        }
        let first = self.injector.pop().ok()?;
        let share = self.injector.len() / self.lanes.len();
        let more = self.injector.try_iter().take(share.min(Self::BATCH));
        more.for_each(|task| worker.deque.push(task));
        Some(first)
    }

    /// Takes the worker's own next task.
    fn take_own(&self, worker: &mut Worker) -> Option<Ready> {
        let slot = &self.lane(worker).slot;
        if worker.streak < Self::STREAK {
            if let Some(task) = slot.take() {
                worker.streak += 1;
                return Some(task);
            }
        }
        worker.streak = 0;
        worker.deque.pop().or_else(|| slot.take())
    }

    /// Takes half of another worker's queue, or else what is in its slot.
    fn steal_from(lane: &Lane, worker: &Worker) -> Option<Ready> {
        loop {
            match lane.stealer.steal_batch_and_pop(&worker.deque) {
                Steal::Success(task) => return Some(task),
                Steal::Empty => return lane.slot.take(),
                Steal::Retry => std::hint::spin_loop(),
            }
        }
    }
}

impl Default for WorkStealing {
    fn default() -> Self {
        Self::new()
    }
}

impl PoolScheduler for WorkStealing {
    type Worker = Worker;

    fn prepare(&mut self, workers: usize) {
        let lane = |_| {
            let deque = Deque::new_fifo();
            CachePadded::new(Lane {
                slot: ReadySlot::default(),
                stealer: deque.stealer(),
                deque: Mutex::new(Some(deque)),
            })
        };
        self.lanes = (0..workers).map(lane).collect();
    }

    fn worker(&self, id: WorkerId) -> Worker {
        let deque = &self.lanes[id.index()].deque;
        let deque = deque.lock().unwrap_or_else(PoisonError::into_inner).take();
        Worker {
            id,
            deque: deque.expect("a worker's part is made once"),
            tick: 0,
            streak: 0,
        }
    }

    fn inject(&self, task: Ready, _: &PushContext<'_>) {
        self.add_to_line(task);
    }

    #[inline]
    fn push(&self, worker: &mut Worker, task: Ready, cx: &PushContext<'_>) {
        if cx.cause() != Cause::Wake {
            return worker.deque.push(task);
        }
        if let Some(displaced) = self.lane(worker).slot.replace(task) {
            worker.deque.push(displaced);
        }
    }

    #[inline]
    fn pop(&self, worker: &mut Worker, _: &PopContext<'_>) -> Option<Ready> {
        worker.tick = worker.tick.wrapping_add(1);
        if worker.tick % Self::TICK == 0 {
            if let Some(task) = self.take_from_line(worker) {
                return Some(task);
            }
        }
        self.take_own(worker)
            .or_else(|| self.take_from_line(worker))
    }

    fn steal(&self, worker: &mut Worker, _: &PopContext<'_>) -> Option<Ready> {
        let (before, after) = self.lanes.split_at(worker.id.index());
        let mut others = after.iter().skip(1).chain(before);
        others.find_map(|lane| Self::steal_from(lane, worker))
    }

    fn has_work(&self, _: WorkerId) -> bool {
        // Not the slots: what is in there is about to run, and would keep others awake.
        !self.injector.is_empty() || self.lanes.iter().any(|lane| !lane.stealer.is_empty())
    }

    fn backlog(&self, worker: &Worker) -> usize {
        worker.deque.len()
    }

    fn retire(&self, worker: Worker) {
        let slot = self.lane(&worker).slot.take();
        let rest = std::iter::from_fn(|| worker.deque.pop());
        slot.into_iter()
            .chain(rest)
            .for_each(|task| self.add_to_line(task));
    }
}

impl fmt::Debug for WorkStealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkStealing")
            .field("injected", &self.injector.len())
            .field("workers", &self.lanes.len())
            .finish()
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("id", &self.id)
            .field("queued", &self.deque.len())
            .finish_non_exhaustive()
    }
}

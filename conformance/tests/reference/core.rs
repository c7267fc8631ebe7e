//! The queue, the list of tasks, and the end of both.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use super::fault::{Fault, broken};
use super::locals::Locals;
use super::poller::Poller;
use super::pool::Pool;
use super::task::Task;
use super::time::Timers;
use super::{context, faults, lock};

/// How many tasks are polled before timers, sockets and the root are looked at.
const BATCH: usize = 64;

/// What the threads of one executor share.
pub(crate) struct Core {
    pub(crate) state: Mutex<State>,
    /// Where threads sleep that do not drive; anything that changes wakes all of them.
    pub(crate) changed: Condvar,
    pub(crate) poller: Poller,
    pub(crate) pool: Pool,
    /// The number of the next task.
    numbers: AtomicU64,
    /// The thread that made the executor.
    pub(crate) owner: ThreadId,
}

/// What the one lock guards.
#[derive(Default)]
pub(crate) struct State {
    /// The tasks to poll, each at most once, in the order of their wakes.
    pub(crate) ready: VecDeque<Arc<Task>>,
    /// All tasks that have not ended.
    pub(crate) live: HashMap<u64, Arc<Task>>,
    pub(crate) timers: Timers,
    /// Whether a thread looks after timers and sockets; it may be asleep there.
    pub(crate) driven: bool,
    /// Whether the thread that drives sleeps until a timer is due.
    pub(crate) timed: bool,
    /// Whether the executor is shutting down, or has.
    pub(crate) closed: bool,
    /// A second queue, which only faults use.
    pub(crate) aside: VecDeque<Arc<Task>>,
}

/// Why a task is queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Spawn,
    Wake,
    /// It was woken while it was polled.
    Yield,
}

impl State {
    /// Whether there is a task to poll.
    pub(crate) fn has_work(&self) -> bool {
        let injected = broken(Fault::InjectedOnlyWhenIdle) && !self.aside.is_empty();
        injected || !self.ready.is_empty()
    }
}

impl Core {
    pub(crate) fn new(blocking_threads: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            poller: Poller::new().expect("descriptors for a poller"),
            pool: Pool::new(blocking_threads),
            numbers: AtomicU64::new(0),
            owner: thread::current().id(),
        })
    }

    /// Makes the numbers of tasks go on from here.
    pub(crate) fn number_from(&self, first: u64) {
        self.numbers.store(first, Relaxed);
    }

    /// A number that no task has that lives; it wraps.
    pub(crate) fn next_number(&self) -> u64 {
        // Relaxed: the number is all that matters.
        faults::number(self.numbers.fetch_add(1, Relaxed))
    }

    /// Takes a new task up; says whether the executor is still open for that.
    pub(crate) fn register(&self, task: &Arc<Task>) -> bool {
        context::assert_free();
        faults::assert_not_poisoned();
        let mut state = lock(&self.state);
        if state.closed {
            return broken(Fault::SpawnInDropLost) && faults::leak(task);
        }
        state.live.insert(task.id, Arc::clone(task));
        true
    }

    /// Strikes a task that has ended off the list.
    pub(crate) fn forget(&self, task: &Task) {
        if broken(Fault::NeverUnlinked) {
            return;
        }
        // Bound, so that it is dropped after the lock has been released.
        let _task = lock(&self.state).live.remove(&task.id);
    }

    /// Queues a task that was marked as queued.
    pub(crate) fn push(&self, task: Arc<Task>, why: Why) {
        context::assert_free();
        let mut state = lock(&self.state);
        if state.closed {
            // Shutting down drops its future; the reference to it goes outside the lock.
            drop(state);
            return;
        }
        let lost = faults::enqueue(&mut state, task, why);
        drop(state);
        drop(lost);
        let foreign = thread::current().id() != self.owner;
        if broken(Fault::ForeignWakeNoUnpark) && foreign {
            return;
        }
        self.unpark();
    }

    /// Makes every thread that sleeps look again.
    pub(crate) fn unpark(&self) {
        let (driven, timed) = {
            let state = lock(&self.state);
            (state.driven, state.timed)
        };
        // Who went to sleep did so under the lock, and after the change that this announces was
        // made: either it saw the change, or it sleeps by now and is woken here.
        self.changed.notify_all();
        let deaf = (broken(Fault::TimedParkNotInterrupted) && timed)
            || (broken(Fault::SocketParkNotInterrupted) && self.poller.is_waited_for());
        if driven && !deaf {
            self.poller.unpark();
        }
    }

    /// Polls what is ready, but no more than a batch of it.
    pub(crate) fn run_batch(&self, locals: &Locals) {
        faults::before_batch(self);
        let queued = lock(&self.state).ready.len();
        let mut left = if broken(Fault::UnboundedBatch) {
            usize::MAX
        } else {
            queued.min(BATCH)
        };
        while left > 0 {
            let next = faults::pick(&mut lock(&self.state));
            let Some(task) = next else { break };
            task.run(locals);
            left -= 1;
        }
        if broken(Fault::NextAfterBatchLost) && queued > BATCH {
            // Bound, so that it is dropped after the lock has been released.
            let _task = lock(&self.state).ready.pop_front();
        }
    }

    /// Refuses new tasks and tells every thread.
    pub(crate) fn close(&self) {
        lock(&self.state).closed = true;
        self.unpark();
    }

    /// Drops all that is left, when no task runs any more, and waits for blocking closures.
    pub(crate) fn shut_down(&self, locals: &Locals, patience: Option<Duration>) {
        self.close();
        self.cancel_all(locals);
        let (timers, ready) = {
            let mut state = lock(&self.state);
            (state.timers.close(), std::mem::take(&mut state.ready))
        };
        drop(ready);
        for waker in timers {
            super::contain(|| waker.wake());
        }
        for waker in self.poller.close() {
            super::contain(|| waker.wake());
        }
        self.pool.shut_down(patience);
        faults::after_shut_down();
    }

    /// Cancels all tasks, on a thread where their futures may be dropped.
    pub(crate) fn cancel_all(&self, locals: &Locals) {
        // What a future's drop spawns is refused, so that the list can only get shorter.
        let (live, queued) = {
            let mut state = lock(&self.state);
            let queued: Vec<u64> = state.ready.iter().map(|task| task.id).collect();
            (std::mem::take(&mut state.live), queued)
        };
        let mut live: Vec<Arc<Task>> = live.into_values().collect();
        live.sort_by_key(|task| task.id);
        if broken(Fault::HandlesDropInTurn) {
            live.reverse();
        }
        faults::cancel_each(&queued, live, locals);
    }
}

//! What a loop has that does not depend on its policy's type; only its own thread touches it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use super::Budget;
use crate::pool::{Pool, Post};
use crate::runtime::{Core, Handle};
use crate::scheduler::{Cause, RunEnd, WokenBy};
use crate::task::{self, CancelReason, Job, NewTask, Ready, Registry, TaskHeader};
use crate::time::{NotPending, TimerKey, Wheel};

/// The policy, seen from code that does not know its type.
pub(crate) trait LocalQueue {
    /// Gives a task to the policy; to the side queue of `local`, the policy's own loop, if the
    /// policy is being called or is gone.
    fn push(&self, local: &LoopCore, ready: Ready, cause: Cause);
}

/// The part of a loop that tasks, timers and wakers on its thread reach through the context.
pub(crate) struct LoopCore {
    /// What the loop's own tasks refer to: the runtime's, unless the loop is a worker's.
    core: Arc<Core>,
    /// The runtime that is current in tasks.
    handle: Handle,
    /// What the loop knows as a worker of a pool, which is the runtime.
    worker: Option<Rc<Post>>,
    queue: Rc<dyn LocalQueue>,
    /// What became ready while the policy was being called: it must not be re-entered.
    side: RefCell<VecDeque<(Ready, Cause)>>,
    /// The task that was woken while it ran, until the loop has charged its poll.
    yielded: Cell<Option<Ready>>,
    /// The shared task that runs; null for none.
    running: Cell<*const TaskHeader>,
    registry: Registry,
    wheel: RefCell<Wheel>,
    woken_by: Cell<WokenBy>,
    budget: Budget,
    /// Nanoseconds after the epoch, when the loop last read the clock.
    now: Cell<u64>,
    closing: Cell<bool>,
    faults: Cell<u64>,
    /// How many wakes are on their way here, of tasks that have ended meanwhile.
    late_wakes: Cell<usize>,
}

/// Where a loop belongs.
pub(crate) struct Home {
    pub(crate) core: Arc<Core>,
    pub(crate) handle: Handle,
    pub(crate) worker: Option<Rc<Post>>,
}

impl Home {
    /// That of the one loop of a runtime.
    pub(crate) fn alone(core: Arc<Core>) -> Self {
        Self {
            handle: Handle::new(Arc::clone(&core)),
            core,
            worker: None,
        }
    }
}

impl LoopCore {
    pub(crate) fn new(home: Home, queue: Rc<dyn LocalQueue>) -> Self {
        Self {
            core: home.core,
            handle: home.handle,
            worker: home.worker,
            queue,
            side: RefCell::default(),
            yielded: Cell::new(None),
            running: Cell::new(ptr::null()),
            registry: Registry::default(),
            wheel: RefCell::new(Wheel::new()),
            woken_by: Cell::new(WokenBy::Main),
            budget: Budget::new(),
            now: Cell::new(0),
            closing: Cell::new(false),
            faults: Cell::new(0),
            late_wakes: Cell::new(0),
        }
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    pub(crate) fn worker(&self) -> Option<&Post> {
        self.worker.as_deref()
    }

    /// The pool of which this loop is a worker's.
    fn pool(&self) -> Option<&Pool> {
        self.handle.core().pool()
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(crate) fn wheel(&self) -> &RefCell<Wheel> {
        &self.wheel
    }

    /// Sees to it that the timer wakes `waker`; `false` if it is no longer in the wheel.
    ///
    /// A waker's clone and drop may be user code, which may use the wheel: nothing is borrowed
    /// while they run.
    pub(crate) fn replace_timer_waker(&self, key: TimerKey, waker: &Waker) -> bool {
        let kept = self.wheel.borrow().is_woken_by(key, waker);
        match kept {
            Ok(true) => return true,
            Ok(false) => {}
            Err(NotPending) => return false,
        }
        let waker = waker.clone();
        let replaced = self.wheel.borrow_mut().set_waker(key, waker);
        replaced.is_ok()
    }

    /// Whether this is a loop of `core`'s runtime.
    #[inline]
    pub(crate) fn is_of(&self, core: &Arc<Core>) -> bool {
        Arc::ptr_eq(&self.core, core) || Arc::ptr_eq(self.handle.core(), core)
    }

    /// Whether this loop may run the task: it is its own, or one of its pool's.
    #[inline]
    pub(crate) fn owns(&self, task: &TaskHeader) -> bool {
        task.core().is(&self.core) || task.core().is(self.handle.core())
    }

    /// Polls a task of the pool once.
    #[inline]
    pub(crate) fn run_shared(&self, job: Job) -> RunEnd {
        let pool = self.pool().expect("only a pool's workers run its tasks");
        self.running.set(job.header());
        let end = job.run_registered(pool.registry());
        self.running.set(ptr::null());
        end
    }

    /// Gives a task of the pool to the policy, now or when its poll has been charged.
    #[inline]
    pub(crate) fn schedule_shared(&self, ready: Ready) {
        if ptr::eq(ready.header(), self.running.get()) {
            self.push_yielded(ready);
        } else {
            self.push(ready, Cause::Wake);
        }
    }

    /// When the next timer is due that is this loop's to fire, in nanoseconds after the epoch.
    #[inline]
    pub(crate) fn next_timer(&self) -> Option<u64> {
        match &self.worker {
            None => self.wheel.borrow().next_wake(),
            Some(post) => post.next_timer(self.pool()),
        }
    }

    /// Takes out the timers that are due.
    pub(crate) fn expire(&self, now: u64, fired: &mut Vec<Waker>) {
        match self.pool() {
            Some(pool) if self.worker.is_some() => pool.wheels().expire(now, fired),
            _ => self.wheel.borrow_mut().expire(now, fired),
        }
    }

    /// Gives a task to the policy.
    #[inline(always)]
    pub(crate) fn push(&self, ready: Ready, cause: Cause) {
        self.queue.push(self, ready, cause);
    }

    /// Keeps a task that was woken while it ran until the loop has charged its poll.
    #[inline]
    pub(crate) fn push_yielded(&self, ready: Ready) {
        // The loop takes the task out after each poll; a token that stood here still would be
        // rescued by its drop.
        self.yielded.set(Some(ready));
    }

    #[inline]
    pub(crate) fn take_yielded(&self) -> Option<Ready> {
        self.yielded.take()
    }

    /// Queues a task whose token the policy dropped.
    pub(crate) fn rescue(&self, ready: Ready) {
        if !self.closing.get() {
            self.faults.set(self.faults.get() + 1);
        }
        self.push_side(ready, Cause::Rescue);
    }

    /// Keeps a task until the policy can be called.
    #[cold]
    pub(crate) fn push_side(&self, ready: Ready, cause: Cause) {
        self.side.borrow_mut().push_back((ready, cause));
    }

    /// The next task that could not be given to the policy when it became ready.
    pub(crate) fn take_side(&self) -> Option<(Ready, Cause)> {
        self.side.borrow_mut().pop_front()
    }

    pub(crate) fn has_side(&self) -> bool {
        self.side_count() > 0
    }

    pub(crate) fn side_count(&self) -> usize {
        self.side.borrow().len()
    }

    /// Takes in a new task, or refuses it if the loop is closing.
    #[inline]
    pub(crate) fn spawn(&self, task: NewTask) {
        if self.closing.get() {
            return task.end(CancelReason::ShutDown, self);
        }
        let ready = self.registry.insert(task);
        self.push(ready, Cause::Spawn);
    }

    /// Who wakes now: the task that runs, or what the loop is about.
    pub(crate) fn waker_now(&self) -> WokenBy {
        match task::actor() {
            Some(id) => WokenBy::Task(id),
            None => self.woken_by.get(),
        }
    }

    pub(crate) fn set_woken_by(&self, by: WokenBy) {
        self.woken_by.set(by);
    }

    #[inline]
    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Nanoseconds after the epoch, when the loop last read the clock.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.now.get()
    }

    #[inline]
    pub(crate) fn set_now(&self, now: u64) {
        self.now.set(now);
    }

    /// The instant at which the loop last read the clock.
    pub(crate) fn time(&self) -> Instant {
        self.core().instant(self.now.get())
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.get()
    }

    pub(crate) fn set_closing(&self) {
        self.closing.set(true);
    }

    /// Keeps the core until a wake has come that is still on its way here.
    #[cold]
    pub(crate) fn expect_late_wake(&self) {
        self.late_wakes.set(self.late_wakes.get() + 1);
    }

    /// A wake has come of a task that had ended.
    #[cold]
    pub(crate) fn note_late_wake(&self) {
        self.late_wakes.set(self.late_wakes.get() - 1);
    }

    /// Whether wakes of tasks that have ended are still on their way here.
    pub(crate) fn expects_late_wakes(&self) -> bool {
        self.late_wakes.get() > self.core().lost_wakes()
    }

    /// How many tokens the policy has dropped.
    pub(crate) fn faults(&self) -> u64 {
        self.faults.get()
    }
}

impl std::fmt::Debug for LoopCore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoopCore")
            .field("live_tasks", &self.registry.len())
            .finish_non_exhaustive()
    }
}

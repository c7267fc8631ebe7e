//! Policies that are right but for one thing.

use std::collections::VecDeque;
use std::mem;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use executor_core::{Cause, PopContext, PushContext, Ran, Ready, Scheduler, TaskHeader};

pub(crate) type Queue = VecDeque<Ready>;

/// What a policy does otherwise than first in, first out.
pub(crate) trait Fault: Default + 'static {
    fn push(&mut self, queue: &mut Queue, task: Ready, _: Cause) {
        queue.push_back(task);
    }

    fn pop(&mut self, queue: &mut Queue) -> Option<Ready> {
        queue.pop_front()
    }

    fn len(&self, queue: &Queue) -> usize {
        queue.len()
    }

    fn is_empty(&self, queue: &Queue) -> bool {
        self.len(queue) == 0
    }

    fn wake_at(&self, _: &Queue) -> Option<Instant> {
        None
    }

    fn ran(&mut self) {}

    fn dropped(&mut self, _: Queue) {}
}

/// First in, first out, with a fault.
#[derive(Default)]
pub(crate) struct Broken<F: Fault> {
    queue: Queue,
    fault: F,
}

impl<F: Fault> Scheduler for Broken<F> {
    const NEEDS_CLOCK: bool = true;

    fn push(&mut self, task: Ready, cx: &PushContext<'_>) {
        self.fault.push(&mut self.queue, task, cx.cause());
    }

    fn pop(&mut self, _: &PopContext<'_>) -> Option<Ready> {
        self.fault.pop(&mut self.queue)
    }

    fn len(&self) -> usize {
        self.fault.len(&self.queue)
    }

    fn is_empty(&self) -> bool {
        self.fault.is_empty(&self.queue)
    }

    fn ran(&mut self, _: &TaskHeader, _: Ran) {
        self.fault.ran();
    }

    fn wake_at(&self) -> Option<Instant> {
        self.fault.wake_at(&self.queue)
    }
}

impl<F: Fault> Drop for Broken<F> {
    fn drop(&mut self) {
        self.fault.dropped(mem::take(&mut self.queue));
    }
}

/// Drops every fiftieth task that it is given.
#[derive(Default)]
pub(crate) struct DropsInPush(u32);

impl Fault for DropsInPush {
    fn push(&mut self, queue: &mut Queue, task: Ready, _: Cause) {
        self.0 += 1;
        if self.0 % 50 != 0 {
            queue.push_back(task);
        }
    }
}

/// Drops a task and gives the next, every fiftieth time.
#[derive(Default)]
pub(crate) struct DropsInPop(u32);

impl Fault for DropsInPop {
    fn pop(&mut self, queue: &mut Queue) -> Option<Ready> {
        self.0 += 1;
        let task = queue.pop_front();
        if self.0 % 50 == 0 {
            return queue.pop_front();
        }
        task
    }
}

/// Leaks every fiftieth task.
#[derive(Default)]
pub(crate) struct Leaks(u32);

impl Fault for Leaks {
    fn push(&mut self, queue: &mut Queue, task: Ready, _: Cause) {
        self.0 += 1;
        match self.0 % 50 {
            0 => mem::forget(task),
            _ => queue.push_back(task),
        }
    }
}

/// A ring of 256 places; what is oldest when it is full is overwritten.
#[derive(Default)]
pub(crate) struct Overwrites;

impl Fault for Overwrites {
    fn push(&mut self, queue: &mut Queue, task: Ready, _: Cause) {
        if queue.len() == 256 {
            mem::forget(queue.pop_front());
        }
        queue.push_back(task);
    }
}

/// A line for each of 128 priorities; what is higher has none.
#[derive(Default)]
pub(crate) struct ForgetsThePriority255(Queue);

impl Fault for ForgetsThePriority255 {
    fn push(&mut self, queue: &mut Queue, task: Ready, _: Cause) {
        match task.priority() {
            255 => self.0.push_back(task),
            _ => queue.push_back(task),
        }
    }

    fn len(&self, queue: &Queue) -> usize {
        queue.len() + self.0.len()
    }
}

/// Never gives the last one.
#[derive(Default)]
pub(crate) struct KeepsOne;

impl Fault for KeepsOne {
    fn pop(&mut self, queue: &mut Queue) -> Option<Ready> {
        (queue.len() > 1).then(|| queue.pop_front())?
    }
}

/// Has nothing to run every other time, although it has.
#[derive(Default)]
pub(crate) struct SaysNone(bool);

impl Fault for SaysNone {
    fn pop(&mut self, queue: &mut Queue) -> Option<Ready> {
        self.0 = !self.0;
        (!self.0).then(|| queue.pop_front())?
    }
}

/// Counts to 64.
#[derive(Default)]
pub(crate) struct CountsTo64;

impl Fault for CountsTo64 {
    fn len(&self, queue: &Queue) -> usize {
        queue.len().min(64)
    }
}

/// A count that is not lowered when the queue is emptied.
#[derive(Default)]
pub(crate) struct CountsOneTooMany(usize);

impl Fault for CountsOneTooMany {
    fn pop(&mut self, queue: &mut Queue) -> Option<Ready> {
        self.0 += usize::from(queue.len() == 1);
        queue.pop_front()
    }

    fn len(&self, queue: &Queue) -> usize {
        queue.len() + self.0.min(1)
    }
}

/// Is never empty.
#[derive(Default)]
pub(crate) struct NeverEmpty;

impl Fault for NeverEmpty {
    fn is_empty(&self, _: &Queue) -> bool {
        false
    }
}

/// Starves a task: it will run it in a moment, always.
#[derive(Default)]
pub(crate) struct PutsOff(Option<Ready>);

impl Fault for PutsOff {
    fn push(&mut self, queue: &mut Queue, task: Ready, _: Cause) {
        match self.0 {
            None => self.0 = Some(task),
            Some(_) => queue.push_back(task),
        }
    }

    fn len(&self, queue: &Queue) -> usize {
        queue.len() + usize::from(self.0.is_some())
    }

    fn wake_at(&self, _: &Queue) -> Option<Instant> {
        self.0.as_ref()?;
        Some(Instant::now() + Duration::from_millis(1))
    }
}

/// Panics when it is given more than it has room for.
#[derive(Default)]
pub(crate) struct PanicsInPush;

impl Fault for PanicsInPush {
    fn push(&mut self, queue: &mut Queue, task: Ready, _: Cause) {
        assert!(queue.len() < 1_000, "the queue is full");
        queue.push_back(task);
    }
}

/// Takes it for granted that it has a task.
#[derive(Default)]
pub(crate) struct PanicsInPop;

impl Fault for PanicsInPop {
    fn pop(&mut self, queue: &mut Queue) -> Option<Ready> {
        Some(queue.pop_front().expect("a task"))
    }
}

/// Panics when it is told of the hundredth poll.
#[derive(Default)]
pub(crate) struct PanicsInRan(u8);

impl Fault for PanicsInRan {
    fn ran(&mut self) {
        self.0 = self.0.checked_add(1).expect("few polls");
    }
}

/// Panics when it is asked for a time, with a task in hand.
#[derive(Default)]
pub(crate) struct PanicsInWakeAt;

impl Fault for PanicsInWakeAt {
    fn wake_at(&self, queue: &Queue) -> Option<Instant> {
        assert!(!queue.is_empty(), "nobody to wait for");
        None
    }
}

/// Hands its tasks to whoever comes after it.
#[derive(Default)]
pub(crate) struct KeepsAfterDrop;

static KEPT: Mutex<Queue> = Mutex::new(Queue::new());

impl Fault for KeepsAfterDrop {
    fn dropped(&mut self, mut queue: Queue) {
        KEPT.lock().expect("no panic").append(&mut queue);
    }
}

/// Leaks its queue when it is dropped.
#[derive(Default)]
pub(crate) struct LeaksInDrop;

impl Fault for LeaksInDrop {
    fn dropped(&mut self, queue: Queue) {
        mem::forget(queue);
    }
}

/// Demands to be empty when it is dropped.
#[derive(Default)]
pub(crate) struct PanicsInDrop;

impl Fault for PanicsInDrop {
    fn dropped(&mut self, queue: Queue) {
        assert!(queue.is_empty(), "tasks are left");
    }
}

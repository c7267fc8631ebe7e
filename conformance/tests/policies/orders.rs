//! Policies that are right but in some order of things.

use std::mem;

use executor_core::{Cause, Ready};

use crate::broken::{Fault, Queue};

/// Expects to be asked again: once idle, it leaks what it is given in bursts of more than 128.
#[derive(Default)]
pub(crate) struct LeaksWhenClosed {
    idle: bool,
    unasked: u32,
}

impl Fault for LeaksWhenClosed {
    fn push(&mut self, queue: &mut Queue, task: Ready, _: Cause) {
        self.unasked += 1;
        match self.idle && self.unasked > 128 {
            true => mem::forget(task),
            false => queue.push_back(task),
        }
    }

    fn pop(&mut self, queue: &mut Queue) -> Option<Ready> {
        self.unasked = 0;
        self.idle |= queue.is_empty();
        queue.pop_front()
    }
}

/// Falls asleep when it has nothing, and is roused by its own thread only.
#[derive(Default)]
pub(crate) struct DeafWhenIdle(bool);

impl Fault for DeafWhenIdle {
    fn push(&mut self, queue: &mut Queue, task: Ready, cause: Cause) {
        if cause != Cause::Remote {
            self.0 = false;
        }
        queue.push_back(task);
    }

    fn pop(&mut self, queue: &mut Queue) -> Option<Ready> {
        let task = (!self.0).then(|| queue.pop_front())?;
        self.0 = task.is_none();
        task
    }
}

/// Notes that there are tasks from other threads, but not how many.
#[derive(Default)]
pub(crate) struct OneFromElsewhere(Queue, bool);

impl Fault for OneFromElsewhere {
    fn push(&mut self, queue: &mut Queue, task: Ready, cause: Cause) {
        if cause == Cause::Remote {
            self.1 = true;
            return self.0.push_back(task);
        }
        queue.push_back(task);
    }

    fn pop(&mut self, queue: &mut Queue) -> Option<Ready> {
        if mem::take(&mut self.1) {
            return self.0.pop_front();
        }
        queue.pop_front()
    }

    fn len(&self, queue: &Queue) -> usize {
        queue.len() + self.0.len()
    }
}

/// Looks at those that yielded only after it has given another.
#[derive(Default)]
pub(crate) struct ForgetsWhoYielded(Queue, bool);

impl Fault for ForgetsWhoYielded {
    fn push(&mut self, queue: &mut Queue, task: Ready, cause: Cause) {
        match cause {
            Cause::Yield => self.0.push_back(task),
            _ => queue.push_back(task),
        }
    }

    fn pop(&mut self, queue: &mut Queue) -> Option<Ready> {
        let task = queue.pop_front();
        if task.is_some() {
            self.1 = true;
            return task;
        }
        mem::take(&mut self.1).then(|| self.0.pop_front())?
    }

    fn len(&self, queue: &Queue) -> usize {
        queue.len() + self.0.len()
    }
}

/// Leaks a task that comes from elsewhere right after one has yielded, if just two others wait.
#[derive(Default)]
pub(crate) struct LeaksInOneOrder(bool);

impl Fault for LeaksInOneOrder {
    fn push(&mut self, queue: &mut Queue, task: Ready, cause: Cause) {
        if self.0 && cause == Cause::Remote && queue.len() == 2 {
            return mem::forget(task);
        }
        self.0 = cause == Cause::Yield;
        queue.push_back(task);
    }
}

/// Leaks what is woken when the same number of tasks has been spawned and popped, five or more.
#[derive(Default)]
pub(crate) struct LosesCount {
    spawned: u32,
    popped: u32,
}

impl Fault for LosesCount {
    fn push(&mut self, queue: &mut Queue, task: Ready, cause: Cause) {
        self.spawned += u32::from(cause == Cause::Spawn);
        if cause == Cause::Wake && self.spawned >= 5 && self.spawned == self.popped {
            return mem::forget(task);
        }
        queue.push_back(task);
    }

    fn pop(&mut self, queue: &mut Queue) -> Option<Ready> {
        self.popped += u32::from(!queue.is_empty());
        queue.pop_front()
    }
}

//! The live tasks of one loop.

#![allow(unsafe_code, reason = "a slot holds a task's reference as a pointer")]

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::task::Waker;

use super::cell::Live;
use super::slots::Slots;
use super::{NewTask, Ready, TaskHeader};

/// A reference to every live task of one loop, so that shutdown finds those parked for ever.
///
/// It is what keeps a task alive: the last waker that user code drops is not the last reference.
/// Dropping the registry leaks the tasks that are left in it, since their futures may be dropped
/// inside their loop only.
#[derive(Default)]
pub(crate) struct Registry {
    slots: RefCell<Slots>,
}

impl Registry {
    /// Takes note of a task that has just arrived.
    #[inline]
    pub(crate) fn insert(&self, task: NewTask) -> Ready {
        let mut slots = self.slots.borrow_mut();
        task.header().set_slot(slots.next_number());
        let (live, ready) = task.into_parts();
        slots.insert(live.into_raw());
        ready
    }

    /// Forgets a task that is about to end.
    ///
    /// # Panics
    ///
    /// If the task is not registered here.
    #[inline]
    pub(crate) fn remove(&self, task: &TaskHeader) -> Live {
        let slot = task.slot().expect("a task is registered until it ends");
        let live = self.slots.borrow_mut().remove(slot);
        // SAFETY: `insert` made the slot of a reference, which it held until just now.
        unsafe { Live::from_raw(live) }
    }

    /// Forgets all tasks, which are to be ended.
    pub(crate) fn take_all(&self) -> Vec<Live> {
        let slots = self.slots.take();
        // SAFETY: `insert` made the slot of a reference, which is taken over once, as the slot is
        // gone.
        let live = slots.iter().map(|live| unsafe { Live::from_raw(live) });
        live.collect()
    }

    /// How many tasks are live.
    pub(crate) fn len(&self) -> usize {
        self.slots.borrow().len()
    }

    /// The wakers of all live tasks.
    pub(crate) fn wakers(&self) -> Vec<Waker> {
        let slots = self.slots.borrow();
        let live = slots.iter().map(|live| {
            // SAFETY: the slot holds a reference for as long as it is borrowed.
            ManuallyDrop::new(unsafe { Live::from_raw(live) })
        });
        live.map(|live| live.waker()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use crate::task::JoinHandle;
    use crate::{Fifo, Runtime, context, spawn};

    /// How many tasks are registered, in how many slots, and how many of them are found.
    fn counts() -> (usize, usize, usize) {
        context::with_local(|local| {
            let registry = local.expect("a loop turns").registry();
            let slots = registry.slots.borrow().capacity_in_use();
            (registry.len(), slots, registry.wakers().len())
        })
    }

    #[test]
    fn slots_are_used_again_and_no_task_is_lost() {
        let runtime = Runtime::without_io(Fifo::new());
        runtime.block_on(async {
            let mut tasks: Vec<JoinHandle<()>> = Vec::new();
            for n in 0..300 {
                tasks.push(spawn(pending()));
                if n % 3 == 0 {
                    let task = tasks.swap_remove(n / 2 % tasks.len());
                    task.cancel().await.unwrap_err();
                }
                let (live, slots, found) = counts();
                assert_eq!((live, found), (tasks.len(), tasks.len()));
                assert!(slots <= live + 1, "{slots} slots for {live} tasks");
            }
            for task in tasks.drain(..) {
                let id = task.id();
                assert_eq!(task.cancel().await.unwrap_err().id(), id);
            }
            assert_eq!(counts().0, 0);
        });
    }
}

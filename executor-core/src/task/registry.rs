//! The live tasks of one loop.

#![allow(
    unsafe_code,
    reason = "a slot is one word, a task's reference or a number"
)]

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::ptr;
use std::task::Waker;

use super::cell::Live;
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

/// Below this capacity an empty registry keeps its memory.
const KEPT_CAPACITY: usize = 1024;

impl Registry {
    /// Takes note of a task that has just arrived.
    #[inline]
    pub(crate) fn insert(&self, task: NewTask) -> Ready {
        let mut slots = self.slots.borrow_mut();
        task.header().set_slot(slots.next_number());
        let (live, ready) = task.into_parts();
        slots.insert(live);
        ready
    }

    /// Forgets a task that is about to end.
    ///
    /// # Panics
    ///
    /// If the task is not registered here.
    #[inline]
    pub(crate) fn remove(&self, task: &TaskHeader) -> Live {
        let mut slots = self.slots.borrow_mut();
        let live = slots.remove(task.slot().expect(REGISTERED));
        if slots.len == 0 && slots.slots.capacity() > KEPT_CAPACITY {
            *slots = Slots::default();
        }
        live
    }

    /// Forgets all tasks, which are to be ended.
    pub(crate) fn take_all(&self) -> Vec<Live> {
        let slots = self.slots.take().slots.into_iter();
        let live = slots.filter(|slot| !slot.is_vacant());
        // SAFETY: `insert` made the slot of a reference, which is taken over once, as the slot is
        // gone.
        live.map(|slot| unsafe { Live::from_raw(slot.0) }).collect()
    }

    /// How many tasks are live.
    pub(crate) fn len(&self) -> usize {
        self.slots.borrow().len
    }

    /// The wakers of all live tasks.
    pub(crate) fn wakers(&self) -> Vec<Waker> {
        let slots = self.slots.borrow();
        let live = slots.slots.iter().filter(|slot| !slot.is_vacant());
        // SAFETY: the slot holds a reference for as long as it is borrowed.
        let live = live.map(|slot| ManuallyDrop::new(unsafe { Live::from_raw(slot.0) }));
        live.map(|live| live.waker()).collect()
    }
}

const REGISTERED: &str = "a task is registered until it ends";

/// References by number.
#[derive(Default)]
struct Slots {
    slots: Vec<Slot>,
    /// The head of the chain of vacant slots.
    vacant: Next,
    len: usize,
}

/// A live task's reference, or the next vacant slot; the lowest bit tells.
#[derive(Clone, Copy)]
struct Slot(*const ());

/// A vacant slot's number plus 1, or 0 for none.
type Next = usize;

impl Slot {
    #[inline]
    fn vacant(next: Next) -> Self {
        Self(ptr::without_provenance((next << 1) | 1))
    }

    #[inline]
    fn is_vacant(self) -> bool {
        self.0.addr() & 1 != 0
    }

    #[inline]
    fn next(self) -> Next {
        self.0.addr() >> 1
    }
}

impl Slots {
    /// The number that the next task gets.
    #[inline]
    fn next_number(&self) -> usize {
        match self.vacant {
            0 => self.slots.len(),
            next => next - 1,
        }
    }

    #[inline]
    fn insert(&mut self, task: Live) {
        let at = self.next_number();
        let slot = Slot(task.into_raw());
        self.len += 1;
        match self.slots.get_mut(at) {
            Some(vacant) => self.vacant = std::mem::replace(vacant, slot).next(),
            None => self.slots.push(slot),
        }
    }

    /// # Panics
    ///
    /// If there is no task of that number.
    #[inline]
    fn remove(&mut self, at: usize) -> Live {
        let slot = self.slots[at];
        assert!(!slot.is_vacant(), "{REGISTERED}");
        self.slots[at] = Slot::vacant(self.vacant);
        self.vacant = at + 1;
        self.len -= 1;
        // SAFETY: `insert` made the slot of a reference, which it held until just now.
        unsafe { Live::from_raw(slot.0) }
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
            let slots = registry.slots.borrow().slots.len();
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

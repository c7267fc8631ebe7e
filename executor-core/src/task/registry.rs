//! The live tasks of one loop.

use std::cell::RefCell;
use std::task::Waker;

use slab::Slab;

use super::{NewTask, Ready};

/// A waker for every live task of one loop, so that shutdown finds those parked for ever.
///
/// Holding a waker also means that a task's future is never dropped behind the loop's back: the
/// last waker that user code drops is not the last.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    wakers: RefCell<Slab<Waker>>,
}

/// Below this capacity an empty registry keeps its memory.
const KEPT_CAPACITY: usize = 1024;

impl Registry {
    /// Takes note of a task that has just arrived.
    #[inline]
    pub(crate) fn insert(&self, task: NewTask) -> Ready {
        let slot = self.wakers.borrow_mut().insert(task.waker);
        task.ready.set_slot(slot);
        task.ready
    }

    /// Forgets a task that has ended.
    #[inline]
    pub(crate) fn remove(&self, slot: usize) {
        let mut wakers = self.wakers.borrow_mut();
        let waker = wakers.remove(slot);
        if wakers.is_empty() && wakers.capacity() > KEPT_CAPACITY {
            *wakers = Slab::new();
        }
        // The waker may be the last reference, and freeing the task drops a name, no user code;
        // the borrow is released first all the same.
        drop(wakers);
        drop(waker);
    }

    /// How many tasks are live.
    pub(crate) fn len(&self) -> usize {
        self.wakers.borrow().len()
    }

    /// The wakers of all live tasks.
    pub(crate) fn wakers(&self) -> Vec<Waker> {
        let wakers = self.wakers.borrow();
        wakers.iter().map(|(_, waker)| waker.clone()).collect()
    }
}

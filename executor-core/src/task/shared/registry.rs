//! The live tasks of a pool.

#![allow(unsafe_code, reason = "a slot holds a task's reference as a pointer")]

use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crossbeam_utils::CachePadded;

use super::Job;
use crate::task::slots::Slots;
use crate::task::{CancelReason, TaskHeader, TaskId};

/// A reference to every live task of a pool, so that shutdown finds those parked for ever.
///
/// It is what keeps a task alive: the last waker that user code drops is not the last reference.
/// The tasks are spread over shards by their ids. Threads take ids in blocks, so that as a rule a
/// shard is locked by one thread for a thousand spawns on end.
pub(crate) struct SharedRegistry {
    shards: Box<[CachePadded<Mutex<Shard>>]>,
}

#[derive(Default)]
struct Shard {
    /// The pointers of the tasks' wakers, each with a reference.
    slots: Slots,
    closed: bool,
}

// SAFETY: the references are wakers in parts, and wakers are `Send`.
unsafe impl Send for Shard {}

/// Where a task is noted.
#[derive(Clone, Copy)]
pub(super) struct Place {
    id: u64,
    slot: usize,
}

impl Place {
    /// The place of a registered task.
    #[inline]
    pub(super) fn of(task: &TaskHeader) -> Self {
        Self {
            id: task.id().get(),
            slot: task.slot().expect("a task is registered until it ends"),
        }
    }
}

impl SharedRegistry {
    /// A registry in at least so many shards.
    pub(crate) fn new(shards: usize) -> Self {
        let shards = 0..shards.next_power_of_two();
        Self {
            shards: shards.map(|_| CachePadded::default()).collect(),
        }
    }

    #[inline]
    fn shard(&self, id: u64) -> MutexGuard<'_, Shard> {
        // The cast keeps the bits that the mask asks for.
        let at = (id / TaskId::BLOCK) as usize & (self.shards.len() - 1);
        self.shards[at]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a new task; `false`, and no note, if the registry is closed.
    #[inline]
    pub(in crate::task) fn insert(&self, task: &TaskHeader, waker: Waker) -> bool {
        let mut shard = self.shard(task.id().get());
        if shard.closed {
            return false;
        }
        task.set_slot(shard.slots.next_number());
        shard.slots.insert(ManuallyDrop::new(waker).data());
        true
    }

    /// Forgets a task that has ended.
    #[inline]
    pub(super) fn remove(&self, place: Place) {
        let data = self.shard(place.id).slots.remove(place.slot);
        // SAFETY: `insert` made the slot of a waker's reference, which is given back once.
        drop(ManuallyDrop::into_inner(unsafe { borrow(data) }));
    }

    /// How many tasks are live.
    pub(crate) fn len(&self) -> usize {
        let shards = self.shards.iter();
        let lens = shards.map(|shard| {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.slots.len()
        });
        lens.sum()
    }

    /// Refuses new tasks, asks that all that are live be dropped rather than polled, and gives their
    /// wakers.
    pub(crate) fn close(&self, reason: CancelReason) -> Vec<Waker> {
        let mut wakers = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.closed = true;
            for data in shard.slots.iter() {
                // SAFETY: the slot holds a waker's reference for as long as the shard is locked.
                let (task, waker) = unsafe { (view(data), borrow(data)) };
                // Before it is woken: a worker that has not left yet may run it.
                task.header().abort(reason);
                wakers.push(Waker::clone(&waker));
            }
        }
        wakers
    }
}

/// The task whose waker has this pointer.
///
/// # Safety
///
/// The pointer stands for a reference to a task, which the result does not outlive; it is not used
/// as a token.
unsafe fn view(data: *const ()) -> ManuallyDrop<Job> {
    // SAFETY: a task's pointer is not null. What the allocation says (ground 3) is there as the
    // caller promises.
    ManuallyDrop::new(unsafe { Job::from_raw(NonNull::new_unchecked(data.cast_mut())) })
}

/// The waker whose pointer this is.
///
/// # Safety
///
/// The pointer stands for a reference to a task, which the result does not outlive unless it
/// takes that over.
unsafe fn borrow(data: *const ()) -> ManuallyDrop<Waker> {
    // SAFETY: as the caller promises; and these are the parts of the task's waker.
    unsafe {
        let table = view(data).0.metadata().table();
        ManuallyDrop::new(Waker::new(data, table))
    }
}

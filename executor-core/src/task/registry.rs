//! The live tasks of one loop.

#![allow(unsafe_code, reason = "wakers are taken apart, and put together again")]

use std::cell::RefCell;
use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::ptr;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::{NewTask, Ready};

/// A waker for every live task of one loop, so that shutdown finds those parked for ever.
///
/// Holding a waker also means that a task's future is never dropped behind the loop's back: the
/// last waker that user code drops is not the last.
#[derive(Default)]
pub(crate) struct Registry {
    wakers: RefCell<Wakers>,
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
        if wakers.len == 0 && wakers.slots.capacity() > KEPT_CAPACITY {
            *wakers = Wakers::default();
        }
        // The waker may be the last reference, and freeing the task drops a name, no user code;
        // the borrow is released first all the same.
        drop(wakers);
        drop(waker);
    }

    /// How many tasks are live.
    pub(crate) fn len(&self) -> usize {
        self.wakers.borrow().len
    }

    /// The wakers of all live tasks.
    pub(crate) fn wakers(&self) -> Vec<Waker> {
        let wakers = self.wakers.borrow();
        let live = wakers.slots.iter().filter(|slot| !slot.is_vacant());
        live.map(|slot| Waker::clone(&wakers.waker(*slot)))
            .collect()
    }
}

/// Wakers by slot: a program has few types of tasks, and each brings one vtable.
struct Wakers {
    slots: Vec<Slot>,
    vtables: Vec<&'static RawWakerVTable>,
    kinds_by_vtable: HashMap<*const RawWakerVTable, u32>,
    /// Kinds that were asked for lately, by a few bits of their vtable's address.
    recent: [u32; RECENT],
    vacant: u32,
    len: usize,
}

/// A waker in 12 bytes: the pointer of a vacant slot is null, and its kind is the next vacant slot.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
struct Slot {
    data: *const (),
    kind: u32,
}

const _: () = assert!(size_of::<Slot>() <= 12);

impl Slot {
    fn is_vacant(&self) -> bool {
        let data = self.data;
        data.is_null()
    }
}

const RECENT: usize = 8;
const NONE: u32 = u32::MAX;

impl Default for Wakers {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            vtables: Vec::new(),
            kinds_by_vtable: HashMap::new(),
            recent: [0; RECENT],
            vacant: NONE,
            len: 0,
        }
    }
}

impl Wakers {
    #[inline]
    fn insert(&mut self, waker: Waker) -> usize {
        // The reference that the waker counts is from now on the slot's.
        let waker = ManuallyDrop::new(waker);
        let new = Slot {
            data: waker.data(),
            kind: self.kind_of(waker.vtable()),
        };
        self.len += 1;
        match self.slots.get_mut(self.vacant as usize) {
            Some(slot) => {
                let next = std::mem::replace(slot, new).kind;
                std::mem::replace(&mut self.vacant, next) as usize
            }
            None => {
                self.slots.push(new);
                self.slots.len() - 1
            }
        }
    }

    #[inline]
    fn remove(&mut self, index: usize) -> Waker {
        let vacant = Slot {
            data: ptr::null(),
            kind: self.vacant,
        };
        let slot = std::mem::replace(&mut self.slots[index], vacant);
        // Slots are numbered in 32 bits, since their tasks note them so.
        self.vacant = index as u32;
        self.len -= 1;
        // The slot's reference goes to the caller.
        ManuallyDrop::into_inner(self.waker(slot))
    }

    /// The waker of a slot, which goes on counting its reference.
    ///
    /// # Panics
    ///
    /// If the slot is vacant.
    #[inline]
    fn waker(&self, slot: Slot) -> ManuallyDrop<Waker> {
        assert!(!slot.is_vacant(), "a slot is removed once");
        let vtable = self.vtables[slot.kind as usize];
        // SAFETY: both parts are those of the waker that `insert` took apart, whose reference
        // the slot counts, or counted until `remove` took it.
        ManuallyDrop::new(unsafe { Waker::from_raw(RawWaker::new(slot.data, vtable)) })
    }

    #[inline]
    fn kind_of(&mut self, vtable: &'static RawWakerVTable) -> u32 {
        let place = (ptr::from_ref(vtable).addr() / size_of::<RawWakerVTable>()) % RECENT;
        let recent = self.recent[place];
        match self.vtables.get(recent as usize) {
            Some(&known) if ptr::eq(known, vtable) => recent,
            _ => self.look_up_kind(vtable, place),
        }
    }

    #[cold]
    fn look_up_kind(&mut self, vtable: &'static RawWakerVTable, place: usize) -> u32 {
        let next = u32::try_from(self.vtables.len()).expect("fewer types of tasks than 32 bits");
        let kind = *self.kinds_by_vtable.entry(vtable).or_insert(next);
        if kind == next {
            self.vtables.push(vtable);
        }
        self.recent[place] = kind;
        kind
    }
}

impl Drop for Wakers {
    fn drop(&mut self) {
        for index in 0..self.slots.len() {
            if !self.slots[index].is_vacant() {
                drop(self.remove(index));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Wake;

    use super::*;

    struct One;
    struct Other(#[allow(dead_code, reason = "another size, hence another vtable")] u64);

    impl Wake for One {
        fn wake(self: Arc<Self>) {}
    }

    impl Wake for Other {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn wakers_come_back_from_their_slots_and_none_is_lost() {
        let (one, other) = (Arc::new(One), Arc::new(Other(7)));
        let wakers = [
            Waker::from(Arc::clone(&one)),
            Waker::from(Arc::clone(&other)),
        ];
        let mut registry = Wakers::default();
        let mut slots = Vec::new();
        for n in 0..1_000 {
            slots.push((registry.insert(wakers[n % 2].clone()), n % 2));
            if n % 3 == 0 {
                let (slot, kind) = slots.swap_remove(n / 2 % slots.len());
                assert!(registry.remove(slot).will_wake(&wakers[kind]));
            }
        }
        assert_eq!(registry.len, slots.len());
        assert!(
            registry.slots.len() <= slots.len() + 1,
            "slots are used again"
        );
        for &(slot, kind) in &slots {
            let waker = registry.waker(registry.slots[slot]);
            assert!(waker.will_wake(&wakers[kind]));
        }
        drop(registry);
        assert_eq!((Arc::strong_count(&one), Arc::strong_count(&other)), (2, 2));
    }
}

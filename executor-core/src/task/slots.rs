//! Pointers by number: one word each, and vacant numbers are used again.
//!
//! The table only keeps the pointers; what they stand for is its owner's affair.

use std::ptr;

/// Pointers by number.
#[derive(Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    /// The head of the chain of vacant slots.
    vacant: Next,
    len: usize,
}

/// Below this capacity an empty table keeps its memory.
const KEPT_CAPACITY: usize = 1024;

/// A pointer, which is aligned, or the next vacant slot; the lowest bit tells.
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
    pub(super) fn next_number(&self) -> usize {
        match self.vacant {
            0 => self.slots.len(),
            next => next - 1,
        }
    }

    /// Adds a pointer, which gets [`next_number`](Self::next_number).
    #[inline]
    pub(super) fn insert(&mut self, pointer: *const ()) {
        let at = self.next_number();
        let slot = Slot(pointer);
        self.len += 1;
        match self.slots.get_mut(at) {
            Some(vacant) => self.vacant = std::mem::replace(vacant, slot).next(),
            None => self.slots.push(slot),
        }
    }

    /// Takes out the pointer of that number.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[inline]
    pub(super) fn remove(&mut self, at: usize) -> *const () {
        let slot = self.slots[at];
        assert!(!slot.is_vacant(), "a slot is emptied once");
        self.slots[at] = Slot::vacant(self.vacant);
        self.vacant = at + 1;
        self.len -= 1;
        if self.len == 0 && self.slots.capacity() > KEPT_CAPACITY {
            *self = Self::default();
        }
        slot.0
    }

    /// How many pointers there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// All pointers, in no order that means anything.
    pub(super) fn iter(&self) -> impl Iterator<Item = *const ()> + '_ {
        let live = self.slots.iter().filter(|slot| !slot.is_vacant());
        live.map(|slot| slot.0)
    }

    /// How many slots were ever needed at once.
    #[cfg(test)]
    pub(super) fn capacity_in_use(&self) -> usize {
        self.slots.len()
    }
}

//! The storage of the timer wheel: one table of entries, threaded into doubly linked lists.
//!
//! Every timer stands in exactly one list, so that it can be taken out in constant time: that of a
//! slot of a level, or that of the timers that never come. (Only while a slot is drained do its
//! timers stand in none.) Vacant entries form a stack. This file knows nothing of how time maps to
//! slots.

use std::num::NonZeroU64;
use std::task::Waker;

/// The slots of a level: as many as a bitmap word has bits.
pub(super) const SLOTS_PER_LEVEL: usize = u64::BITS as usize;

/// The levels: ticks have 49 bits, of which each level resolves 6.
pub(super) const LEVELS: usize = 8;

/// The list of timers that never come.
pub(super) const NEVER_SLOT: usize = LEVELS * SLOTS_PER_LEVEL;

const SLOTS: usize = NEVER_SLOT + 1;

/// The end of a list, or of the stack of vacant entries.
const NIL: u32 = u32::MAX;

/// The table does not shrink below this many entries (48 KiB).
pub(super) const KEEP_ENTRIES: usize = 1024;

/// One timer, or room for one.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) deadline: u64,
    /// The insertion that this entry holds, or held last.
    id: NonZeroU64,
    /// `None` in a vacant entry.
    pub(super) waker: Option<Waker>,
    prev: u32,
    /// The next in the list or, in a vacant entry, the next on the stack.
    next: u32,
    /// The list that the timer stands in.
    pub(super) slot: u32,
}

/// A list of entries, with bounds on their deadlines that mean something while it is not empty.
#[derive(Clone, Copy, Debug)]
struct Slot {
    head: u32,
    tail: u32,
    earliest: u64,
    latest: u64,
}

const EMPTY: Slot = Slot {
    head: NIL,
    tail: NIL,
    earliest: 0,
    latest: 0,
};

/// What is left of a slot's list while it is being drained.
#[derive(Debug)]
pub(super) struct Chain {
    head: u32,
}

/// The entries and the lists they stand in.
#[derive(Debug)]
pub(super) struct Table {
    entries: Vec<Entry>,
    /// On the heap, since this is 14 KB.
    slots: Box<[Slot; SLOTS]>,
    /// For each level the slots that are not empty. The word past the last level is for the timers
    /// that never come: it spares them a special case.
    occupied: [u64; LEVELS + 1],
    /// The top of the stack of vacant entries: the one vacated last is still warm in the cache.
    vacant: u32,
    len: usize,
    /// Try to give memory back when fewer timers than this are left; 0 while the table is small.
    shrink_below: usize,
}

impl Table {
    /// Creates an empty table.
    pub(super) fn new() -> Self {
        Self {
            entries: Vec::new(),
            slots: Box::new([EMPTY; SLOTS]),
            occupied: [0; LEVELS + 1],
            vacant: NIL,
            len: 0,
            shrink_below: 0,
        }
    }

    /// The number of timers held.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The number of entries there is memory for.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    /// The slots of a level that are not empty, one bit each.
    #[inline]
    pub(super) fn occupied(&self, level: usize) -> u64 {
        self.occupied[level]
    }

    /// The first slot of the lowest level that has any timer.
    #[inline]
    pub(super) fn first_slot(&self) -> Option<usize> {
        let mut levels = self.occupied[..LEVELS].iter();
        let level = levels.position(|&slots| slots != 0)?;
        Some(level * SLOTS_PER_LEVEL + self.occupied[level].trailing_zeros() as usize)
    }

    /// A lower bound on the deadlines in a slot that is not empty.
    #[inline]
    pub(super) fn earliest(&self, slot: usize) -> u64 {
        self.slots[slot].earliest
    }

    /// An upper bound on the deadlines for which the timers in a slot were put there.
    #[inline]
    pub(super) fn latest(&self, slot: usize) -> u64 {
        self.slots[slot].latest
    }

    /// The timer of that identity, if it is still held.
    #[inline]
    pub(super) fn pending(&self, index: u32, id: NonZeroU64) -> Option<&Entry> {
        let entry = self.entries.get(index as usize)?;
        (entry.id == id && entry.waker.is_some()).then_some(entry)
    }

    /// As [`pending`](Self::pending), to change it.
    #[inline]
    pub(super) fn pending_mut(&mut self, index: u32, id: NonZeroU64) -> Option<&mut Entry> {
        let entry = self.entries.get_mut(index as usize)?;
        (entry.id == id && entry.waker.is_some()).then_some(entry)
    }

    /// Stores a timer in a slot, and returns its index.
    #[inline]
    pub(super) fn insert(
        &mut self,
        slot: usize,
        deadline: u64,
        id: NonZeroU64,
        waker: Waker,
    ) -> u32 {
        let mut index = self.vacant;
        if let Some(entry) = self.entries.get_mut(index as usize) {
            self.vacant = entry.next;
            entry.deadline = deadline;
            entry.id = id;
            entry.waker = Some(waker);
        } else {
            index = self.grow(Entry {
                deadline,
                id,
                waker: Some(waker),
                prev: NIL,
                next: NIL,
                slot: 0,
            });
        }
        self.link(index, slot, deadline);
        self.len += 1;
        index
    }

    /// Takes the timer of that identity out, if it is still held.
    #[inline]
    pub(super) fn remove(&mut self, index: u32, id: NonZeroU64) -> Option<Waker> {
        let waker = self.pending_mut(index, id)?.waker.take();
        self.unlink(index);
        self.push_vacant(index);
        waker
    }

    /// Moves a timer to another slot.
    pub(super) fn relink(&mut self, index: u32, slot: usize, deadline: u64) {
        self.unlink(index);
        self.link(index, slot, deadline);
    }

    /// Empties a slot, and returns its timers for [`next_of`](Self::next_of) to walk. Each of them
    /// must then be linked again or vacated.
    pub(super) fn detach(&mut self, slot: usize) -> Chain {
        let head = self.slots[slot].head;
        self.slots[slot] = EMPTY;
        self.occupied[slot / SLOTS_PER_LEVEL] &= !bit(slot);
        Chain { head }
    }

    /// The next timer of a detached list, with its deadline.
    pub(super) fn next_of(&self, chain: &mut Chain) -> Option<(u32, u64)> {
        let index = chain.head;
        let entry = self.entries.get(index as usize)?;
        chain.head = entry.next;
        Some((index, entry.deadline))
    }

    /// Puts a timer that stands in no list at the end of a slot's list.
    #[inline]
    pub(super) fn link(&mut self, index: u32, slot: usize, deadline: u64) {
        let list = &mut self.slots[slot];
        let tail = list.tail;
        list.tail = index;
        if tail == NIL {
            list.head = index;
            list.earliest = deadline;
            list.latest = deadline;
            self.occupied[slot / SLOTS_PER_LEVEL] |= bit(slot);
        } else {
            list.earliest = list.earliest.min(deadline);
            list.latest = list.latest.max(deadline);
            self.entries[tail as usize].next = index;
        }
        let entry = &mut self.entries[index as usize];
        entry.prev = tail;
        entry.next = NIL;
        entry.slot = slot as u32;
    }

    /// Makes an entry that stands in no list vacant, and returns what it held.
    pub(super) fn vacate(&mut self, index: u32) -> Option<(NonZeroU64, Waker)> {
        let entry = &mut self.entries[index as usize];
        let id = entry.id;
        let waker = entry.waker.take();
        self.push_vacant(index);
        Some((id, waker?))
    }

    /// Whether so many timers have gone that [`shrink`](Self::shrink) should have a look.
    #[inline]
    pub(super) fn is_sparse(&self) -> bool {
        self.len < self.shrink_below
    }

    /// Gives memory back. Entries cannot move, as keys name their places, so only what lies past
    /// the last timer can go.
    ///
    /// This walks the table. The next look is due when half of the timers left have gone, or when a
    /// table which has grown since is a quarter full, so the cost is a small one for each insertion.
    #[cold]
    pub(super) fn shrink(&mut self) {
        let used = self.entries.iter().rposition(|entry| entry.waker.is_some());
        let keep = used.map_or(0, |last| last + 1).max(KEEP_ENTRIES);
        self.entries.truncate(keep);
        self.entries.shrink_to(2 * keep);
        self.vacant = NIL;
        // From the end, so that the places near the start are used first and the end falls vacant.
        for (index, entry) in self.entries.iter_mut().enumerate().rev() {
            if entry.waker.is_none() {
                entry.next = self.vacant;
                self.vacant = index as u32;
            }
        }
        let small = keep == KEEP_ENTRIES;
        self.shrink_below = if small { 0 } else { (self.len / 2).max(1) };
    }

    /// Adds an entry that stands in no list yet.
    #[cold]
    fn grow(&mut self, entry: Entry) -> u32 {
        let index = self.entries.len();
        let room = index < NIL as usize;
        assert!(room, "a timer wheel holds at most 2^32 - 1 timers");
        self.entries.push(entry);
        self.shrink_below = if index < KEEP_ENTRIES { 0 } else { index / 4 };
        index as u32
    }

    /// Puts an entry that stands in no list and holds no waker on the stack.
    #[inline]
    fn push_vacant(&mut self, index: u32) {
        self.entries[index as usize].next = self.vacant;
        self.vacant = index;
        self.len -= 1;
    }

    /// Takes a timer out of the list it stands in.
    #[inline]
    fn unlink(&mut self, index: u32) {
        let &Entry {
            prev, next, slot, ..
        } = &self.entries[index as usize];
        let slot = slot as usize;
        let list = &mut self.slots[slot];
        if prev == NIL {
            list.head = next;
        } else {
            self.entries[prev as usize].next = next;
        }
        if next == NIL {
            list.tail = prev;
        } else {
            self.entries[next as usize].prev = prev;
        }
        if prev == NIL && next == NIL {
            self.occupied[slot / SLOTS_PER_LEVEL] &= !bit(slot);
        }
    }
}

/// The bit of a slot in the word of its level.
#[inline]
fn bit(slot: usize) -> u64 {
    1 << (slot % SLOTS_PER_LEVEL)
}

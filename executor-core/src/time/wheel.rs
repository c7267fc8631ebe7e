//! A hierarchical timer wheel: a plain data structure that holds wakers by deadline.
//!
//! Time is a count of nanoseconds from an epoch that the owner chooses. A *tick* is 2^16 ns
//! (65.536 µs). Level 0 has a slot for each of the 64 ticks of the block that the wheel stands in,
//! a slot of level 1 is 64 ticks wide, and so on; eight levels cover every `u64`. A timer goes to the
//! level of the highest base-64 digit in which its tick differs from the wheel's, and to the slot
//! that this digit names. Nothing ever wraps round: slots lie ahead of the wheel, and every timer on
//! a level is due before every timer on the levels above it.
//!
//! The invariants, which the tests cite:
//!
//! - W1 A timer stands in a slot which starts no later than its deadline (or, if it was already due
//!   when it was put there, in the slot of the wheel's own tick). It may stand in an earlier slot
//!   than it needs: that is how a later deadline becomes a mere store.
//! - W2 The `earliest` of a slot is no later than the deadline of any timer in it, and the `latest`
//!   of a level 0 slot lies within its tick. Both are exact when the slot gets its first timer;
//!   removals leave them as they are, until the slot is next drained.
//! - W3 After `expire(now)` no slot of level 1 and above starts at or before `now`, and no timer
//!   whose deadline is `now` or earlier is left.
//! - W4 Each wake-up that `next_wake` asks for fires a timer or moves at least one closer to its
//!   place. A timer moves down at most once a level, so stale bounds cost a bounded number of wake-ups.

mod table;
#[cfg(test)]
mod tests;

use std::mem;
use std::num::NonZeroU64;
use std::task::Waker;

use table::{LEVELS, NEVER_SLOT, SLOTS_PER_LEVEL, Table};

/// The deadline that never comes.
const NEVER: u64 = u64::MAX;

/// Timers that are due within one tick of 2^16 ns may share a wake-up: short enough to be lost in
/// what a thread takes to wake, long enough that a crowd of timers does not wake it for each.
const TICK_BITS: u32 = 16;

/// The bits of time that one level resolves.
const LEVEL_BITS: u32 = SLOTS_PER_LEVEL.ilog2();

/// How many wakers' worth of scratch space is kept between calls of `expire`.
const KEEP_DUE: usize = 1024;

/// Names one insertion into a [`Wheel`].
///
/// Identities are never used twice, so a key that outlived its timer finds nothing, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerKey {
    id: NonZeroU64,
    index: u32,
}

/// The timer that a key named has fired or was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotPending;

/// A timer that has been taken out of the wheel to be fired.
#[derive(Debug)]
struct Due {
    deadline: u64,
    id: NonZeroU64,
    waker: Waker,
}

/// A hierarchical timer wheel of wakers.
///
/// Insertion, removal and the next wake-up cost a small constant whatever the number of timers
/// pending; firing costs a constant for each timer and for each of the levels it came down. Memory
/// follows the number of timers pending: nothing of a removed timer is kept, and the table shrinks
/// when less than a quarter of it is in use (down to the last entry that is).
///
/// The wheel calls and clones no waker, and drops none except when it is dropped itself: wakers which
/// it no longer needs go to the caller, who can let go of them when nothing is borrowed.
#[derive(Debug)]
pub(crate) struct Wheel {
    table: Table,
    /// The latest time `expire` was told; at most `NEVER - 1`.
    now: u64,
    next_id: NonZeroU64,
    /// Scratch space of `expire`, empty between calls.
    due: Vec<Due>,
}

impl Default for Wheel {
    fn default() -> Self {
        Self::new()
    }
}

impl Wheel {
    /// Creates an empty wheel that stands at time 0.
    pub(crate) fn new() -> Self {
        Self {
            table: Table::new(),
            now: 0,
            next_id: NonZeroU64::MIN,
            due: Vec::new(),
        }
    }

    /// Adds a timer, to be fired by the first [`expire`](Self::expire) at `deadline` or later.
    ///
    /// A deadline in the past is due at once. `u64::MAX` never comes: such a timer is held until it
    /// is removed or reset.
    ///
    /// # Panics
    ///
    /// If 2^32 - 1 timers are pending already, which takes some 200 GB.
    #[inline]
    pub(crate) fn insert(&mut self, deadline: u64, waker: Waker) -> TimerKey {
        let id = self.next_id;
        // At an insertion a nanosecond the last identity is 584 years away.
        self.next_id = id.saturating_add(1);
        let slot = self.slot_for(deadline);
        let index = self.table.insert(slot, deadline, id, waker);
        TimerKey { id, index }
    }

    /// Makes `waker` the one to be handed out when the timer fires.
    ///
    /// Returns the waker that it replaced: dropping a waker may run any code, so the caller should
    /// do it when nothing is borrowed.
    ///
    /// # Errors
    ///
    /// [`NotPending`] if the timer has fired or was removed.
    #[inline]
    pub(crate) fn set_waker(
        &mut self,
        key: TimerKey,
        waker: Waker,
    ) -> Result<Option<Waker>, NotPending> {
        let entry = self.table.pending_mut(key.index, key.id);
        Ok(entry.ok_or(NotPending)?.waker.replace(waker))
    }

    /// Whether the timer wakes the same task as `waker` does.
    ///
    /// # Errors
    ///
    /// [`NotPending`] if the timer has fired or was removed.
    #[inline]
    pub(crate) fn is_woken_by(&self, key: TimerKey, waker: &Waker) -> Result<bool, NotPending> {
        let entry = self.table.pending(key.index, key.id).ok_or(NotPending)?;
        Ok(entry.waker.as_ref().is_some_and(|own| own.will_wake(waker)))
    }

    /// Moves the timer to another deadline; `false` if it has fired or was removed.
    ///
    /// A later deadline is only a store: the timer moves when its old place comes due, for which
    /// [`next_wake`](Self::next_wake) may be early once. Among timers with equal deadlines it keeps
    /// the place of its insertion.
    #[inline]
    pub(crate) fn reset(&mut self, key: TimerKey, deadline: u64) -> bool {
        let Some(entry) = self.table.pending_mut(key.index, key.id) else {
            return false;
        };
        entry.deadline = deadline;
        let slot = entry.slot;
        if deadline < self.table.earliest(slot as usize) {
            let slot = self.slot_for(deadline);
            self.table.relink(key.index, slot, deadline);
        }
        true
    }

    /// Takes the timer out and returns its waker; `None` if it has fired or was removed.
    #[inline]
    pub(crate) fn remove(&mut self, key: TimerKey) -> Option<Waker> {
        let waker = self.table.remove(key.index, key.id)?;
        if self.table.is_sparse() {
            self.table.shrink();
        }
        Some(waker)
    }

    /// When [`expire`](Self::expire) must be called next; `None` if no timer will ever be due.
    ///
    /// A caller that sleeps until then fires each timer no earlier than its deadline and less than
    /// one tick (65.536 µs) late. A lone timer gets its exact deadline. Timers of the same tick are
    /// gathered: the time returned is that of the last of them. It may be early after a removal or
    /// a reset, in which case that call of `expire` fires nothing and puts it right.
    #[inline]
    pub(crate) fn next_wake(&self) -> Option<u64> {
        let slot = self.table.first_slot()?;
        let earliest = self.table.earliest(slot);
        // What was overdue when it came waits for nobody. In the levels above level 0 a slot is too
        // wide to wait for its end, and draining it at its earliest deadline spreads it out below.
        let gather = slot < SLOTS_PER_LEVEL && earliest > self.now;
        Some(if gather {
            self.table.latest(slot)
        } else {
            earliest
        })
    }

    /// Appends to `fired` the waker of every timer whose deadline is `now` or earlier, ordered by
    /// deadline and, where deadlines are equal, by insertion; these timers are then gone.
    ///
    /// `now` may stand still or jump by any amount. If it went backwards, the latest time seen is
    /// used instead. The cost does not depend on how far time moved; where nothing is due it is
    /// that of a few comparisons. A caller that waits for [`next_wake`](Self::next_wake) between
    /// calls also profits from timers being gathered; one that calls all the time does not.
    #[inline]
    pub(crate) fn expire(&mut self, now: u64, fired: &mut Vec<Waker>) {
        let now = now.clamp(self.now, NEVER - 1);
        let before = mem::replace(&mut self.now, now);
        for level in 0..LEVELS {
            let same_block = block(before, level) == block(now, level);
            let passed = if same_block {
                u64::MAX >> (63 - digit(now, level))
            } else {
                u64::MAX
            };
            // Timers that are put back land below this level or, on level 0, in the slot just
            // drained, so the set of slots to be drained does not change on the way.
            let mut slots = self.table.occupied(level) & passed;
            while slots != 0 {
                let slot = level * SLOTS_PER_LEVEL + slots.trailing_zeros() as usize;
                slots &= slots - 1;
                self.drain(slot);
            }
            if same_block {
                break;
            }
        }
        if !self.due.is_empty() {
            self.hand_out(fired);
        }
    }

    /// The number of timers pending, those that never come included.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether no timer is pending.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Collects what is due in a slot, and puts the rest where it now belongs.
    fn drain(&mut self, slot: usize) {
        // Only the slot of the current tick can pass this test; walking it each time that it is
        // looked at would be quadratic in a crowd.
        if self.table.earliest(slot) > self.now && slot < SLOTS_PER_LEVEL {
            return;
        }
        let mut chain = self.table.detach(slot);
        while let Some((index, deadline)) = self.table.next_of(&mut chain) {
            if deadline <= self.now {
                if let Some((id, waker)) = self.table.vacate(index) {
                    self.due.push(Due {
                        deadline,
                        id,
                        waker,
                    });
                }
            } else {
                let slot = self.slot_for(deadline);
                self.table.link(index, slot, deadline);
            }
        }
    }

    /// Moves what `drain` collected to `fired`, in order.
    fn hand_out(&mut self, fired: &mut Vec<Waker>) {
        self.due.sort_unstable_by_key(|due| (due.deadline, due.id));
        fired.extend(self.due.drain(..).map(|due| due.waker));
        self.due.shrink_to(KEEP_DUE);
        if self.table.is_sparse() {
            self.table.shrink();
        }
    }

    /// Takes out the timers that never come, and appends their wakers to `wakers`.
    pub(crate) fn give_up_never(&mut self, wakers: &mut Vec<Waker>) {
        let mut chain = self.table.detach(NEVER_SLOT);
        while let Some((index, _)) = self.table.next_of(&mut chain) {
            if let Some((_, waker)) = self.table.vacate(index) {
                wakers.push(waker);
            }
        }
    }

    /// The slot in which a timer with this deadline belongs at present.
    #[inline]
    fn slot_for(&self, deadline: u64) -> usize {
        if deadline == NEVER {
            return NEVER_SLOT;
        }
        let at = deadline.max(self.now);
        let differing = (at ^ self.now) >> TICK_BITS;
        let level = ((differing | 1).ilog2() / LEVEL_BITS) as usize;
        level * SLOTS_PER_LEVEL + digit(at, level)
    }
}

/// The bits of a time below those that select a slot of `level`.
const fn shift(level: usize) -> u32 {
    TICK_BITS + LEVEL_BITS * level as u32
}

/// The base-64 digit of a time which selects its slot on `level`.
const fn digit(time: u64, level: usize) -> usize {
    (time >> shift(level)) as usize % SLOTS_PER_LEVEL
}

/// The digits of a time above `level`: two times that agree here share the slots of that level.
fn block(time: u64, level: usize) -> u64 {
    // The top level has more bits than are left in a time: it is one block.
    time.checked_shr(shift(level + 1)).unwrap_or(0)
}

//! The two words by which a task's loop and everybody else agree: references, wakes, the end.
//!
//! Counting is biased towards the loop, as in J. Choi, T. Shull and J. Torrellas, "Biased
//! reference counting: minimizing atomic operations in garbage collection", PACT 2018. Whoever is
//! *at home* (on the thread of the task's loop, with that loop current, or alone with a task that
//! nobody else has seen) uses the plain word `home`; everybody else is *away* and uses the atomic
//! word `away`. References are counted in both: one may be taken here and dropped there, and only
//! the sum means anything.
//!
//! | at home | when | what follows |
//! |---|---|---|
//! | `SCHEDULED` set | a wake, neither scheduled nor running | a `Ready` is made, with a reference |
//! | `WOKEN` set | a wake while it runs | a `Ready` is made when the poll has returned |
//! | `SCHEDULED` to `RUNNING` | the `Ready` is run | it is polled |
//! | `DETACHED` set | the handle is dropped | the loop drops the output |
//! | `MERGED` set | the end, or a refusal | from now on everybody counts in `away` |
//!
//! | away | who | what follows |
//! |---|---|---|
//! | `WAKING` set | a waker | whoever set it sends a message, with a reference; the loop keeps its core until that has come, or was refused by its inbox |
//! | `WAKING` cleared | the loop, when the message has come | a wake at home |
//! | `WAKING` set | who ends a task that its loop never took in | nobody sends a message |
//! | `BUSY` and `TOUCHED` set | the handle | the joiner's place is the handle's |
//! | `BUSY` cleared | the handle | the place is the loop's again |
//! | `GONE` set | the handle is dropped | the place is the handle's for good, the loop drops the output |
//! | `COMPLETE` set | the loop, at the end | the output is the handle's; who brings the count to 0 frees |
//!
//! `COMPLETE` is set by one exchange that also adds what was counted at home. Before it the
//! registry's reference keeps the sum above 0, so nobody needs to look for a 0; after it there is
//! one count. `COMPLETE`, `GONE`, `TOUCHED` and `MERGED` stay for ever.
//!
//! The sum is exact enough for the loop to see that it is alone. All changes of `away` are
//! read-modify-writes, so what the loop loads is the sum of a prefix of them. A reference that it
//! does not see counted was cloned, after that prefix, from another that was then still held, and
//! whose release it cannot have seen either: that one, or the one it was cloned from, it sees. So
//! the sum is 1 only if nobody else holds a reference.

#![allow(
    unsafe_code,
    reason = "a plain word that only one thread may use, beside an atomic one"
)]

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::task::Waker;

use super::joiner::Joiner;
use crate::sync::{AtomicU64, Cell};

/// One reference; both words have their flags below and their count above. A count wraps, which
/// is harmless: it would take 2^59 references at one time to be mistaken.
pub(super) const ONE: u64 = 1 << 5;
const FLAGS: u64 = ONE - 1;

// At home.
const SCHEDULED: u64 = 1;
const RUNNING: u64 = 1 << 1;
const WOKEN: u64 = 1 << 2;
pub(super) const DETACHED: u64 = 1 << 3;
pub(super) const MERGED: u64 = 1 << 4;

// Away.
pub(super) const COMPLETE: u64 = 1;
const WAKING: u64 = 1 << 1;
pub(super) const GONE: u64 = 1 << 2;
pub(super) const TOUCHED: u64 = 1 << 3;
pub(super) const BUSY: u64 = 1 << 4;

/// A task's references, whether it is scheduled, and who awaits it.
///
/// What has "home" in its name is unsafe to call: only at home.
pub(crate) struct State {
    pub(super) home: Cell<u64>,
    pub(super) away: AtomicU64,
    pub(super) joiner: Joiner,
}

// SAFETY: only those at home touch the plain word, as the functions that do so ask; they are on
// one thread, or handed the task on by a message that orders their accesses.
unsafe impl Sync for State {}

/// Whether a wake brings a reference that its `Ready` may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reference {
    Borrowed,
    Owned,
}

/// What a wake from away turns out to be when it has come home.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// A `Ready` is due, which has the message's reference.
    Schedule,
    /// The task will be polled anyway; the reference is to be released.
    Release,
    /// The task ended while the message was under way; the reference is to be released.
    Late,
}

/// What the loop must do to end a task.
pub(crate) enum Completed {
    /// Nobody else refers to the task: drop the output, if it is there still, and free it. Tells
    /// whether a wake was refused, as an [`Announcement`] does.
    Alone(bool),
    /// Nobody will take the output: drop it, and complete again.
    Unclaimed,
    /// Done, and the loop's reference is gone; the task may be, too.
    Released(Announcement),
    /// Done, and the loop's reference is still to be released.
    Kept(Announcement),
}

/// What is left to tell of the end.
pub(crate) struct Announcement {
    pub(crate) joiner: Option<Waker>,
    /// Whether a wake's message is still under way, or was refused.
    pub(crate) awaits_message: bool,
}

impl State {
    /// A task that is scheduled, with the references of its registry, its `Ready`, its handle.
    pub(crate) fn new() -> Self {
        Self {
            home: Cell::new((3 * ONE) | SCHEDULED),
            away: AtomicU64::new(0),
            joiner: Joiner::new(),
        }
    }

    /// Whether the task has ended; its output is then the handle's.
    pub(crate) fn is_complete(&self) -> bool {
        // Acquire pairs with the Release in `try_complete`, so that the output is there.
        self.away.load(Acquire) & COMPLETE != 0
    }

    /// Takes a reference.
    ///
    /// # Safety
    ///
    /// At home, with a reference.
    #[inline]
    pub(crate) unsafe fn retain_home(&self) {
        let word = self.home.get();
        if word & MERGED != 0 {
            return self.retain_away();
        }
        self.home.set(word.wrapping_add(ONE));
    }

    /// Takes a reference; for those who have one.
    pub(crate) fn retain_away(&self) {
        // Relaxed: the caller's own reference keeps the task until the new one has been passed on.
        self.away.fetch_add(ONE, Relaxed);
    }

    /// Releases a reference; `true` if it was the last, and the caller must free the task.
    ///
    /// # Safety
    ///
    /// At home, with a reference, which is used up.
    #[inline]
    pub(crate) unsafe fn release_home(&self) -> bool {
        let word = self.home.get();
        if word & MERGED != 0 {
            return self.release_away();
        }
        // Below 0 where it was counted away. The registry's reference keeps the sum above 0.
        self.home.set(word.wrapping_sub(ONE));
        false
    }

    /// Releases a reference; `true` if it was the last, and the caller must free the task.
    pub(crate) fn release_away(&self) -> bool {
        // Who holds the one reference that there is needs no exchange to know it. Acquire pairs
        // with the Release of those who released the others.
        let seen = self.away.load(Acquire);
        if is_last(seen) {
            return true;
        }
        // Release publishes what was done with the reference to whoever frees; Acquire is for
        // when that is the caller.
        is_last(self.away.fetch_sub(ONE, AcqRel))
    }

    /// Wakes the task; `true` if a `Ready` is due. That has the reference which the caller owns,
    /// or one that was counted here. What the caller owns is still its own if none is due.
    ///
    /// # Safety
    ///
    /// At home, with a reference.
    #[inline]
    pub(crate) unsafe fn wake_home(&self, reference: Reference) -> bool {
        let word = self.home.get();
        if word & (SCHEDULED | MERGED) != 0 {
            return false;
        }
        if word & RUNNING != 0 {
            self.home.set(word | WOKEN);
            return false;
        }
        let counted = match reference {
            Reference::Borrowed => word.wrapping_add(ONE),
            Reference::Owned => word,
        };
        self.home.set(counted | SCHEDULED);
        true
    }

    /// Wakes the task; `true` if the caller must send the loop a message, with a reference.
    ///
    /// The core of the task's runtime stays until that message has come. If the inbox refuses it,
    /// the caller must tell the core so before it releases the reference; nobody will send another.
    #[must_use = "the wake is lost unless the message is sent"]
    pub(crate) fn wake_away(&self) -> bool {
        // An exchange also where the flag is set: Release publishes what the caller did before to
        // the Acquire in `receive_home`, through however many others set the flag meanwhile.
        self.away.fetch_or(WAKING, AcqRel) & (WAKING | COMPLETE) == 0
    }

    /// Takes in the message of a wake from away.
    ///
    /// # Safety
    ///
    /// At home, with the message's reference, and not while the task runs.
    pub(crate) unsafe fn receive_home(&self) -> Received {
        if self.home.get() & MERGED != 0 {
            return Received::Late;
        }
        // Before the task is scheduled: a wake that finds the flag set is seen by the next poll.
        // Acquire pairs with the Release in `wake_away`.
        self.away.fetch_and(!WAKING, AcqRel);
        // SAFETY: as the caller promises.
        match unsafe { self.wake_home(Reference::Owned) } {
            true => Received::Schedule,
            false => Received::Release,
        }
    }

    /// Turns a `Ready` into a poll, and uses its reference up; `false` if the task has ended, and
    /// the reference is still to be released.
    ///
    /// # Safety
    ///
    /// At home, with the `Ready`, and not while the task runs.
    #[inline]
    pub(crate) unsafe fn begin_poll_home(&self) -> bool {
        let word = self.home.get();
        if word & MERGED != 0 {
            return false;
        }
        let running = (word & !SCHEDULED) | RUNNING;
        self.home.set(running.wrapping_sub(ONE));
        true
    }

    /// Ends a poll that did not end the task; `true` if a `Ready` is due, whose reference has been
    /// counted.
    ///
    /// # Safety
    ///
    /// At home, after [`begin_poll_home`](Self::begin_poll_home).
    #[inline]
    pub(crate) unsafe fn end_poll_home(&self) -> bool {
        let word = self.home.get();
        let waiting = word & !(RUNNING | WOKEN);
        if word & WOKEN == 0 {
            self.home.set(waiting);
            return false;
        }
        self.home.set(waiting.wrapping_add(ONE) | SCHEDULED);
        true
    }

    /// Begins to end a task whose `Ready`, if there is one, is out of reach: it cannot be
    /// scheduled any more.
    ///
    /// # Safety
    ///
    /// At home, with the registry's reference, and not while the task runs.
    pub(crate) unsafe fn stop_home(&self) {
        self.home.set(self.home.get() | RUNNING);
    }

    /// Prepares a task that nobody else has seen for its end, on whichever thread: from now on it
    /// has the references of its registry and of its handle, both counted away, and no wake asks
    /// for a message.
    ///
    /// # Safety
    ///
    /// Alone with the task, with its first `Ready`, which is used up.
    pub(crate) unsafe fn refuse(&self) {
        // Relaxed, and plain: whoever sees the task later sees it by way of the caller.
        self.away.store((2 * ONE) | WAKING, Relaxed);
        self.home.set(MERGED);
    }

    /// Sees to it that no wake asks for a message from now on; says whether one has done so, whose
    /// message is to be expected.
    pub(crate) fn silence(&self) -> bool {
        // Relaxed: what wakers did before means nothing to a task that is not polled again.
        self.away.fetch_or(WAKING, Relaxed) & WAKING != 0
    }

    /// Ends the task, whose future is gone and whose output is in place.
    ///
    /// # Safety
    ///
    /// At home, or after [`refuse`](Self::refuse), with the registry's reference, which is used up
    /// when it says so; `output_dropped` tells whether the output is in place no more.
    pub(crate) unsafe fn complete_home(&self, output_dropped: bool) -> Completed {
        let word = self.home.get();
        // Acquire pairs with the Release of those who released a reference, or left the place.
        let mut seen = self.away.load(Acquire);
        // It ends, because each failure means that another thread has made progress.
        loop {
            if (word & !FLAGS).wrapping_add(seen) / ONE == 1 {
                return Completed::Alone(seen & WAKING != 0);
            }
            let claimed = word & DETACHED == 0 && seen & GONE == 0;
            if !claimed && !output_dropped {
                return Completed::Unclaimed;
            }
            // SAFETY: as the caller promises.
            match unsafe { self.try_complete(word, seen, claimed) } {
                Ok(completed) => return completed,
                Err(now) => seen = now,
            }
        }
    }

    /// Ends the task if the word of those away is as it was `seen`, and says what it is if not.
    ///
    /// # Safety
    ///
    /// As for [`complete_home`](Self::complete_home).
    unsafe fn try_complete(&self, word: u64, seen: u64, claimed: bool) -> Result<Completed, u64> {
        // A place that nobody touched from away is as the handle left it at home, unless the
        // exchange fails. Any other is looked at when it is the loop's for good, which takes a
        // reference until then.
        let untouched = claimed && seen & TOUCHED == 0;
        let keeps = claimed && seen & (TOUCHED | BUSY) == TOUCHED;
        let glimpse = untouched.then(|| self.joiner.glimpse());
        let released = if keeps { 0 } else { ONE };
        let counted = (word & !FLAGS).wrapping_add(seen).wrapping_sub(released);
        // A word that is merged already is not the caller's: others read it.
        let is_mine = word & MERGED == 0;
        if is_mine {
            self.home.set(MERGED);
        }
        // Release publishes the output to `is_complete`, and the caller's use of the task to
        // whoever frees it. Acquire pairs with the Release in `await_away`.
        let exchanged = self
            .away
            .compare_exchange(seen, counted | COMPLETE, AcqRel, Acquire);
        if let Err(now) = exchanged {
            if is_mine {
                self.home.set(word);
            }
            return Err(now);
        }
        // What the loop takes stays in the place as it was: a handle that has not seen the end yet
        // may be comparing it with another waker, and must not find it half changed.
        let glimpse = glimpse.or_else(|| keeps.then(|| self.joiner.glimpse()));
        // SAFETY: a handle that had not touched the place from away when the exchange took it, or
        // had left it, does not change it now that the task is complete; at home it is on this
        // thread.
        let joiner = glimpse.and_then(|glimpse| unsafe { glimpse.into_waker() });
        let announcement = Announcement {
            joiner,
            awaits_message: seen & WAKING != 0,
        };
        Ok(match keeps {
            true => Completed::Kept(announcement),
            false => Completed::Released(announcement),
        })
    }
}

/// Whether a reference that is held to a task in such a state is the only one.
fn is_last(away: u64) -> bool {
    away & COMPLETE != 0 && away / ONE == 1
}

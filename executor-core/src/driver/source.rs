//! The readiness of one I/O source: per direction one atomic word, and who waits.
//!
//! | word | bit | set by | cleared by |
//! |---|---|---|---|
//! | `READY` | 0 | an event | a short transfer, or an operation that would block |
//! | `CLOSED` | 1 | an event: the peer has ended this direction | an operation that would block |
//! | `ERROR` | 2 | an event | an operation that would block |
//! | `SHUTDOWN` | 3 | the runtime's end | never |
//! | `URGENT` | 4 | an event: out-of-band data | an operation that would block |
//! | tick | 5 and up | every event adds one | never |
//!
//! `CLOSED` and `ERROR` outlive a short transfer: data and the end of a stream can arrive as one
//! edge, and clearing both after the data was read would lose the end for ever. So does `URGENT`:
//! a read stops short of out-of-band data, although there is more behind it.
//!
//! Clearing is one compare-and-swap against the word that was seen before the operation. An
//! event that came since has changed the tick, so the swap fails and the event survives.
//!
//! A task begins to wait in the order *store the waker, look at the word*; an event is reported
//! in the order *change the word, take the wakers*. The lock round the wakers orders the two, so
//! one of them sees the other.

use std::sync::PoisonError;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::task::{Context, Poll, Waker};

use slab::Slab;

use super::Interest;
use crate::sync::{AtomicUsize, Mutex};

const READY: usize = 1;
const CLOSED: usize = 1 << 1;
const ERROR: usize = 1 << 2;
const SHUTDOWN: usize = 1 << 3;
const URGENT: usize = 1 << 4;
const FLAGS: usize = READY | CLOSED | ERROR | SHUTDOWN | URGENT;
const TICK: usize = 1 << 5;

/// What a word of readiness said at one moment.
///
/// It is also the proof that [`Source::clear_ready`] and [`Source::clear_all`] ask for: they
/// change nothing if an event has come since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness(usize);

impl Readiness {
    /// An event that says: an operation will make progress.
    pub const READY: Self = Self(READY);
    /// An event that says: the peer has ended this direction.
    pub const CLOSED: Self = Self(CLOSED);
    /// An event that says: an error is to be fetched.
    pub const ERROR: Self = Self(ERROR);
    /// An event that says: out-of-band data has come, at which a short read may have stopped.
    pub const URGENT: Self = Self(URGENT);

    /// Whether an operation is worth a try.
    pub const fn is_ready(self) -> bool {
        self.0 & FLAGS != 0
    }

    /// Whether the peer has ended this direction: reads give what is left, then the end.
    pub const fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    /// Whether an error is to be fetched by an operation.
    pub const fn is_error(self) -> bool {
        self.0 & ERROR != 0
    }

    /// Whether the runtime that watched the source is gone: nothing will be reported any more.
    pub const fn is_shut_down(self) -> bool {
        self.0 & SHUTDOWN != 0
    }

    /// The flags of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The place of one future among those that wait for a direction.
///
/// It is filled by [`Source::poll_ready_shared`] and must be given back to
/// [`Source::forget`] when the future is dropped.
#[derive(Debug, Default)]
pub struct WaiterKey(Option<usize>);

impl WaiterKey {
    /// A future that does not wait yet.
    pub const fn new() -> Self {
        Self(None)
    }
}

/// The readiness of one I/O source, and who waits for it.
///
/// The I/O types look at it inline; only registering and closing go through the
/// [`Reactor`](super::Reactor). A new source counts as ready, so that the first operation is
/// tried rather than waited for.
///
/// ```
/// use executor_core::driver::{Interest, Readiness, Source};
/// use std::task::{Context, Poll, Waker};
///
/// let source = Source::new();
/// let mut cx = Context::from_waker(Waker::noop());
/// let Poll::Ready(seen) = source.poll_ready(Interest::Readable, &mut cx) else { panic!() };
///
/// // The operation would have blocked: nothing more to expect until an event comes.
/// source.clear_all(Interest::Readable, seen);
/// assert!(source.poll_ready(Interest::Readable, &mut cx).is_pending());
///
/// let mut wakers = Vec::new();
/// source.report(Interest::Readable, Readiness::READY, &mut wakers);
/// assert_eq!(wakers.len(), 1);
/// assert!(source.poll_ready(Interest::Readable, &mut cx).is_ready());
/// ```
#[derive(Debug)]
pub struct Source {
    read: Direction,
    write: Direction,
}

impl Source {
    /// A source that counts as ready in both directions.
    pub fn new() -> Self {
        Self {
            read: Direction::new(),
            write: Direction::new(),
        }
    }

    /// The readiness of one direction, now.
    pub fn readiness(&self, interest: Interest) -> Readiness {
        self.direction(interest).readiness()
    }

    /// Waits for readiness on behalf of the direction's owner: the latest waker wins.
    ///
    /// It is what `poll_read` and the like use, which one task calls at a time. Readiness is a
    /// hint: try the operation, and clear what was seen if it would have blocked.
    pub fn poll_ready(&self, interest: Interest, cx: &mut Context<'_>) -> Poll<Readiness> {
        self.direction(interest).poll(&mut Place::Owner, cx.waker())
    }

    /// Waits for readiness beside others: each future has a place of its own, named by `key`.
    pub fn poll_ready_shared(
        &self,
        interest: Interest,
        cx: &mut Context<'_>,
        key: &mut WaiterKey,
    ) -> Poll<Readiness> {
        self.direction(interest)
            .poll(&mut Place::Shared(key), cx.waker())
    }

    /// Gives up the place of a future that waits no more.
    pub fn forget(&self, interest: Interest, key: &mut WaiterKey) {
        let Some(index) = key.0.take() else { return };
        let waker = self
            .direction(interest)
            .lock(|waiters| waiters.shared.try_remove(index).flatten());
        // Dropped here, with the lock released: a waker's drop may run user code.
        drop(waker);
    }

    /// Takes `READY` back after a transfer that was shorter than the buffer.
    ///
    /// It has no effect if an event has come since `seen` was returned, and it leaves the end of
    /// a stream and errors in place.
    pub fn clear_ready(&self, interest: Interest, seen: Readiness) {
        self.direction(interest).clear(seen, READY);
    }

    /// Takes all readiness back after an operation that would have blocked.
    ///
    /// It has no effect if an event has come since `seen` was returned.
    pub fn clear_all(&self, interest: Interest, seen: Readiness) {
        let flags = READY | CLOSED | ERROR | URGENT;
        self.direction(interest).clear(seen, flags);
    }

    /// Reports an event, and adds the wakers of all that waited to `wakers`.
    ///
    /// For reactors. Call the wakers when no lock is held.
    pub fn report(&self, interest: Interest, event: Readiness, wakers: &mut Vec<Waker>) {
        self.direction(interest).report(event.0, wakers);
    }

    /// Marks both directions as shut down for good, and takes the wakers of all that waited.
    pub fn shut_down(&self, wakers: &mut Vec<Waker>) {
        self.read.report(SHUTDOWN, wakers);
        self.write.report(SHUTDOWN, wakers);
    }

    fn direction(&self, interest: Interest) -> &Direction {
        match interest {
            Interest::Readable => &self.read,
            Interest::Writable => &self.write,
        }
    }
}

impl Default for Source {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Debug)]
struct Direction {
    word: AtomicUsize,
    waiters: Mutex<Waiters>,
}

#[derive(Debug, Default)]
struct Waiters {
    owner: Option<Waker>,
    /// A place stays its future's own until it is forgotten, also after its waker was taken.
    shared: Slab<Option<Waker>>,
}

impl Direction {
    fn new() -> Self {
        Self {
            word: AtomicUsize::new(READY),
            waiters: Mutex::new(Waiters::default()),
        }
    }

    fn readiness(&self) -> Readiness {
        // Acquire pairs with the Release in `report`, so that whoever sees the event also sees
        // what the reactor did before.
        Readiness(self.word.load(Acquire))
    }

    fn poll(&self, place: &mut Place<'_>, waker: &Waker) -> Poll<Readiness> {
        let seen = self.readiness();
        if seen.is_ready() {
            return Poll::Ready(seen);
        }
        let waits = self.lock(|waiters| {
            let old = waiters.slot(place).as_ref();
            old.is_some_and(|old| old.will_wake(waker))
        });
        if !waits {
            // Cloned and dropped outside the lock: both may run user code.
            let waker = waker.clone();
            let replaced = self.lock(|waiters| waiters.slot(place).replace(waker));
            drop(replaced);
        }
        let seen = self.readiness();
        if seen.is_ready() {
            Poll::Ready(seen)
        } else {
            Poll::Pending
        }
    }

    fn clear(&self, seen: Readiness, flags: usize) {
        // Release orders the operation before the clear; a failure means that an event has
        // come since, which must survive, so there is nothing to do.
        let _ = self
            .word
            .compare_exchange(seen.0, seen.0 & !flags, AcqRel, Acquire);
    }

    fn report(&self, flags: usize, wakers: &mut Vec<Waker>) {
        let mut word = self.word.load(Acquire);
        // Release pairs with the Acquire in `readiness`. The loop ends because each failure
        // means that another thread has made progress.
        while let Err(now) = self.word.compare_exchange_weak(
            word,
            (word | flags).wrapping_add(TICK),
            AcqRel,
            Acquire,
        ) {
            word = now;
        }
        self.lock(|waiters| {
            wakers.extend(waiters.owner.take());
            wakers.extend(
                waiters
                    .shared
                    .iter_mut()
                    .filter_map(|(_, waker)| waker.take()),
            );
        });
    }

    fn lock<R>(&self, f: impl FnOnce(&mut Waiters) -> R) -> R {
        f(&mut self.waiters.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where a waker is kept: in the direction's own place, or in that of one future among others.
enum Place<'a> {
    Owner,
    Shared(&'a mut WaiterKey),
}

impl Waiters {
    fn slot(&mut self, place: &mut Place<'_>) -> &mut Option<Waker> {
        let Place::Shared(key) = place else {
            return &mut self.owner;
        };
        let index = match key.0 {
            Some(index) if self.shared.contains(index) => index,
            _ => self.shared.insert(None),
        };
        key.0 = Some(index);
        &mut self.shared[index]
    }
}

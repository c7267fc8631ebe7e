//! How the workers of a pool sleep, and who is woken.
//!
//! A worker that finds nothing sleeps: in the *seat*, which is the driver's, if nobody is in it, or
//! else in its *berth*. So the driver roams: whoever sleeps first waits for I/O and timers on
//! behalf of all.
//!
//! What is made ready outside of the workers calls one sleeper, unless a worker is *searching*
//! already: it would find it. A searcher that finds something calls the next if there is more, so
//! that one call is under way at a time (this is how Go's scheduler throttles its threads). What a
//! worker makes ready itself calls nobody at first; what has not been run some 20 µs later does.
//!
//! Since a worker may block in a task at any time, one of those asleep is on *watch* as long as
//! others are awake: every few milliseconds it looks whether the seat is vacant, and tries to
//! steal. Some milliseconds after all have fallen asleep nobody is on watch any more, and the pool
//! costs no processor time.
//!
//! Nothing is lost (L2), because both sides first write and then look, with a fence between:
//!
//! | who | writes | then looks at |
//! |---|---|---|
//! | who makes a task ready | the queue | `counts`: is somebody searching, or asleep? |
//! | a worker about to sleep | `counts`: asleep, not searching | the queues |
//! | who makes a timer | the wheel's next deadline | `armed`: does the driver sleep for longer? |
//! | a worker about to sleep in the seat | `armed` | the next deadlines |
//! | a worker that gets up | `counts`: awake | `watch`: is somebody on watch? |
//! | a watcher about to sleep without end | `watch`: nobody | `counts`: are all asleep? |

mod berth;

use std::io;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::{Arc, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use crate::driver::{Park, ParkUntil, Unpark, WakeList};
use crate::sync::{AtomicU64, AtomicUsize, Mutex, MutexGuard, fence, now};

use berth::Berth;

/// How long a worker on watch sleeps: what a blocked worker has left behind waits for so long.
const WATCH: Duration = Duration::from_millis(5);

/// So many times on end a worker on watch finds all asleep before it sleeps without end.
const QUIET: u32 = 4;

/// In `counts`: one worker that sleeps, and one that searches.
const ASLEEP: u64 = 1;
const SEARCHING: u64 = 1 << 32;

/// In `watch`: nobody.
const NOBODY: usize = usize::MAX;

pub(crate) struct Crew {
    berths: Box<[CachePadded<Berth>]>,
    /// How many sleep, in the lower half, and search, in the upper half.
    counts: CachePadded<AtomicU64>,
    /// Who sleeps and has not been called, in the order of lying down.
    asleep: Mutex<Vec<usize>>,
    /// Who is on watch.
    watch: AtomicUsize,
    /// Who holds the lock drives.
    seat: Mutex<Box<dyn Park + Send>>,
    driver: Arc<dyn Unpark>,
    /// When the driver will wake by itself, in nanoseconds after the epoch; 0 when nobody sleeps
    /// in the seat.
    armed: AtomicU64,
}

/// What has become of a worker that slept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Awake {
    /// It was called, and counts as searching.
    pub(crate) searching: bool,
    /// It is on watch still, and must be relieved if it finds anything to do.
    pub(crate) watching: bool,
}

/// What a worker that is about to sleep, or was woken, looks at.
pub(crate) trait Outlook {
    /// Whether there is anything for the worker to do.
    fn has_work(&self) -> bool;

    /// When the next timer is due, in nanoseconds after the epoch; `u64::MAX` for never.
    fn next_timer(&self) -> u64;

    /// The instant that lies so many nanoseconds after the epoch.
    fn instant(&self, nanos: u64) -> Instant;
}

/// Why a worker gets up.
enum Woken {
    ToWork,
    /// Nothing is to be seen, but what another worker is about to run itself can be stolen.
    ToLookRound,
}

impl Crew {
    pub(crate) fn new(workers: usize, seat: Box<dyn Park + Send>, driver: Arc<dyn Unpark>) -> Self {
        Self {
            berths: (0..workers)
                .map(|_| CachePadded::new(Berth::new()))
                .collect(),
            counts: CachePadded::new(AtomicU64::new(0)),
            asleep: Mutex::new(Vec::new()),
            watch: AtomicUsize::new(NOBODY),
            seat: Mutex::new(seat),
            driver,
            armed: AtomicU64::new(0),
        }
    }

    /// How many workers there are, awake and asleep.
    pub(crate) fn workers(&self) -> usize {
        self.berths.len()
    }

    /// A task was made ready that any worker may take: calls a sleeper, unless one searches.
    #[inline]
    pub(crate) fn call_one(&self) {
        // Pairs with the one in `sleep`, as the table says.
        fence(SeqCst);
        let counts = self.counts.load(SeqCst);
        if counts >= SEARCHING || counts == 0 {
            return;
        }
        self.call_sleeper();
    }

    #[cold]
    fn call_sleeper(&self) {
        let mut asleep = self.asleep();
        if self.counts.load(SeqCst) >= SEARCHING {
            return;
        }
        // Who is on watch stays so if there is another.
        let watch = self.watch.load(Relaxed);
        let called = asleep.iter().rposition(|&id| id != watch);
        let Some(at) = called.or(asleep.len().checked_sub(1)) else {
            return;
        };
        let id = asleep.remove(at);
        self.counts.fetch_add(SEARCHING - ASLEEP, SeqCst);
        // Release pairs with the Acquire in `doze`.
        self.berths[id].called.store(true, Release);
        drop(asleep);
        self.unpark(id);
    }

    /// Wakes a worker, or makes its next sleep end at once.
    pub(crate) fn unpark(&self, id: usize) {
        let berth = &self.berths[id];
        if berth.state.notify() {
            // Acquire, in `notify`, pairs with the Release of the worker's announcement that it
            // is parked, before which it said where. Should it have gone on meanwhile, then
            // because of this notification or later ones, and this kick does no harm.
            if berth.in_seat.load(Relaxed) {
                self.driver.unpark();
            } else {
                berth.kick();
            }
        }
    }

    /// A timer was made, or moved, that is due at `deadline`: the driver must not sleep for longer.
    #[inline]
    pub(crate) fn timer_set(&self, deadline: u64) {
        // Pairs with the one in `drive`, as the table says.
        fence(SeqCst);
        if deadline < self.armed.load(SeqCst) {
            self.driver.unpark();
        }
    }

    /// Asks to search for work at other workers; no, if many do already.
    #[inline]
    pub(crate) fn start_search(&self) -> bool {
        let searching = self.counts.load(Relaxed) / SEARCHING;
        // Half of the workers at most, and one at least.
        if searching > 0 && (searching + 1) * 2 > self.berths.len() as u64 {
            return false;
        }
        self.counts.fetch_add(SEARCHING, SeqCst);
        true
    }

    /// A searcher has found something. If it was the last (`true`), it must look whether there is
    /// more, and call the next.
    #[inline]
    pub(crate) fn end_search(&self) -> bool {
        let before = self.counts.fetch_sub(SEARCHING, SeqCst);
        // Pairs with that of `call_one`: who saw this worker searching has made ready what this
        // worker now looks for.
        fence(SeqCst);
        before / SEARCHING == 1
    }

    /// Looks at the driver's events without waiting, unless another worker is about it.
    pub(crate) fn look(&self, wakes: &mut WakeList) -> io::Result<()> {
        match self.try_seat() {
            Some(mut driver) => driver.park(ParkUntil::Now, wakes),
            None => Ok(()),
        }
    }

    /// Sleeps until there is something to do, or to look for.
    pub(crate) fn sleep(
        &self,
        id: usize,
        searching: bool,
        until: ParkUntil,
        outlook: &dyn Outlook,
        wakes: &mut WakeList,
    ) -> io::Result<Awake> {
        self.lie_down(id, searching);
        let dozed = self.doze(id, until, outlook, wakes);
        let stays_on_watch = matches!(dozed, Ok(Woken::ToLookRound));
        let awake = self.get_up(id, stays_on_watch);
        dozed.map(|_| awake)
    }

    /// A worker on watch has found something to do.
    pub(crate) fn relieve(&self, id: usize) {
        self.berths[id].quiet.store(0, Relaxed);
        // It fails if another worker has been posted since.
        let _ = self.watch.compare_exchange(id, NOBODY, SeqCst, SeqCst);
        self.post_watch();
    }

    fn lie_down(&self, id: usize, searching: bool) {
        self.asleep().push(id);
        let ends_search = if searching { SEARCHING } else { 0 };
        let change = ASLEEP.wrapping_sub(ends_search);
        self.counts.fetch_add(change, SeqCst);
        // Pairs with those of `call_one`: what it does not see, `doze` looks for.
        fence(SeqCst);
    }

    fn get_up(&self, id: usize, stays_on_watch: bool) -> Awake {
        let mut asleep = self.asleep();
        let at = asleep.iter().rposition(|&sleeper| sleeper == id);
        if let Some(at) = at {
            asleep.remove(at);
            self.counts.fetch_sub(ASLEEP, SeqCst);
        }
        drop(asleep);
        // Relaxed: set for this worker before it was unparked, or not at all.
        self.berths[id].called.store(false, Relaxed);
        let awake = Awake {
            searching: at.is_none(),
            watching: stays_on_watch && at.is_some(),
        };
        if !awake.watching {
            self.relieve(id);
        }
        awake
    }

    /// Sees to it that one of those asleep is on watch.
    fn post_watch(&self) {
        // After the worker's count, and in one order with the look in `is_on_watch`.
        fence(SeqCst);
        if self.counts.load(SeqCst) % SEARCHING == 0 || self.watch.load(SeqCst) != NOBODY {
            return;
        }
        let asleep = self.asleep();
        let Some(&id) = asleep.last() else { return };
        let posted = self.watch.compare_exchange(NOBODY, id, SeqCst, SeqCst);
        drop(asleep);
        if posted.is_ok() {
            // It begins anew: where something happens every now and then, it stays on watch.
            self.berths[id].quiet.store(0, Relaxed);
            self.unpark(id);
        }
    }

    /// Whether the worker, which lies down, is the one to watch over those who are awake.
    fn is_on_watch(&self, id: usize) -> bool {
        // Relaxed: a count that is out of date only makes a watch longer or shorter.
        if self.all_asleep() && self.berths[id].quiet.load(Relaxed) >= QUIET {
            let relieved = self.watch.compare_exchange(id, NOBODY, SeqCst, SeqCst);
            // In one order with `post_watch`: who gets up sees that nobody watches, or is seen.
            fence(SeqCst);
            if relieved.is_err() || self.all_asleep() {
                return false;
            }
        }
        match self.watch.compare_exchange(NOBODY, id, SeqCst, SeqCst) {
            Ok(_) => true,
            Err(watcher) => watcher == id,
        }
    }

    fn all_asleep(&self) -> bool {
        self.counts.load(SeqCst) % SEARCHING == self.berths.len() as u64
    }

    /// Sleeps, again and again, until there is a reason to get up.
    fn doze(
        &self,
        id: usize,
        until: ParkUntil,
        outlook: &dyn Outlook,
        wakes: &mut WakeList,
    ) -> io::Result<Woken> {
        let berth = &self.berths[id];
        loop {
            if outlook.has_work() {
                return Ok(Woken::ToWork);
            }
            let watch = self.is_on_watch(id).then(|| now() + WATCH);
            let latest = earlier(until, watch);
            match self.try_seat() {
                Some(mut driver) => self.drive(id, &mut **driver, latest, outlook, wakes)?,
                None => berth.sleep(latest),
            }
            // Acquire pairs with the Release in `call_sleeper`.
            if berth.called.load(Acquire) || !wakes.is_empty() || is_over(until) {
                return Ok(Woken::ToWork);
            }
            let time = now();
            let next = outlook.next_timer();
            if next != u64::MAX && outlook.instant(next) <= time {
                return Ok(Woken::ToWork);
            }
            if watch.is_some_and(|end| end <= time) {
                if !self.all_asleep() {
                    return Ok(Woken::ToLookRound);
                }
                berth.quiet.fetch_add(1, Relaxed);
            }
        }
    }

    /// Sleeps in the seat.
    fn drive(
        &self,
        id: usize,
        driver: &mut (dyn Park + Send),
        latest: ParkUntil,
        outlook: &dyn Outlook,
        wakes: &mut WakeList,
    ) -> io::Result<()> {
        let berth = &self.berths[id];
        // Relaxed: published by the announcement that the worker is parked.
        berth.in_seat.store(true, Relaxed);
        let until = self.arm(latest, outlook);
        let driven = match berth.state.prepare_park() {
            true => {
                let driven = driver.park(until, wakes);
                berth.state.finish_park();
                driven
            }
            false => driver.park(ParkUntil::Now, wakes),
        };
        self.armed.store(0, SeqCst);
        berth.in_seat.store(false, Relaxed);
        driven
    }

    /// Says until when the driver sleeps.
    fn arm(&self, latest: ParkUntil, outlook: &dyn Outlook) -> ParkUntil {
        loop {
            let next = outlook.next_timer();
            self.armed.store(next, SeqCst);
            // Pairs with the one in `timer_set`, as the table says.
            fence(SeqCst);
            if outlook.next_timer() >= next {
                let timer = (next != u64::MAX).then(|| outlook.instant(next));
                return earlier(latest, timer);
            }
        }
    }

    fn asleep(&self) -> MutexGuard<'_, Vec<usize>> {
        self.asleep.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_seat(&self) -> Option<MutexGuard<'_, Box<dyn Park + Send>>> {
        match self.seat.try_lock() {
            Ok(driver) => Some(driver),
            Err(TryLockError::Poisoned(driver)) => Some(driver.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

fn earlier(until: ParkUntil, other: Option<Instant>) -> ParkUntil {
    match (until, other) {
        (ParkUntil::Now, _) => ParkUntil::Now,
        (until, None) => until,
        (ParkUntil::Notified, Some(at)) => ParkUntil::Deadline(at),
        (ParkUntil::Deadline(until), Some(at)) => ParkUntil::Deadline(until.min(at)),
    }
}

fn is_over(until: ParkUntil) -> bool {
    match until {
        ParkUntil::Now => true,
        ParkUntil::Deadline(deadline) => deadline <= now(),
        ParkUntil::Notified => false,
    }
}

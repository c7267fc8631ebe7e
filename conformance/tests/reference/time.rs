//! Timers.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Weak;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::core::Core;
use super::fault::{Fault, broken};
use super::lock;

/// A deadline, and which of the timers that have it.
type Key = (Instant, u64);

/// Who is to be woken when.
#[derive(Default)]
pub(crate) struct Timers {
    waiting: BTreeMap<Key, Waker>,
    /// The deadline that the driver knows of; only a fault looks at it.
    known: Option<Instant>,
}

impl Timers {
    /// The earliest deadline.
    pub(crate) fn next(&mut self) -> Option<Instant> {
        let next = self.waiting.first_key_value().map(|(key, _)| key.0);
        if broken(Fault::EarlierTimerUnseen) {
            self.known = self.known.filter(|_| next.is_some()).or(next);
            return self.known;
        }
        next
    }

    /// Takes the wakers of the timers that are due, in the order of their deadlines.
    pub(crate) fn take_due(&mut self, now: Instant, due: &mut Vec<Waker>) {
        let first = due.len();
        while let Some(entry) = self.waiting.first_entry() {
            if entry.key().0 > now + early() {
                break;
            }
            let waker = entry.remove();
            if !broken(Fault::ManyTimersLost) || due.len() < first + 4096 {
                due.push(waker);
            }
            self.known = None;
        }
        if broken(Fault::TimersOutOfOrder) {
            due[first..].reverse();
        }
    }

    fn remove(&mut self, key: Key) -> Option<Waker> {
        if broken(Fault::DroppedTimerTakesOther) {
            let first = self.waiting.range((key.0, 0)..).next();
            let key = first.map_or(key, |(first, _)| *first);
            return self.waiting.remove(&key);
        }
        self.waiting.remove(&key)
    }

    /// Takes all wakers, as no timer will fire any more.
    pub(crate) fn close(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.waiting).into_values().collect()
    }
}

/// By how much timers are early.
fn early() -> Duration {
    match broken(Fault::TimersEarly) {
        true => Duration::from_millis(1),
        false => Duration::ZERO,
    }
}

/// Is ready at its deadline; with no deadline, never.
pub(crate) struct Sleep {
    core: Weak<Core>,
    deadline: Option<Instant>,
    id: u64,
    /// Its entry among the timers, which is gone when it has fired.
    key: Option<Key>,
}

impl Sleep {
    pub(crate) fn until(core: Weak<Core>, deadline: Option<Instant>) -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        Self {
            core,
            deadline: deadline.map(wrapped),
            // Relaxed: the number is all that matters.
            id: match broken(Fault::OneTimerAnInstant) {
                true => 0,
                false => IDS.fetch_add(1, Relaxed),
            },
            key: None,
        }
    }

    pub(crate) fn lasting(core: Weak<Core>, duration: Duration) -> Self {
        let now = Instant::now();
        let deadline = match now.checked_add(duration) {
            None if broken(Fault::LongSleepPanics) => panic!("overflow when adding to an instant"),
            None if broken(Fault::LongSleepFires) => Some(now),
            deadline => deadline,
        };
        Self::until(core, deadline)
    }

    /// Gives it another deadline; who waits for it is woken at that.
    pub(crate) fn reset(&mut self, deadline: Instant) {
        let later = self.deadline.is_some_and(|former| former < deadline);
        if (broken(Fault::ResetEarlierIgnored) && !later)
            || (broken(Fault::ResetLaterIgnored) && later)
            || (broken(Fault::ResetAfterFiringIgnored) && self.is_due())
        {
            return;
        }
        self.deadline = Some(deadline);
        let (Some(core), Some(former)) = (self.core.upgrade(), self.key.take()) else {
            return;
        };
        let mut state = lock(&core.state);
        // If it has fired, its waker was called; it is polled again, and will register then.
        let Some(waker) = state.timers.waiting.remove(&former) else {
            return;
        };
        let key = (deadline, self.id);
        state.timers.waiting.insert(key, waker);
        drop(state);
        self.key = Some(key);
        core.unpark();
    }

    fn is_due(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| deadline <= Instant::now())
    }

    /// Puts the waker among the timers, in place of the one of an earlier poll.
    fn register(&mut self, core: &Core, deadline: Instant, waker: &Waker) {
        let key = (deadline, self.id);
        let mut state = lock(&core.state);
        if broken(Fault::FirstTimerWakerKept) && state.timers.waiting.contains_key(&key) {
            return;
        }
        let next = state.timers.next();
        let former = state.timers.waiting.insert(key, waker.clone());
        drop(state);
        drop(former);
        self.key = Some(key);
        // A thread that sleeps until a later deadline has to learn of this one.
        if next.is_none_or(|next| deadline < next) && !broken(Fault::EarlierTimerUnseen) {
            core.unpark();
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.deadline else {
            return Poll::Pending;
        };
        if deadline <= Instant::now() + early() {
            if broken(Fault::PastSleepHangs) && self.key.is_none() {
                return Poll::Pending;
            }
            return Poll::Ready(());
        }
        let core = self.core.upgrade();
        let core = core.expect("the executor of this timer is gone");
        self.register(&core, deadline, cx.waker());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        let Some(core) = self.core.upgrade() else {
            assert!(!broken(Fault::LateTimerPanics), "the executor is gone");
            return;
        };
        let closed = broken(Fault::TimersGoneFirst) && lock(&core.state).closed;
        assert!(!closed, "there are no timers any more");
        if broken(Fault::DroppedTimerStays) {
            return;
        }
        // Bound, so that it is dropped after the lock has been released.
        let waker = lock(&core.state).timers.remove(key);
        assert!(
            waker.is_some() || !broken(Fault::DropOfFiredTimerPanics),
            "the timer is not in its slot"
        );
    }
}

/// The deadline, as a wheel with a wrong bound between its levels sees it.
fn wrapped(deadline: Instant) -> Instant {
    let left = deadline.saturating_duration_since(Instant::now());
    let millis = left.as_micros().div_ceil(1000);
    if broken(Fault::WheelWraps) && millis >= 64 && millis.is_power_of_two() {
        return deadline - left / 2;
    }
    deadline
}

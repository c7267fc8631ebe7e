//! Models of the small concurrent state machines, in every order that the memory model allows.
//!
//! The files under test name `crate::sync` and nothing else, so they are compiled here with the
//! model checker's primitives in its place.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "the files under test are parts of another crate"
)]

mod sync {
    pub(crate) use loom::sync::Mutex;
    pub(crate) use loom::sync::atomic::{AtomicU8, AtomicUsize};
}

#[path = "../src/driver/park_state.rs"]
mod park_state;
#[path = "../src/driver/source.rs"]
mod source;

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use std::task::{Context, Poll, Wake, Waker};

use executor_core::driver::Interest;
use loom::sync::atomic::{AtomicBool, AtomicUsize};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use park_state::ParkState;
use source::{Readiness, Source, WaiterKey};

/// A thread's sleep as `ThreadPark` does it, on the state under test.
struct Sleeper {
    state: ParkState,
    lock: Mutex<()>,
    kicked: Condvar,
}

impl Sleeper {
    fn new() -> Self {
        Self {
            state: ParkState::new(),
            lock: Mutex::new(()),
            kicked: Condvar::new(),
        }
    }

    fn park(&self) {
        let mut guard = self.lock.lock().unwrap();
        if !self.state.prepare_park() {
            return;
        }
        // If a wake-up is lost, this never ends, which the model reports as a deadlock.
        while !self.state.is_notified() {
            guard = self.kicked.wait(guard).unwrap();
        }
        self.state.finish_park();
    }

    fn unpark(&self) {
        if self.state.notify() {
            drop(self.lock.lock().unwrap());
            self.kicked.notify_one();
        }
    }
}

#[test]
fn two_notifiers_and_a_parking_thread_lose_no_wake_up() {
    // Three threads, one of them in a loop: bounded, or it would take hours.
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let sleeper = Arc::new(Sleeper::new());
        // Relaxed on purpose: the notification must publish what was queued.
        let inbox = Arc::new(AtomicUsize::new(0));
        let notifiers: Vec<_> = (0..2)
            .map(|_| {
                let (sleeper, inbox) = (Arc::clone(&sleeper), Arc::clone(&inbox));
                thread::spawn(move || {
                    inbox.fetch_add(1, Relaxed);
                    sleeper.unpark();
                })
            })
            .collect();
        while inbox.load(Relaxed) < 2 {
            sleeper.park();
        }
        for notifier in notifiers {
            notifier.join().unwrap();
        }
    });
}

#[test]
fn a_notification_that_is_taken_without_parking_publishes_what_came_before() {
    loom::model(|| {
        let sleeper = Arc::new(Sleeper::new());
        let inbox = Arc::new(AtomicUsize::new(0));
        let notifier = {
            let (sleeper, inbox) = (Arc::clone(&sleeper), Arc::clone(&inbox));
            thread::spawn(move || {
                inbox.store(1, Relaxed);
                sleeper.unpark();
            })
        };
        let taken = sleeper.state.take_notification();
        if taken {
            assert_eq!(inbox.load(Relaxed), 1);
        } else {
            while inbox.load(Relaxed) == 0 {
                sleeper.park();
            }
        }
        notifier.join().unwrap();
    });
}

/// The root's waker, called away: a flag, then a kick; the loop takes the flag, then sleeps.
#[test]
fn a_wake_of_the_root_is_not_slept_upon() {
    // All orders of three threads are too many.
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let sleeper = Arc::new(Sleeper::new());
        let woken = Arc::new(AtomicBool::new(false));
        let done = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let wakers = [0, 1].map(|n| {
            let (sleeper, woken) = (Arc::clone(&sleeper), Arc::clone(&woken));
            let done = Arc::clone(&done);
            thread::spawn(move || {
                done[n].store(1, Relaxed);
                woken.swap(true, Release);
                sleeper.unpark();
            })
        });
        // The poll that follows the last wake sees what was done before each; and the loop goes to
        // sleep only when the flag is down.
        loop {
            let polled = woken.load(Relaxed) && woken.swap(false, Acquire);
            if polled && done.iter().all(|done| done.load(Relaxed) == 1) {
                break;
            }
            if !polled {
                sleeper.park();
            }
        }
        for waker in wakers {
            waker.join().unwrap();
        }
    });
}

/// A waker that counts its wakes, and its own life by the references to it.
#[derive(Default)]
struct Count(std::sync::atomic::AtomicUsize);

impl Count {
    fn waker() -> (std::sync::Arc<Self>, Waker) {
        let count = std::sync::Arc::new(Self::default());
        let waker = Waker::from(std::sync::Arc::clone(&count));
        (count, waker)
    }

    fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

const READ: Interest = Interest::Readable;

/// A source whose first readiness has been used up.
fn drained() -> Arc<Source> {
    let source = Source::new();
    source.clear_all(READ, source.readiness(READ));
    assert!(!source.readiness(READ).is_ready());
    Arc::new(source)
}

fn report(source: &Source, event: Readiness) {
    let mut wakers = Vec::new();
    source.report(READ, event, &mut wakers);
    wakers.into_iter().for_each(Waker::wake);
}

#[test]
fn an_event_that_races_the_wait_is_seen_or_wakes() {
    loom::model(|| {
        let source = drained();
        let reactor = {
            let source = Arc::clone(&source);
            thread::spawn(move || report(&source, Readiness::READY))
        };
        let (count, waker) = Count::waker();
        let polled = source.poll_ready(READ, &mut Context::from_waker(&waker));
        reactor.join().unwrap();
        assert!(polled.is_ready() || count.get() == 1, "the event is lost");
        assert!(source.readiness(READ).is_ready());
    });
}

#[test]
fn an_owner_and_one_beside_it_are_both_told() {
    loom::model(|| {
        let source = drained();
        let other = {
            let source = Arc::clone(&source);
            thread::spawn(move || {
                let (count, waker) = Count::waker();
                let mut key = WaiterKey::new();
                let mut cx = Context::from_waker(&waker);
                let polled = source.poll_ready_shared(READ, &mut cx, &mut key);
                (polled.is_ready(), count, key)
            })
        };
        let reactor = {
            let source = Arc::clone(&source);
            thread::spawn(move || report(&source, Readiness::READY))
        };
        let (count, waker) = Count::waker();
        let polled = source.poll_ready(READ, &mut Context::from_waker(&waker));
        let (seen_there, count_there, mut key) = other.join().unwrap();
        reactor.join().unwrap();
        assert!(polled.is_ready() || count.get() == 1);
        assert!(seen_there || count_there.get() == 1);
        source.forget(READ, &mut key);
    });
}

fn an_event_survives_a_stale_clear(clear: fn(&Source, Readiness)) {
    loom::model(move || {
        let source = drained();
        report(&source, Readiness::READY);
        let (_, waker) = Count::waker();
        let Poll::Ready(seen) = source.poll_ready(READ, &mut Context::from_waker(&waker)) else {
            unreachable!("it was reported");
        };
        // The operation's data: the reactor reports after it has come, and it is looked at
        // before the clear.
        let data = Arc::new(AtomicBool::new(false));
        let reactor = {
            let (source, data) = (Arc::clone(&source), Arc::clone(&data));
            thread::spawn(move || {
                data.store(true, Release);
                report(&source, Readiness::READY);
            })
        };
        let found = data.load(Acquire);
        let (count, waker) = Count::waker();
        let mut polled = Poll::Pending;
        if !found {
            clear(&source, seen);
            polled = source.poll_ready(READ, &mut Context::from_waker(&waker));
        }
        reactor.join().unwrap();
        assert!(
            found || polled.is_ready() || count.get() == 1,
            "the event is lost"
        );
        assert!(source.readiness(READ).is_ready());
    });
}

#[test]
fn an_event_survives_a_stale_clear_ready() {
    an_event_survives_a_stale_clear(|source, seen| source.clear_ready(READ, seen));
}

#[test]
fn an_event_survives_a_stale_clear_all() {
    an_event_survives_a_stale_clear(|source, seen| source.clear_all(READ, seen));
}

#[test]
fn two_events_and_a_clear_keep_every_flag_that_came_since() {
    loom::model(|| {
        let source = drained();
        report(&source, Readiness::READY);
        let seen = source.readiness(READ);
        let reactors: Vec<_> = [Readiness::CLOSED, Readiness::ERROR]
            .into_iter()
            .map(|event| {
                let source = Arc::clone(&source);
                thread::spawn(move || report(&source, event))
            })
            .collect();
        source.clear_all(READ, seen);
        for reactor in reactors {
            reactor.join().unwrap();
        }
        let now = source.readiness(READ);
        assert!(now.is_closed() && now.is_error());
    });
}

#[test]
fn a_shutdown_that_races_the_wait_is_seen_or_wakes() {
    loom::model(|| {
        let source = drained();
        let closer = {
            let source = Arc::clone(&source);
            thread::spawn(move || {
                let mut wakers = Vec::new();
                source.shut_down(&mut wakers);
                wakers.into_iter().for_each(Waker::wake);
            })
        };
        let (count, waker) = Count::waker();
        let polled = source.poll_ready(READ, &mut Context::from_waker(&waker));
        closer.join().unwrap();
        match polled {
            Poll::Ready(seen) => assert!(seen.is_shut_down()),
            Poll::Pending => assert_eq!(count.get(), 1),
        }
        let seen = source.readiness(READ);
        source.clear_all(READ, seen);
        assert!(source.readiness(READ).is_shut_down(), "it stays for good");
    });
}

#[test]
fn a_waiter_that_gives_up_while_an_event_comes_is_told_at_most_once_and_released() {
    loom::model(|| {
        let source = drained();
        let (count, waker) = Count::waker();
        let mut key = WaiterKey::new();
        let mut cx = Context::from_waker(&waker);
        assert!(
            source
                .poll_ready_shared(READ, &mut cx, &mut key)
                .is_pending()
        );
        let reactor = {
            let source = Arc::clone(&source);
            thread::spawn(move || report(&source, Readiness::READY))
        };
        source.forget(READ, &mut key);
        reactor.join().unwrap();
        drop(waker);
        assert!(count.get() <= 1);
        assert_eq!(
            std::sync::Arc::strong_count(&count),
            1,
            "the waker is released"
        );
        // The place is free for another.
        source.clear_all(READ, source.readiness(READ));
        let (next_count, next) = Count::waker();
        let mut cx = Context::from_waker(&next);
        assert!(
            source
                .poll_ready_shared(READ, &mut cx, &mut key)
                .is_pending()
        );
        report(&source, Readiness::READY);
        assert_eq!(next_count.get(), 1);
        assert!(count.get() <= 1);
    });
}

/// The inbox as a loop closes it: what was accepted is received, what was not comes back.
#[test]
fn what_an_inbox_accepts_before_it_closes_is_received() {
    const CLOSED: usize = 1 << 8;
    loom::model(|| {
        let sleeper = Arc::new(Sleeper::new());
        let inbox = Arc::new(AtomicUsize::new(0));
        let sender = {
            let (sleeper, inbox) = (Arc::clone(&sleeper), Arc::clone(&inbox));
            thread::spawn(move || {
                let pushed = inbox.fetch_update(AcqRel, Acquire, |word| {
                    (word & CLOSED == 0).then_some(word + 1)
                });
                if pushed.is_ok() {
                    sleeper.unpark();
                }
                pushed.is_ok()
            })
        };
        // As the loop does: drain, close, drain once more.
        let mut received = inbox.swap(0, AcqRel);
        received += inbox.swap(CLOSED, AcqRel);
        received += inbox.load(Acquire) & !CLOSED;
        assert_eq!(usize::from(sender.join().unwrap()), received);
    });
}

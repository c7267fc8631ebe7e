//! The park protocol against a selector that does what the test says.

use std::net::UdpSocket;

use super::*;
use crate::selector::Interests;
use crate::table::INDEX_BITS;
use crate::testing::{Count, Watched};
use crate::testing::{Edge, Fake, Once};
use executor_core::driver::{Interest, Readiness};

const READ: Option<Readiness> = Some(Readiness::READY);

fn engine<M: crate::testing::Mode>(spin: Duration) -> (Engine<Fake<M>>, Arc<Hub<Fake<M>>>) {
    let hub = Arc::new(Hub::new(Fake::new()));
    (Engine::new(Arc::clone(&hub), (), spin), hub)
}

fn watched<M: crate::testing::Mode>(hub: &Arc<Hub<Fake<M>>>) -> Watched<UdpSocket> {
    let reactor = Arc::clone(hub) as Arc<dyn Reactor>;
    Watched::new(&reactor, UdpSocket::bind("127.0.0.1:0").unwrap()).unwrap()
}

fn readable(key: usize) -> Fired {
    Fired {
        key,
        read: READ,
        write: None,
    }
}

#[test]
fn without_a_spin_each_park_is_one_wait() {
    let (mut engine, hub) = engine::<Edge>(Duration::ZERO);
    let deadline = ParkUntil::Deadline(Instant::now() + Duration::from_secs(3600));
    for until in [ParkUntil::Notified, deadline, ParkUntil::Now] {
        engine.park(until, &mut WakeList::new()).unwrap();
        assert_eq!(hub.selector.take_waits(), [until]);
    }
}

#[test]
fn a_notification_turns_the_next_park_into_a_look() {
    let (mut engine, hub) = engine::<Edge>(Duration::ZERO);
    hub.unpark();
    hub.unpark();
    for expected in [ParkUntil::Now, ParkUntil::Notified] {
        engine
            .park(ParkUntil::Notified, &mut WakeList::new())
            .unwrap();
        assert_eq!(hub.selector.take_waits(), [expected]);
    }
    assert_eq!(hub.selector.kicks(), 0, "the thread was never asleep");
}

#[test]
fn only_a_blocked_thread_is_kicked_and_once() {
    let (mut engine, hub) = engine::<Edge>(Duration::ZERO);
    for (until, kicks) in [(ParkUntil::Now, 0), (ParkUntil::Notified, 1)] {
        let other = Arc::clone(&hub);
        hub.selector.during_wait(move || {
            other.unpark();
            other.unpark();
        });
        engine.park(until, &mut WakeList::new()).unwrap();
        // What came during a look is for the next park.
        hub.state.take_notification();
        assert_eq!(hub.selector.kicks(), kicks, "{until:?}");
    }
}

#[test]
fn a_wait_that_fails_leaves_the_thread_running() {
    let (mut engine, hub) = engine::<Edge>(Duration::ZERO);
    hub.selector.will_fail();
    let parked = engine.park(ParkUntil::Notified, &mut WakeList::new());
    assert_eq!(parked.unwrap_err().to_string(), "no such luck");
    hub.unpark();
    assert_eq!(hub.selector.kicks(), 0);
}

#[test]
fn full_looks_are_repeated_within_a_bound_and_lose_nothing() {
    let (mut engine, hub) = engine::<Edge>(Duration::ZERO);
    let sources: Vec<_> = (0..LOOKS + 2).map(|_| watched(&hub)).collect();
    let counts: Vec<_> = sources
        .iter()
        .map(|source| Count::waiting(source, Interest::Readable))
        .collect();
    for source in &sources {
        hub.selector.will_bring([readable(source.key())], true);
    }
    let woken = |wakes: &mut WakeList| {
        wakes.drain().for_each(|(_, waker)| waker.wake());
        counts.iter().filter(|count| count.get() == 1).count()
    };

    let mut wakes = WakeList::new();
    engine.park(ParkUntil::Notified, &mut wakes).unwrap();
    assert_eq!(hub.selector.take_waits().len(), LOOKS);
    assert_eq!(woken(&mut wakes), LOOKS);
    engine.park(ParkUntil::Now, &mut wakes).unwrap();
    assert_eq!(woken(&mut wakes), LOOKS + 2);
}

#[test]
fn an_event_of_an_ended_registration_reaches_nobody() {
    let (mut engine, hub) = engine::<Edge>(Duration::ZERO);
    let old = watched(&hub);
    let old_key = old.key();
    drop(old);
    let new = watched(&hub);
    assert_eq!(
        old_key << (usize::BITS - INDEX_BITS),
        new.key() << (usize::BITS - INDEX_BITS),
        "the place in the table is used again"
    );

    let count = Count::waiting(&new, Interest::Readable);
    let mut wakes = WakeList::new();
    hub.selector.will_bring([readable(old_key)], false);
    engine.park(ParkUntil::Now, &mut wakes).unwrap();
    assert!(wakes.is_empty());
    assert!(!new.source().readiness(Interest::Readable).is_ready());

    hub.selector.will_bring([readable(new.key())], false);
    engine.park(ParkUntil::Now, &mut wakes).unwrap();
    let (raw, waker) = wakes.drain().next().expect("the new one is reported");
    assert_eq!(raw, new.raw());
    waker.wake();
    assert_eq!(count.get(), 1);
}

#[test]
fn a_spin_that_finds_nothing_ends_in_a_blocking_wait_and_soon_stops() {
    let (mut engine, hub) = engine::<Edge>(Duration::from_nanos(1));
    let mut waits = || {
        engine
            .park(ParkUntil::Notified, &mut WakeList::new())
            .unwrap();
        hub.selector.take_waits()
    };
    for _ in 0..4 {
        assert_eq!(
            waits(),
            [ParkUntil::Now, ParkUntil::Now, ParkUntil::Notified]
        );
    }
    assert_eq!(waits(), [ParkUntil::Notified]);
}

#[test]
fn a_spin_ends_with_an_event_a_notification_or_the_deadline() {
    let (mut engine, hub) = engine::<Edge>(Duration::from_secs(3600));
    let source = watched(&hub);
    let _count = Count::waiting(&source, Interest::Readable);
    hub.selector.will_bring([], false);
    hub.selector.will_bring([readable(source.key())], false);
    let mut wakes = WakeList::new();
    engine.park(ParkUntil::Notified, &mut wakes).unwrap();
    assert_eq!(wakes.len(), 1);
    assert_eq!(hub.selector.take_waits(), [ParkUntil::Now; 2]);

    let other = Arc::clone(&hub);
    hub.selector.during_wait(move || other.unpark());
    engine.park(ParkUntil::Notified, &mut wakes).unwrap();
    assert_eq!(hub.selector.take_waits(), [ParkUntil::Now]);
    assert_eq!(hub.selector.kicks(), 0, "a thread that spins needs no kick");

    let deadline = Instant::now() + Duration::from_millis(2);
    engine
        .park(ParkUntil::Deadline(deadline), &mut wakes)
        .unwrap();
    assert!(Instant::now() >= deadline);
    assert!(
        !hub.selector
            .take_waits()
            .contains(&ParkUntil::Deadline(deadline))
    );
}

#[test]
fn a_one_shot_event_keeps_the_other_direction_armed() {
    let (mut engine, hub) = engine::<Once>(Duration::ZERO);
    let source = watched(&hub);
    hub.selector.will_bring([readable(source.key())], false);
    engine.park(ParkUntil::Now, &mut WakeList::new()).unwrap();
    let write = Interests {
        read: false,
        write: true,
    };
    assert_eq!(hub.selector.take_arms(), [(source.key(), write)]);

    source.arm(Interest::Readable).unwrap();
    assert_eq!(hub.selector.take_arms(), [(source.key(), Interests::BOTH)]);
}

#[test]
fn whoever_waits_is_told_when_arming_fails() {
    let (mut engine, hub) = engine::<Once>(Duration::ZERO);
    let source = watched(&hub);
    let count = Count::waiting(&source, Interest::Writable);
    hub.selector.will_bring([readable(source.key())], false);
    hub.selector.refuse_to_arm();
    let mut wakes = WakeList::new();
    engine.park(ParkUntil::Now, &mut wakes).unwrap();
    wakes.drain().for_each(|(_, waker)| waker.wake());
    assert_eq!(count.get(), 1);
    assert!(source.source().readiness(Interest::Writable).is_error());
    assert!(source.arm(Interest::Writable).is_err());
}

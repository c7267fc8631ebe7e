use std::cell::Cell;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

use executor_core::driver::{Interest, Reactor, Readiness};

use super::fake_reactor::FakeReactor;
use super::{Place, Step, Wait};
use crate::registration::{Registered, Registration, ShortRead};

const READ: Interest = Interest::Readable;

fn socket(reactor: &Arc<FakeReactor>, short_read: ShortRead) -> Registered<OwnedFd> {
    let (ours, _) = std::os::unix::net::UnixStream::pair().unwrap();
    Registered::new(Arc::clone(reactor) as _, ours.into(), short_read)
}

fn stream(reactor: &Arc<FakeReactor>) -> Registered<OwnedFd> {
    socket(reactor, ShortRead::Drains)
}

/// Polls once; gives what came of it, and how often the operation was attempted.
fn poll<R>(
    registration: &Registration,
    attempt: impl Fn(usize) -> io::Result<Step<R>>,
) -> (Poll<io::Result<R>>, usize) {
    let attempts = Cell::new(0);
    let mut cx = Context::from_waker(Waker::noop());
    let polled = registration.poll_io(READ, &mut cx, Place::Owner, |_| {
        attempts.set(attempts.get() + 1);
        attempt(attempts.get())
    });
    (polled, attempts.get())
}

fn would_block<R>(_: usize) -> io::Result<Step<R>> {
    Err(io::ErrorKind::WouldBlock.into())
}

fn short(_: usize) -> io::Result<Step<u8>> {
    Ok(Step::done(1).short(true))
}

/// Registers the socket, with nothing to read.
fn begin_to_wait(registration: &Registration) {
    let (polled, attempts) = poll::<()>(registration, would_block);
    assert!(polled.is_pending());
    assert_eq!(attempts, 1, "an operation is not repeated without an event");
}

#[test]
fn an_operation_that_succeeds_at_once_registers_nothing() {
    let reactor = FakeReactor::new();
    let socket = stream(&reactor);
    for _ in 0..3 {
        let (polled, attempts) = poll(socket.registration(), short);
        assert!(matches!(polled, Poll::Ready(Ok(1))));
        assert_eq!(attempts, 1);
    }
    drop(socket);
    assert_eq!(reactor.log(), [""; 0]);
}

#[test]
fn a_source_is_registered_once_and_deregistered_once() {
    let reactor = FakeReactor::new();
    let socket = stream(&reactor);
    for _ in 0..3 {
        begin_to_wait(socket.registration());
        reactor.report(READ, Readiness::READY);
    }
    drop(socket);
    assert_eq!(reactor.log(), ["register", "deregister"]);
}

#[test]
fn into_inner_deregisters() {
    let reactor = FakeReactor::new();
    let socket = stream(&reactor);
    begin_to_wait(socket.registration());
    drop(socket.into_inner().unwrap());
    assert_eq!(reactor.log(), ["register", "deregister"]);
}

#[test]
fn a_refused_registration_is_an_error_and_is_tried_again() {
    let reactor = FakeReactor::new();
    let socket = stream(&reactor);
    reactor.refuse(true);
    let (polled, _) = poll::<()>(socket.registration(), would_block);
    assert!(matches!(polled, Poll::Ready(Err(error)) if error.to_string() == "refused"));
    reactor.refuse(false);
    begin_to_wait(socket.registration());
}

#[test]
fn a_short_read_spares_the_next_attempt() {
    let reactor = FakeReactor::new();
    let socket = stream(&reactor);
    begin_to_wait(socket.registration());
    reactor.report(READ, Readiness::READY);
    assert!(poll(socket.registration(), short).0.is_ready());
    let (polled, attempts) = poll(socket.registration(), short);
    assert!(polled.is_pending());
    assert_eq!(attempts, 0);
}

#[test]
fn a_short_read_of_a_closed_stream_is_followed_by_another() {
    let reactor = FakeReactor::new();
    let socket = stream(&reactor);
    begin_to_wait(socket.registration());
    // Data and the end of the stream, in one edge.
    reactor.report(READ, Readiness::READY.and(Readiness::CLOSED));
    assert!(poll(socket.registration(), short).0.is_ready());
    let (polled, attempts) = poll(socket.registration(), |_| Ok(Step::done(0)));
    assert!(matches!(polled, Poll::Ready(Ok(0))));
    assert_eq!(attempts, 1);
}

#[test]
fn a_short_read_says_nothing_where_reads_stop_early() {
    let reactor = FakeReactor::new();
    let socket = socket(&reactor, ShortRead::SaysNothing);
    begin_to_wait(socket.registration());
    reactor.report(READ, Readiness::READY);
    assert!(poll(socket.registration(), short).0.is_ready());
    assert_eq!(poll(socket.registration(), short).1, 1);
}

#[test]
fn an_event_between_the_attempt_and_the_clear_survives() {
    let reactor = FakeReactor::new();
    let socket = stream(&reactor);
    begin_to_wait(socket.registration());
    reactor.report(READ, Readiness::READY);
    let (polled, attempts) = poll(socket.registration(), |attempt| {
        if attempt == 1 {
            reactor.report(READ, Readiness::READY);
            return would_block(attempt);
        }
        Ok(Step::done(attempt))
    });
    assert!(matches!(polled, Poll::Ready(Ok(2))));
    assert_eq!(attempts, 2);
}

#[test]
fn an_error_that_is_gone_is_waited_for_not_spun_on() {
    let reactor = FakeReactor::new();
    let socket = stream(&reactor);
    begin_to_wait(socket.registration());
    reactor.report(READ, Readiness::READY.and(Readiness::ERROR));
    let (polled, attempts) = poll::<()>(socket.registration(), |attempt| match attempt {
        1 => would_block(attempt),
        _ => Err(io::Error::other("attempted again without an event")),
    });
    assert!(polled.is_pending(), "{polled:?}");
    assert_eq!(attempts, 1);
}

#[test]
fn one_direction_leaves_the_other_alone() {
    let reactor = FakeReactor::new();
    let socket = stream(&reactor);
    begin_to_wait(socket.registration());
    let mut cx = Context::from_waker(Waker::noop());
    let registration = socket.registration();
    let wrote = registration.poll_io(Interest::Writable, &mut cx, Place::Owner, |_| {
        Ok(Step::done(()))
    });
    assert!(wrote.is_ready(), "reading would block, writing does not");
}

#[test]
fn an_interrupted_attempt_is_repeated() {
    let reactor = FakeReactor::new();
    let socket = stream(&reactor);
    let (polled, attempts) = poll(socket.registration(), |attempt| match attempt {
        1..=3 => Err(io::ErrorKind::Interrupted.into()),
        _ => Ok(Step::done(())),
    });
    assert!(polled.is_ready());
    assert_eq!(attempts, 4);
}

#[test]
fn shutdown_is_an_error_for_who_waits_and_for_who_comes_later() {
    let reactor = FakeReactor::new();
    let socket = stream(&reactor);
    begin_to_wait(socket.registration());
    reactor.close(&mut Vec::new());
    for _ in 0..2 {
        let (polled, attempts) = poll::<()>(socket.registration(), would_block);
        let Poll::Ready(Err(error)) = polled else {
            panic!("{polled:?}")
        };
        assert_eq!(error.kind(), io::ErrorKind::NotConnected);
        assert!(error.to_string().contains("has shut down"), "{error}");
        assert_eq!(attempts, 0);
    }
}

#[test]
fn a_reactor_that_reports_once_is_armed_with_every_wait() {
    let reactor = FakeReactor::that_needs_arm();
    let socket = stream(&reactor);
    begin_to_wait(socket.registration());
    begin_to_wait_again(&reactor, socket.registration());
    assert_eq!(reactor.log(), ["register", "arm", "arm"]);
}

fn begin_to_wait_again(reactor: &FakeReactor, registration: &Registration) {
    reactor.report(READ, Readiness::READY);
    begin_to_wait(registration);
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn each_future_has_a_place_of_its_own_and_gives_it_back() {
    let reactor = FakeReactor::new();
    let socket = stream(&reactor);
    let counts: [Arc<Count>; 3] = Default::default();
    let mut waits: Vec<_> = (0..3)
        .map(|_| Wait::new(socket.registration(), READ))
        .collect();
    for (wait, count) in waits.iter_mut().zip(&counts) {
        let waker = Waker::from(Arc::clone(count));
        let mut cx = Context::from_waker(&waker);
        assert!(wait.poll(&mut cx, |_| would_block::<()>(0)).is_pending());
    }
    drop(waits.remove(1));
    reactor.report(READ, Readiness::READY);
    let woken: Vec<_> = counts.iter().map(|count| count.0.load(SeqCst)).collect();
    assert_eq!(woken, [1, 0, 1]);
}

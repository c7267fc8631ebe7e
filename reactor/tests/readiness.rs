//! What is reported, to whom, and what is not.
#![cfg(target_os = "linux")]

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use executor_core::driver::{Interest, ParkUntil};
use reactor::Options;
use rustix::event::{EventfdFlags, eventfd};
use rustix::pipe::{PipeFlags, pipe_with};

use common::{Count, Turner, Watched, on_both_paths};

use Interest::{Readable, Writable};

on_both_paths! {
    both_directions_become_ready
    what_is_ready_before_it_is_registered_is_reported
    one_direction_does_not_consume_the_other
    what_stays_ready_does_not_end_park_after_park
    the_end_is_seen_after_a_short_read
    a_half_close_is_no_news_for_the_writer
    a_hang_up_wakes_both_directions
    a_reset_wakes_both_directions
    an_error_wakes_the_writer_of_a_pipe
    more_ready_sources_than_the_buffer_holds
    a_reused_descriptor_gets_no_event_of_its_predecessor
    each_waker_comes_with_its_source
}

fn unix_pair() -> (UnixStream, UnixStream) {
    let (a, b) = UnixStream::pair().unwrap();
    a.set_nonblocking(true).unwrap();
    b.set_nonblocking(true).unwrap();
    (a, b)
}

fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let a = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (b, _) = listener.accept().unwrap();
    a.set_nonblocking(true).unwrap();
    b.set_nonblocking(true).unwrap();
    (a, b)
}

/// Writes until nothing more fits.
fn fill(mut io: impl Write) {
    let block = [0; 64 * 1024];
    loop {
        match io.write(&block) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Reads until there is nothing more, for now.
fn empty(mut io: impl Read) {
    let mut block = [0; 64 * 1024];
    while io.read(&mut block).is_ok_and(|n| n > 0) {}
}

fn both_directions_become_ready(options: Options) {
    let mut turner = Turner::new(&options);
    let (ours, mut theirs) = unix_pair();
    let ours = Watched::new(&turner.reactor(), ours).unwrap();
    fill(ours.io());
    turner.settle();
    let reader = Count::waiting(&ours, Readable);
    let writer = Count::waiting(&ours, Writable);
    turner.settle();
    assert_eq!((reader.get(), writer.get()), (0, 0));

    theirs.write_all(b"x").unwrap();
    turner.until("data", || reader.get() == 1);

    empty(&theirs);
    turner.until("room", || writer.get() == 1);
}

fn what_is_ready_before_it_is_registered_is_reported(options: Options) {
    let mut turner = Turner::new(&options);
    let (ours, mut theirs) = unix_pair();
    theirs.write_all(b"x").unwrap();
    let ours = Watched::new(&turner.reactor(), ours).unwrap();
    let reader = Count::waiting(&ours, Readable);
    turner.until("old data", || reader.get() == 1);
}

fn one_direction_does_not_consume_the_other(options: Options) {
    let mut turner = Turner::new(&options);
    let (ours, mut theirs) = unix_pair();
    let ours = Watched::new(&turner.reactor(), ours).unwrap();
    fill(ours.io());
    turner.settle();
    let reader = Count::waiting(&ours, Readable);
    let writer = Count::waiting(&ours, Writable);

    // Room comes first; the reader, who began to wait before, is still served.
    empty(&theirs);
    turner.until("room", || writer.get() == 1);
    assert_eq!(reader.get(), 0);
    theirs.write_all(b"x").unwrap();
    turner.until("data", || reader.get() == 1);
}

fn what_stays_ready_does_not_end_park_after_park(options: Options) {
    let mut turner = Turner::new(&options);
    let (ours, mut theirs) = unix_pair();
    theirs.write_all(b"x").unwrap();
    let ours = Watched::new(&turner.reactor(), ours).unwrap();
    let counts = [Readable, Writable].map(|interest| Count::waiting(&ours, interest));
    turner.settle();
    assert!(counts.iter().all(|count| count.get() == 1));

    // Nobody reads or writes, and an idle thread sleeps all the same.
    let deadline = Instant::now() + Duration::from_millis(10);
    turner.park(ParkUntil::Deadline(deadline));
    assert!(Instant::now() >= deadline);
}

fn the_end_is_seen_after_a_short_read(options: Options) {
    let mut turner = Turner::new(&options);
    let (ours, mut theirs) = tcp_pair();
    let ours = Watched::new(&turner.reactor(), ours).unwrap();
    let reader = Count::waiting(&ours, Readable);
    theirs.write_all(b"last words").unwrap();
    theirs.shutdown(Shutdown::Write).unwrap();

    let mut received = Vec::new();
    turner.until("the end", || read_on(&ours, &reader, &mut received));
    assert_eq!(received, b"last words");
}

/// Reads as an I/O type does, which takes a short read for the last one; `true` at the end.
fn read_on(ours: &Watched<TcpStream>, reader: &Arc<Count>, received: &mut Vec<u8>) -> bool {
    let mut block = [0; 64];
    while let Poll::Ready(seen) = ours.poll(Readable, reader) {
        match ours.io().read(&mut block) {
            Ok(0) => return true,
            Ok(n) => {
                received.extend_from_slice(&block[..n]);
                ours.source().clear_ready(Readable, seen);
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                ours.source().clear_all(Readable, seen);
            }
        }
    }
    false
}

#[test]
fn data_and_the_end_in_one_edge_are_both_flags_and_the_end_stays() {
    let mut turner = Turner::new(&Options::new());
    let (ours, mut theirs) = unix_pair();
    let ours = Watched::new(&turner.reactor(), ours).unwrap();
    turner.settle();
    let reader = Count::waiting(&ours, Readable);
    theirs.write_all(b"last words").unwrap();
    theirs.shutdown(Shutdown::Write).unwrap();
    turner.park(ParkUntil::Now);
    assert_eq!(reader.get(), 1);

    let seen = ours.source().readiness(Readable);
    assert!(seen.is_closed());
    ours.source().clear_ready(Readable, seen);
    let kept = ours.source().readiness(Readable);
    assert!(kept.is_ready() && kept.is_closed());
}

fn a_half_close_is_no_news_for_the_writer(options: Options) {
    let mut turner = Turner::new(&options);
    let (ours, theirs) = unix_pair();
    let ours = Watched::new(&turner.reactor(), ours).unwrap();
    fill(ours.io());
    turner.settle();
    let reader = Count::waiting(&ours, Readable);
    let writer = Count::waiting(&ours, Writable);

    theirs.shutdown(Shutdown::Write).unwrap();
    turner.until("the end", || reader.get() == 1);
    turner.settle();
    assert_eq!(writer.get(), 0);
    assert!(!ours.source().readiness(Writable).is_ready());

    // The connection is half open, so the writer goes on.
    empty(&theirs);
    turner.until("room", || writer.get() == 1);
}

fn a_hang_up_wakes_both_directions(options: Options) {
    let mut turner = Turner::new(&options);
    let (ours, theirs) = unix_pair();
    let ours = Watched::new(&turner.reactor(), ours).unwrap();
    fill(ours.io());
    turner.settle();
    let reader = Count::waiting(&ours, Readable);
    let writer = Count::waiting(&ours, Writable);

    drop(theirs);
    turner.until("the hang-up", || reader.get() == 1 && writer.get() == 1);
    for interest in [Readable, Writable] {
        assert!(ours.source().readiness(interest).is_closed());
    }
}

fn a_reset_wakes_both_directions(options: Options) {
    let mut turner = Turner::new(&options);
    let (ours, theirs) = tcp_pair();
    let ours = Watched::new(&turner.reactor(), ours).unwrap();
    fill(ours.io());
    turner.settle();
    fill(ours.io());
    let reader = Count::waiting(&ours, Readable);
    let writer = Count::waiting(&ours, Writable);

    // Closed with data unread: the kernel answers with a reset.
    drop(theirs);
    turner.until("the reset", || reader.get() > 0 && writer.get() > 0);
    turner.until("the error", || {
        [Readable, Writable].iter().all(|&interest| {
            let seen = ours.source().readiness(interest);
            seen.is_closed() && seen.is_error()
        })
    });
}

fn an_error_wakes_the_writer_of_a_pipe(options: Options) {
    let mut turner = Turner::new(&options);
    let (read_end, write_end) = pipe_with(PipeFlags::NONBLOCK).unwrap();
    let write_end = Watched::new(&turner.reactor(), write_end).unwrap();
    while rustix::io::write(write_end.io(), &[0; 4096]).is_ok() {}
    turner.settle();
    let writer = Count::waiting(&write_end, Writable);
    turner.settle();
    assert_eq!(writer.get(), 0);

    drop(read_end);
    turner.until("the error", || writer.get() == 1);
    assert!(write_end.source().readiness(Writable).is_error());
}

fn more_ready_sources_than_the_buffer_holds(options: Options) {
    const SOURCES: usize = 300;
    let mut turner = Turner::new(&options.events(16));
    let (ours, mut theirs) = unix_pair();
    let sources: Vec<_> = (0..SOURCES)
        .map(|_| Watched::new(&turner.reactor(), ours.try_clone().unwrap()).unwrap())
        .collect();
    turner.settle();
    let readers: Vec<_> = sources
        .iter()
        .map(|source| Count::waiting(source, Readable))
        .collect();
    theirs.write_all(b"x").unwrap();
    turner.until("all of them", || {
        readers.iter().all(|reader| reader.get() == 1)
    });
}

fn a_reused_descriptor_gets_no_event_of_its_predecessor(options: Options) {
    let mut turner = Turner::new(&options);
    let reactor = turner.reactor();
    let (a, mut peer_of_a) = unix_pair();
    let (b, mut peer_of_b) = unix_pair();
    // The old connection lives on under another number, as it does after a fork.
    let _still_open = a.try_clone().unwrap();
    let old = Watched::new(&reactor, OwnedFd::from(a)).unwrap();
    turner.settle();
    let _nobody = Count::waiting(&old, Readable);
    peer_of_a.write_all(b"stale").unwrap();

    let (raw, key) = (old.raw(), old.key());
    let mut number = old.deregister().unwrap();
    rustix::io::dup2(&b, &mut number).unwrap();
    let new = Watched::new(&reactor, number).unwrap();
    assert_eq!(new.raw(), raw);
    assert_ne!(new.key(), key);
    let reader = Count::waiting(&new, Readable);
    turner.settle();
    turner.settle();
    assert_eq!(reader.get(), 0);
    assert!(!new.source().readiness(Readable).is_ready());

    peer_of_b.write_all(b"fresh").unwrap();
    turner.until("its own event", || reader.get() == 1);
}

fn each_waker_comes_with_its_source(options: Options) {
    use executor_core::driver::{Park, WakeList};

    let turner = Turner::new(&options);
    let reactor = turner.reactor();
    let ready = eventfd(1, EventfdFlags::NONBLOCK).unwrap();
    let idle = eventfd(0, EventfdFlags::NONBLOCK).unwrap();
    let ready = Watched::new(&reactor, ready).unwrap();
    let idle = Watched::new(&reactor, idle).unwrap();
    let readers = [&ready, &idle].map(|source| Count::waiting(source, Readable));

    let mut wakes = WakeList::new();
    let mut driver = reactor::Driver::new(&options).unwrap();
    driver.park(ParkUntil::Now, &mut wakes).unwrap();
    assert!(
        wakes.is_empty(),
        "another driver's sources are not reported"
    );

    let mut driver = turner.into_driver();
    driver.park(ParkUntil::Now, &mut wakes).unwrap();
    let sources: Vec<_> = wakes.drain().map(|(source, _)| source).collect();
    assert_eq!(sources, [ready.raw()]);
    assert!(
        readers.iter().all(|reader| reader.get() == 0),
        "a driver collects wakers, and calls none"
    );
}

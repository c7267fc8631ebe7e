//! What cannot be registered, and the end.
#![cfg(target_os = "linux")]

mod common;

use std::env;
use std::fs::File;
use std::io::ErrorKind;
use std::net::UdpSocket;
use std::sync::Arc;
use std::task::Waker;
use std::thread;

use executor_core::driver::{Interest, ParkUntil};
use reactor::Options;

use common::{Count, Turner, Watched, on_both_paths};

on_both_paths! {
    a_regular_file_cannot_be_registered
    a_descriptor_is_registered_once
    closing_tells_whoever_waits
    nothing_can_be_registered_after_closing
    what_was_registered_can_be_deregistered_after_closing
    sources_come_and_go_while_the_thread_is_parked
}

fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").unwrap()
}

fn a_regular_file_cannot_be_registered(options: Options) {
    let turner = Turner::new(&options);
    let file = File::open(env::current_exe().unwrap()).unwrap();
    let error = Watched::new(&turner.reactor(), file).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let text = error.to_string();
    assert!(text.contains("regular files"), "{text}");
    assert!(text.contains("use spawn_blocking"), "{text}");

    // The failed attempt has left nothing behind.
    Watched::new(&turner.reactor(), socket()).unwrap();
}

fn a_descriptor_is_registered_once(options: Options) {
    let mut turner = Turner::new(&options);
    let socket = socket();
    let first = Watched::new(&turner.reactor(), &socket).unwrap();
    let error = Watched::new(&turner.reactor(), &socket).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("already registered"), "{error}");

    // The first registration is not harmed by the attempt, and a duplicate is its own source.
    let duplicate = Watched::new(&turner.reactor(), socket.try_clone().unwrap()).unwrap();
    turner.settle();
    let readers = [
        Count::waiting(&first, Interest::Readable),
        Count::waiting(&duplicate, Interest::Readable),
    ];
    socket.send_to(b"x", socket.local_addr().unwrap()).unwrap();
    turner.until("both", || readers.iter().all(|reader| reader.get() == 1));
}

fn closing_tells_whoever_waits(options: Options) {
    let mut turner = Turner::new(&options);
    let watched = Watched::new(&turner.reactor(), socket()).unwrap();
    let idle = Watched::new(&turner.reactor(), socket()).unwrap();
    turner.settle();
    let reader = Count::waiting(&watched, Interest::Readable);
    let writer = Count::waiting(&watched, Interest::Writable);

    let mut wakers = Vec::new();
    turner.reactor().close(&mut wakers);
    assert_eq!(
        (reader.get(), writer.get()),
        (0, 0),
        "closing calls no waker"
    );
    wakers.into_iter().for_each(Waker::wake);
    assert_eq!(reader.get(), 1);
    assert_eq!(writer.get(), 1);
    for source in [watched.source(), idle.source()] {
        for interest in [Interest::Readable, Interest::Writable] {
            assert!(source.readiness(interest).is_shut_down());
        }
    }
    // The driver itself goes on: the loop still turns until its tasks are gone.
    turner.driver().unparker().unpark();
    turner.park(ParkUntil::Notified);
}

fn nothing_can_be_registered_after_closing(options: Options) {
    let turner = Turner::new(&options);
    turner.reactor().close(&mut Vec::new());
    let error = Watched::new(&turner.reactor(), socket()).err().unwrap();
    assert!(error.to_string().contains("shut down"), "{error}");
}

fn what_was_registered_can_be_deregistered_after_closing(options: Options) {
    let turner = Turner::new(&options);
    let watched = Watched::new(&turner.reactor(), socket()).unwrap();
    turner.reactor().close(&mut Vec::new());
    watched.arm(Interest::Readable).unwrap();
    let socket = watched.deregister().unwrap();

    // Its descriptor is free for another runtime.
    let other = Turner::new(&options);
    Watched::new(&other.reactor(), socket).unwrap();
}

fn sources_come_and_go_while_the_thread_is_parked(options: Options) {
    let mut turner = Turner::new(&options);
    let reactor = turner.reactor();
    let unparker = turner.driver().unparker();
    let done = Arc::new(Count::default());
    thread::scope(|scope| {
        let is_done = Arc::clone(&done);
        scope.spawn(move || {
            let mut socket = socket();
            let address = socket.local_addr().unwrap();
            for _ in 0..500 {
                let watched = Watched::new(&reactor, socket).unwrap();
                let reader = Count::waiting(&watched, Interest::Readable);
                watched.io().send_to(b"x", address).unwrap();
                while reader.get() == 0 {
                    thread::yield_now();
                }
                socket = watched.deregister().unwrap();
                socket.recv(&mut [0; 1]).unwrap();
            }
            Waker::from(is_done).wake();
            unparker.unpark();
        });
        turner.until("the other thread", || done.get() == 1);
    });
}

//! I7, I8, I9, I19: descriptors that are reused, duplicated, shared, and inherited.

use std::cell::RefCell;
use std::future::Future;
use std::io::{self, Read as _, Write as _};
use std::net::{self, Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::pin::Pin;

use super::ends::idle;
use super::stream::{begin_read, echo, pair, read_byte, read_through, std_listener, write_all};
use crate::Case;
use crate::adapter::Tcp;
use crate::devices::{Opener, Stage, gate, join_all, yield_once};
use crate::rules::system;

/// I7: a descriptor that is used again is a new one: no event or data of the former reaches it.
pub fn i07_must_a_reused_descriptor_is_a_new_one<E: Tcp>(case: &Case) {
    const AT_ONCE: usize = 4;
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    executor.block_on(stage.watch(async {
        for round in 0..case.repeat(60) {
            let mut former = Vec::new();
            for _ in 0..AT_ONCE {
                let (mut stream, peer) = pair::<E>(&handle).await;
                begin_read(&mut stream).await;
                former.push((stream, peer));
            }
            for (_, peer) in &mut former {
                peer.write_all(b"old").expect("there is room");
            }
            // Their events are on the way when the streams are closed.
            let (streams, former): (Vec<_>, Vec<_>) = former.into_iter().unzip();
            drop(streams);
            stage.at(format_args!(
                "round {round}: connections in place of others"
            ));
            let mut streams = Vec::new();
            for _ in 0..AT_ONCE {
                let (mut stream, peer) = pair::<E>(&handle).await;
                begin_read(&mut stream).await;
                streams.push((stream, peer));
            }
            stage.at(format_args!(
                "round {round}: streams whose descriptors were used before are not woken"
            ));
            join_all(streams.into_iter().map(async |(mut stream, mut peer)| {
                let got = read_through(&mut stream, || {
                    peer.write_all(b"n").expect("there is room");
                });
                let got = got.await;
                assert!(
                    matches!(got, Ok(Some(b'n'))),
                    "a stream whose descriptor was used before gave {got:?}"
                );
            }))
            .await;
            stage.at(format_args!(
                "round {round}: dropped streams are not closed"
            ));
            for peer in former {
                closed(peer).await;
            }
        }
    }));
}

/// Waits until the other end has been closed, which may take the executor some turns.
async fn closed(mut peer: net::TcpStream) {
    peer.set_nonblocking(true).expect("a socket has options");
    let mut buffer = [0; 8];
    loop {
        match peer.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => yield_once().await,
            Ok(0) | Err(_) => return,
            Ok(length) => panic!("a dropped stream wrote {:?}", &buffer[..length]),
        }
    }
}

/// Two streams of the executor's on one connection, and its other end; skips what cannot be.
fn duplicates<E: Tcp>(case: &Case, handle: &E::Handle) -> (E::Stream, E::Stream, net::TcpStream) {
    let listener = std_listener();
    let address = listener.local_addr().expect("a listener has an address");
    let first = TcpStream::connect(address).expect("there is a listener");
    let (peer, _) = listener.accept().expect("the connection has been made");
    peer.set_nodelay(true).expect("a socket has options");
    let second = first.try_clone().expect("a descriptor can be duplicated");
    let [first, second] = [first, second].map(|stream| E::stream_from_std(handle, stream));
    let (Some(first), Some(second)) = (first, second) else {
        case.skip("the executor makes no streams of std's");
    };
    let first = first.expect("a connected socket becomes a stream");
    match second {
        Ok(second) => (first, second, peer),
        Err(error) => case.skip(format_args!(
            "the executor refuses a duplicate, which it may: {error}"
        )),
    }
}

/// I8: streams on duplicates of one descriptor work side by side, and one survives the other.
pub fn i08_must_duplicates_are_independent<E: Tcp>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    executor.block_on(stage.watch(async {
        let (mut reader, mut writer, peer) = duplicates::<E>(case, &handle);
        let mut peer_too = peer.try_clone().expect("a descriptor can be duplicated");
        let echo = echo(peer);
        stage.at("one duplicate writes, and the other does not read the echo");
        for byte in 0..50 {
            let reading: Child<'_> = Box::pin(async {
                let got = read_byte(&mut reader).await.expect("no error");
                assert_eq!(got, Some(byte), "the echo of a byte");
            });
            let writing: Child<'_> = Box::pin(async {
                yield_once().await;
                write_all(&mut writer, &[byte]).await.expect("no error");
            });
            join_all([reading, writing]).await;
        }
        begin_read(&mut reader).await;
        drop(reader);
        let mut rest = writer;
        stage.at("a duplicate was dropped, and the other one is mute since");
        let got = read_through(&mut rest, || {
            peer_too.write_all(b"x").expect("there is room");
        });
        let got = got.await;
        assert!(
            matches!(got, Ok(Some(b'x'))),
            "one duplicate was dropped, and then the other read {got:?}"
        );
        // Nobody waits for this byte, least of all the stream that is gone.
        peer_too.write_all(b"y").expect("there is room");
        idle("while a duplicate of a dropped stream is readable").await;
        let got = read_byte(&mut rest).await;
        assert!(
            matches!(got, Ok(Some(b'y'))),
            "one duplicate was dropped, and then the other read {got:?}"
        );
        drop(rest);
        stage.at("both duplicates were dropped, and the connection is still open");
        echo.await.expect("no error");
    }));
}

type Child<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// I9: two readers of one socket are both served, or the second is refused.
pub fn i09_must_two_readers_of_one_socket_are_both_served<E: Tcp>(case: &Case) {
    const BYTES: usize = 200;
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    executor.block_on(stage.watch(async {
        let (mut first, mut second, mut peer) = duplicates::<E>(case, &handle);
        let read = RefCell::new((0, None::<Opener>));
        let reader = async |stream: &mut E::Stream| {
            while let Some(byte) = read_byte(stream).await.expect("no error") {
                let mut read = read.borrow_mut();
                assert_eq!(usize::from(byte), read.0, "the bytes come in order");
                read.0 += 1;
                read.1.take().map(|opener| opener.open());
            }
        };
        let sender: Child<'_> = Box::pin(async {
            for byte in 0..BYTES {
                // Both readers wait by then.
                yield_once().await;
                yield_once().await;
                let (gate, opener) = gate();
                read.borrow_mut().1 = Some(opener);
                stage.at(format_args!("neither of two readers takes byte {byte}"));
                peer.write_all(&[byte as u8]).expect("there is room");
                gate.await;
            }
            yield_once().await;
            yield_once().await;
            stage.at("the stream has ended, and one of its two readers is mute");
            peer.shutdown(Shutdown::Write).expect("it is connected");
        });
        // They are kept until both have ended: a stream that is dropped wakes nobody.
        let readers: [Child<'_>; 2] = [Box::pin(reader(&mut first)), Box::pin(reader(&mut second))];
        join_all(readers.into_iter().chain([sender])).await;
        assert_eq!(read.borrow().0, BYTES, "bytes were read");
    }));
}

/// I19: every descriptor that the executor opens is closed by `exec`.
pub fn i19_must_every_descriptor_is_close_on_exec<E: Tcp>(case: &Case) {
    let Some(before) = system::descriptors() else {
        case.skip("the system does not tell which descriptors there are");
    };
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    let opened = executor.block_on(stage.watch(async {
        stage.at("a connection with itself");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut listener = E::listen(&handle, any).await.expect("a port is free");
        let address = E::local_addr(&listener).expect("a listener has an address");
        let mut client = TcpStream::connect(address).expect("it listens");
        let mut accepted = E::accept(&mut listener).await.expect("a client has come");
        let (mut connected, mut peer) = pair::<E>(&handle).await;
        for (stream, peer) in [(&mut accepted, &mut client), (&mut connected, &mut peer)] {
            begin_read(stream).await;
            peer.write_all(b"x").expect("there is room");
            assert_eq!(read_byte(stream).await.expect("no error"), Some(b'x'));
        }
        system::descriptors().expect("the system told a moment ago")
    }));
    let known = |number: u32| before.iter().any(|former| former.number == number);
    let inherited: Vec<_> = opened
        .iter()
        .filter(|descriptor| !descriptor.close_on_exec && !known(descriptor.number))
        .map(|descriptor| &descriptor.name)
        .collect();
    assert!(
        inherited.is_empty(),
        "a child process would inherit {inherited:?}"
    );
}

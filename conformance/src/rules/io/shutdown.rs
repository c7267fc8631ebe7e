//! I18: sockets that outlive their executor.

use std::fmt::Debug;
use std::future::Future;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::pin::Pin;
use std::task::Poll;

use super::stream::{begin_read, once, pair, read_byte, write_all};
use crate::Case;
use crate::adapter::Tcp;
use crate::devices::{Stage, join_all};

/// I18: a socket that outlives its executor works or fails, but never hangs.
pub fn i18_must_a_stream_after_shutdown_never_hangs<E: Tcp>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    let (fresh, used, waiting, mut listener) = executor.block_on(stage.watch(async {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = E::listen(&handle, any).await.expect("a port is free");
        let fresh = pair::<E>(&handle).await;
        let mut used = pair::<E>(&handle).await;
        begin_read(&mut used.0).await;
        (fresh, used, pair::<E>(&handle).await, listener)
    }));
    let address = E::local_addr(&listener).expect("a listener has an address");
    let (mut stream, mut peer) = waiting;
    // It has a waker of its own, and is polled again only when that was called.
    let mut reading = join_all([read_byte(&mut stream)]);
    let early = executor.block_on(once(Pin::new(&mut reading)));
    assert!(early.is_pending(), "nothing was sent: {early:?}");
    stage.at("the executor is dropped while a stream of it waits");
    drop(executor);

    stage.at("a read was waiting when the executor was dropped, and its peer has written since");
    peer.write_all(b"x").expect("it is connected");
    let got = stage.block_on(reading).pop().expect("one read");
    works_or_fails(&got, "a read that waited");

    for (mut stream, mut peer) in [fresh, used] {
        stage.at("a read after the executor was dropped: its peer has written, or it said nothing");
        let send = || peer.write_all(b"x").expect("it is connected");
        let got = stage.block_on(late(read_byte(&mut stream), send));
        works_or_fails(&got, "a read");
        stage.at("a write after the executor was dropped");
        // Whether it works is left open.
        let _ = stage.block_on(write_all(&mut stream, b"y"));
    }

    stage.at("an accept after the executor was dropped: a client has come, or it said nothing");
    let mut client = None;
    let come = || client = Some(TcpStream::connect(address));
    // Whether it works is left open.
    let _ = stage.block_on(late(E::accept(&mut listener), come));
}

/// Waits for `operation`, and does `more` where it has to wait; it has a waker of its own.
async fn late<F: Future>(operation: F, more: impl FnOnce()) -> F::Output {
    let mut operation = join_all([operation]);
    if let Poll::Ready(mut outcome) = once(Pin::new(&mut operation)).await {
        return outcome.pop().expect("one operation");
    }
    more();
    operation.await.pop().expect("one operation")
}

fn works_or_fails(got: &io::Result<Option<u8>>, what: &(impl Debug + ?Sized)) {
    assert!(
        matches!(got, Ok(Some(b'x')) | Err(_)),
        "{what:?} after the executor was dropped gave {got:?}, and the peer has sent a byte"
    );
}

//! I11, I16: what the system refuses, and what it interrupts.

use std::future::{Future, poll_fn};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::pin::{Pin, pin};

use super::stream::{
    Pattern, Shared, close, echo, on_thread, pair, read, read_byte, read_through, write_all,
};
use crate::Case;
use crate::adapter::Tcp;
use crate::devices::{Stage, gate, join_all};
use crate::rules::system::{Descriptors, SignalStorm};

/// I11: without descriptors `accept` fails each time, starves nobody, and works when there are
/// some again.
pub fn i11_should_running_out_of_descriptors_is_an_error<E: Tcp>(case: &Case) {
    const CLIENTS: usize = 3;
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    executor.block_on(stage.watch(async {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut listener = E::listen(&handle, any).await.expect("a port is free");
        let address = E::local_addr(&listener).expect("a listener has an address");
        let (mut stream, mut peer) = pair::<E>(&handle).await;
        let first = TcpStream::connect(address).expect("it listens");
        E::accept(&mut listener).await.expect("a client has come");
        let clients = [(); CLIENTS].map(|()| TcpStream::connect(address).expect("it listens"));
        let Some(exhausted) = Descriptors::exhaust() else {
            case.skip("the descriptors of this process cannot be exhausted");
        };
        let exhausted = exhausted.expect("a limit can be lowered");
        for attempt in 0..2 * CLIENTS {
            stage.at(format_args!(
                "accept {attempt} without a descriptor, and it tells nobody"
            ));
            let outcome = E::accept(&mut listener).await;
            assert!(outcome.is_err(), "a stream without a descriptor");
            stage.at("another stream is starved while there are no descriptors");
            let got = read_through(&mut stream, || {
                peer.write_all(b"x").expect("there is room");
            });
            assert_eq!(got.await.expect("no error"), Some(b'x'));
        }
        gives_way::<E>(&mut listener).await;
        drop(exhausted);
        for client in 0..CLIENTS {
            stage.at(format_args!(
                "there are descriptors again, and client {client} is not accepted"
            ));
            E::accept(&mut listener)
                .await
                .expect("there are descriptors again");
        }
        drop((first, clients));
    }));
}

/// Panics if a loop round a failing `accept` never lets its neighbours run.
async fn gives_way<E: Tcp>(listener: &mut E::Listener) {
    const ATTEMPTS: usize = 10_000;
    let mut neighbour_ran = false;
    for _ in 0..ATTEMPTS {
        let mut accepting = pin!(E::accept(listener));
        let outcome = poll_fn(|cx| {
            let polled = accepting.as_mut().poll(cx);
            // What waits lets others run.
            neighbour_ran |= polled.is_pending();
            polled
        });
        assert!(outcome.await.is_err(), "a stream without a descriptor");
        if neighbour_ran {
            return;
        }
    }
    panic!(
        "`accept` failed {ATTEMPTS} times in a row and never gave way: a loop that tries again \
         starves its neighbours"
    );
}

/// I16: a signal that interrupts a call of the executor's is nobody else's concern.
pub fn i16_must_interrupted_calls_are_invisible<E: Tcp>(case: &Case) {
    /// So many must have arrived for the rule to have tried something.
    const SIGNALS: usize = 200;
    let Some(storm) = SignalStorm::start() else {
        case.skip("there are no signals here");
    };
    let storm = storm.expect("a signal can be handled");
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    executor.block_on(stage.watch(async {
        stage.at("nothing is to be done, and signals reach the threads that sleep");
        let (gate, opener) = gate();
        storm.after(20, move || {
            opener.open();
        });
        gate.await;
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut listener = E::listen(&handle, any).await.expect("a port is free");
        let address = E::local_addr(&listener).expect("a listener has an address");
        let mut round = 0;
        while round < 20 || storm.delivered() < SIGNALS {
            stage.at(format_args!("round {round}, in a storm of signals"));
            let client = on_thread(move || TcpStream::connect(address).expect("it listens"));
            let served = E::accept(&mut listener).await;
            let mut served = served.expect("a signal is no error of `accept`");
            let client = echo(client.await);
            exchange(&mut served).await;
            close(&mut served)
                .await
                .expect("a signal is no error of `close`");
            drop(served);
            client.await.expect("no error");
            let (mut stream, peer) = pair::<E>(&handle).await;
            let echo = echo(peer);
            exchange(&mut stream).await;
            bulk(stream).await;
            echo.await.expect("no error");
            round += 1;
        }
    }));
    drop(storm);
}

/// Bytes to and fro, so that the executor waits often.
async fn exchange<S: futures_io::AsyncRead + futures_io::AsyncWrite + Unpin>(stream: &mut S) {
    for byte in 0..20 {
        let written = write_all(stream, &[byte]).await;
        written.expect("a signal is no error of a write");
        let got = read_byte(stream).await;
        assert_eq!(got.expect("a signal is no error of a read"), Some(byte));
    }
}

/// Much data to and fro at the same time.
async fn bulk<S: futures_io::AsyncRead + futures_io::AsyncWrite + Unpin>(stream: S) {
    const BYTES: usize = 256 << 10;
    let stream = Shared::new(stream);
    let writing: Child<'_> = Box::pin(async {
        let mut bytes = vec![0; BYTES];
        Pattern::default().peek(&mut bytes);
        let mut stream = stream.clone();
        let written = write_all(&mut stream, &bytes).await;
        written.expect("a signal is no error of a write");
        close(&mut stream)
            .await
            .expect("a signal is no error of `close`");
    });
    let reading: Child<'_> = Box::pin(async {
        let mut stream = stream.clone();
        let mut pattern = Pattern::default();
        let mut buffer = vec![0; 40_000];
        loop {
            let length = read(&mut stream, &mut buffer).await;
            match length.expect("a signal is no error of a read") {
                0 => break,
                length => pattern.check(&buffer[..length]).unwrap(),
            }
        }
        assert_eq!(pattern.position(), BYTES as u64, "bytes came back");
    });
    join_all([writing, reading]).await;
}

type Child<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

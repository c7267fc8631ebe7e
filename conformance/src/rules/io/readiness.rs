//! I1, I2, I6: no readiness is lost, in either direction.

use std::cell::Cell;
use std::future::Future;
use std::io::{self, Read as _, Write as _};
use std::net;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use super::stream::{
    Pattern, Shared, begin_read, close, echo, fill, give_way, pair, read, read_byte, write_all,
};
use crate::Case;
use crate::adapter::Tcp;
use crate::devices::{Stage, join_all};

/// I1: readiness that arrives while an operation finds nothing is not lost.
pub fn i01_must_readiness_survives_a_racing_clear<E: Tcp>(case: &Case) {
    let bytes = case.repeat(4_000);
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    executor.block_on(stage.watch(async {
        let (mut stream, mut peer) = pair::<E>(&handle).await;
        let arrived = Arc::new(AtomicUsize::new(0));
        let sender = thread::spawn({
            let arrived = Arc::clone(&arrived);
            let mut rng = case.rng(0);
            move || {
                let mut sent = 0;
                while sent < bytes {
                    // What comes after the last byte of a burst could make up for a lost wake.
                    while arrived.load(SeqCst) < sent {
                        thread::yield_now();
                    }
                    let burst = rng.usize(1..4).min(bytes - sent);
                    for byte in sent..sent + burst {
                        (0..rng.usize(0..4_000)).for_each(|_| std::hint::spin_loop());
                        peer.write_all(&[byte as u8]).expect("the stream is read");
                    }
                    sent += burst;
                }
                peer
            }
        });
        stage.at("some of the bytes that the peer has sent were never reported (or read)");
        let mut buffer = [0; 64];
        let mut count = 0;
        while count < bytes {
            let length = read(&mut stream, &mut buffer).await.expect("no error");
            assert!(length > 0, "the end of a stream that goes on");
            for &byte in &buffer[..length] {
                assert_eq!(byte, count as u8, "byte {count} of the stream");
                count += 1;
            }
            arrived.store(count, SeqCst);
        }
        drop(sender.join());
    }));
}

/// How often both directions become ready at once, in either order.
const ROUNDS: usize = 8;

/// I2: finding nothing in one direction leaves the readiness of the other alone.
pub fn i02_must_clearing_one_direction_keeps_the_other<E: Tcp>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    executor.block_on(stage.watch(async {
        let (stream, peer) = pair::<E>(&handle).await;
        peer.set_nonblocking(true).expect("a socket has options");
        let stream = Shared::new(stream);
        let mut peer = Drain {
            peer,
            received: Pattern::default(),
        };
        let sent = Cell::new(Pattern::default());
        for round in 0..2 * ROUNDS {
            let mut before = sent.get();
            fill(&mut stream.clone(), &mut before, MOST)
                .await
                .expect("back-pressure");
            sent.set(before);
            stage.at(format_args!(
                "round {round}: the peer has sent a byte and read everything, and the reader or \
                 the writer was not woken"
            ));
            let reader: Child<'_> = Box::pin(async {
                let mut stream = stream.clone();
                assert_eq!(
                    read_byte(&mut stream).await.expect("no error"),
                    Some(round as u8)
                );
                begin_read(&mut stream).await;
            });
            let writer: Child<'_> = Box::pin(async {
                let mut pattern = sent.get();
                let mut chunk = [0; 1024];
                pattern.peek(&mut chunk);
                write_all(&mut stream.clone(), &chunk)
                    .await
                    .expect("no error");
                pattern.advance(chunk.len());
                fill(&mut stream.clone(), &mut pattern, MOST)
                    .await
                    .expect("back-pressure");
                sent.set(pattern);
            });
            let peer: Child<'_> = Box::pin(peer.make_both_ready(round as u8, before));
            // The reader finds nothing more before the writer looks, or the other way round.
            let children = if round % 2 == 0 {
                [peer, reader, writer]
            } else {
                [peer, writer, reader]
            };
            join_all(children).await;
        }
    }));
}

type Child<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// More than any socket holds.
const MOST: u64 = 1 << 30;

/// A peer that reads when it is told to.
struct Drain {
    peer: net::TcpStream,
    received: Pattern,
}

impl Drain {
    /// Once reader and writer wait, sends `byte` and takes all that was `sent`.
    async fn make_both_ready(&mut self, byte: u8, sent: Pattern) {
        give_way().await;
        give_way().await;
        self.peer.write_all(&[byte]).expect("there is room");
        let mut buffer = vec![0; 256 << 10];
        while self.received.position() < sent.position() {
            match self.peer.read(&mut buffer) {
                Ok(length) => self.received.check(&buffer[..length]).unwrap(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => give_way().await,
                Err(error) => panic!("the peer could not read: {error}"),
            }
        }
    }
}

/// I6: a future that reads and one that writes can share a stream.
pub fn i06_must_reader_and_writer_share_a_stream<E: Tcp>(case: &Case) {
    const BYTES: usize = 4 << 20;
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    executor.block_on(stage.watch(async {
        let (stream, peer) = pair::<E>(&handle).await;
        let stream = Shared::new(stream);
        let echo = echo(peer);
        stage.at("the echo of what one future writes does not reach the other, which reads");
        let writer: Child<'_> = Box::pin(async {
            let mut stream = stream.clone();
            let mut rng = case.rng(0);
            let mut pattern = Pattern::default();
            let mut chunk = vec![0; 100_000];
            while pattern.position() < BYTES as u64 {
                let left = BYTES - pattern.position() as usize;
                let chunk = &mut chunk[..rng.usize(1..=100_000).min(left)];
                pattern.peek(chunk);
                write_all(&mut stream, chunk).await.expect("no error");
                pattern.advance(chunk.len());
            }
            close(&mut stream).await.expect("no error");
        });
        let reader: Child<'_> = Box::pin(async {
            let mut stream = stream.clone();
            let mut pattern = Pattern::default();
            let mut buffer = vec![0; 70_000];
            loop {
                let length = read(&mut stream, &mut buffer).await.expect("no error");
                if length == 0 {
                    break;
                }
                pattern.check(&buffer[..length]).unwrap();
            }
            assert_eq!(pattern.position(), BYTES as u64, "bytes came back");
        });
        join_all([writer, reader]).await;
        echo.join().expect("no panic").expect("no error");
    }));
}

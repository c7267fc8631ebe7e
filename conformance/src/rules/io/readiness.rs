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
use std::time::{Duration, Instant};

use super::stream::{
    Pattern, Shared, begin_read, close, echo, fill, pair, read, read_byte, write_all,
};
use crate::Case;
use crate::adapter::Tcp;
use crate::devices::{Stage, join_all, yield_once};
use crate::rules::system::SignalStorm;

/// I1: readiness that arrives while an operation finds nothing is not lost.
pub fn i01_must_readiness_survives_a_racing_clear<E: Tcp>(case: &Case) {
    let bytes = case.repeat(8_000);
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    executor.block_on(stage.watch(async {
        let (mut stream, peer) = pair::<E>(&handle).await;
        let arrived = Arc::new(AtomicUsize::new(0));
        let sender = thread::spawn({
            let arrived = Arc::clone(&arrived);
            let mut rng = case.rng(0);
            move || send_in_bursts(peer, bytes, &arrived, &mut rng)
        });
        let reader: Child<'_> = Box::pin(async {
            let mut buffer = [0; 64];
            let (mut count, mut told) = (0, 0);
            while count < bytes {
                if count >= told {
                    told = count + 256;
                    stage.at(format_args!(
                        "the peer has sent some bytes after the {count}th, and they were not \
                         reported"
                    ));
                }
                let length = read(&mut stream, &mut buffer).await.expect("no error");
                assert!(length > 0, "the end of a stream that goes on");
                for &byte in &buffer[..length] {
                    assert_eq!(byte, count as u8, "byte {count} of the stream");
                    count += 1;
                }
                arrived.store(count, SeqCst);
                sender.thread().unpark();
            }
        });
        let awake: Child<'_> = Box::pin(keep_awake(&arrived, bytes));
        join_all([reader, awake]).await;
        drop(sender.join());
    }));
}

/// After this time without an answer there will hardly be one.
const LONG: Duration = Duration::from_millis(200);

/// Sends numbered bytes in bursts. The next one waits for the former: what comes after the last
/// byte could make up for a wake that it did not cause.
fn send_in_bursts(
    mut peer: net::TcpStream,
    bytes: usize,
    arrived: &AtomicUsize,
    rng: &mut fastrand::Rng,
) -> net::TcpStream {
    let mut storm = None;
    let mut sent = 0;
    while sent < bytes {
        let began = Instant::now();
        while arrived.load(SeqCst) < sent {
            if began.elapsed() < LONG {
                thread::yield_now();
                continue;
            }
            // Who waits for long is still, so that it shows when nothing moves any more.
            storm = None;
            thread::park();
        }
        // A handler runs where a call returns: between finding nothing and noting it.
        storm = storm.or_else(SignalStorm::start);
        let burst = rng.usize(1..5).min(bytes - sent);
        for byte in sent..sent + burst {
            // Pauses of every order of magnitude, since nobody knows which one hurts.
            let most = 1 << rng.u32(0..13);
            (0..rng.usize(0..most)).for_each(|_| std::hint::spin_loop());
            peer.write_all(&[byte as u8]).expect("the stream is read");
        }
        sent += burst;
    }
    drop(storm);
    peer
}

/// Keeps the thread from sleeping for the first half of the bytes: a reader that has to be woken
/// first looks too late for some races. It gives up where nothing arrives any more.
async fn keep_awake(arrived: &AtomicUsize, bytes: usize) {
    const PATIENCE: usize = 20_000;
    let (mut last, mut turns) = (0, 0);
    while last < bytes / 2 && turns < PATIENCE {
        yield_once().await;
        let now = arrived.load(SeqCst);
        turns = if now == last { turns + 1 } else { 0 };
        last = now;
    }
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
        yield_once().await;
        yield_once().await;
        self.peer.write_all(&[byte]).expect("there is room");
        let mut buffer = vec![0; 256 << 10];
        while self.received.position() < sent.position() {
            match self.peer.read(&mut buffer) {
                Ok(length) => self.received.check(&buffer[..length]).unwrap(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => yield_once().await,
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
        echo.await.expect("no error");
    }));
}

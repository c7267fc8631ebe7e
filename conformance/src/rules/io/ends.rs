//! I3, I4, I5: how a connection ends, in one direction, in both, and by force.

use std::future::Future;
use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::pin::Pin;
use std::thread;
use std::time::Duration;

use super::stream::{
    Pattern, Shared, close, fill, on_thread, pair, read, read_byte, read_through, write_all,
};
use crate::Case;
use crate::adapter::Tcp;
use crate::devices::{Stage, gate, join_all, yield_once};
use crate::rules::system::{self, Idleness};

/// More than any socket holds.
const MOST: u64 = 1 << 30;

/// I3: when the peer stops writing, reads end, writes go on, and the executor does not spin.
pub fn i03_must_half_close_ends_reads_only<E: Tcp>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    executor.block_on(stage.watch(async {
        let (mut stream, mut peer) = pair::<E>(&handle).await;
        stage.at("the peer stopped writing, and the read goes on waiting");
        let got = read_through(&mut stream, || {
            peer.shutdown(Shutdown::Write).expect("it is connected");
        });
        let got = got.await;
        assert!(matches!(got, Ok(None)), "a read at the end gave {got:?}");
        for read in 1..3 {
            stage.at(format_args!("read {read} after the peer stopped writing"));
            let got = read_byte(&mut stream).await;
            assert!(matches!(got, Ok(None)), "a read at the end gave {got:?}");
        }
        data_and_end::<E>(&handle, &stage).await;
        stage.at("a writer waits for room, and the peer has stopped writing");
        let mut sent = Pattern::default();
        fill(&mut stream, &mut sent, MOST).await.expect("writable");
        idle("with a stream whose peer has stopped writing").await;
        let reader = on_thread(move || {
            let mut received = Vec::new();
            peer.read_to_end(&mut received).map(|_| received)
        });
        stage.at("the peer reads on after it stopped writing, and the writer was not woken");
        let mut more = vec![0; 1 << 20];
        sent.peek(&mut more);
        write_all(&mut stream, &more).await.expect("still writable");
        close(&mut stream).await.expect("still open");
        sent.advance(more.len());
        let received = reader.await.expect("no error");
        assert_eq!(received.len() as u64, sent.position(), "bytes arrived");
        Pattern::default().check(&received).unwrap();
    }));
}

/// Data and the end arrive together, in one event where the system tells of changes.
async fn data_and_end<E: Tcp>(handle: &E::Handle, stage: &Stage<'_>) {
    let (mut stream, mut peer) = pair::<E>(handle).await;
    stage.at("data and the end of a stream arrived together, and the end was not told");
    let got = read_through(&mut stream, || {
        peer.write_all(b"abcde").expect("there is room");
        peer.shutdown(Shutdown::Write).expect("it is connected");
    });
    let got = got.await;
    assert!(matches!(got, Ok(Some(b'a'))), "the first read gave {got:?}");
    // A buffer that is not filled must not be taken for a stream that has nothing more to tell.
    let mut buffer = [0; 64];
    let mut received = Vec::new();
    loop {
        let length = read(&mut stream, &mut buffer).await.expect("no error");
        if length == 0 {
            break;
        }
        received.extend_from_slice(&buffer[..length]);
    }
    assert_eq!(received, b"bcde", "what was sent before the end");
}

/// Lets a while pass in which nothing happens, and panics if the executor is busy with it.
pub(super) async fn idle(state: &str) {
    let (gate, opener) = gate();
    let idleness = Idleness::measure();
    let passing = thread::spawn(move || {
        // The time itself is what is looked at; nothing is waited for.
        thread::sleep(Duration::from_millis(100));
        opener.open();
    });
    gate.await;
    idleness.check(state);
    passing.join().expect("no panic");
}

/// I4: a hang-up ends a read that waits, also where nothing becomes readable by it.
pub fn i04_must_a_hang_up_ends_reads<E: Tcp>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    executor.block_on(stage.watch(async {
        let (mut stream, peer) = pair::<E>(&handle).await;
        close(&mut stream).await.expect("it is open");
        stage.at("both directions were shut down, and the read goes on waiting");
        let got = read_through(&mut stream, || {
            peer.shutdown(Shutdown::Both).expect("it is connected");
        });
        let got = got.await;
        assert!(matches!(got, Ok(None)), "the last read gave {got:?}");

        let (mut stream, peer) = pair::<E>(&handle).await;
        let Some(duplicate) = E::duplicate(&stream) else {
            return;
        };
        let duplicate = duplicate.expect("a descriptor can be duplicated");
        stage.at("the socket reports a hang-up and nothing to read, and the read goes on waiting");
        let got = read_through(&mut stream, || match system::disconnect(&duplicate) {
            Some(disconnected) => disconnected.expect("a connection can be taken away"),
            // An end of the usual kind, where there is no other.
            None => drop(peer),
        });
        let got = got.await;
        assert!(
            !matches!(got, Ok(Some(_))),
            "the read of a socket without a connection gave {got:?}"
        );
    }));
}

/// I5: when the peer resets the connection, a waiting reader and a waiting writer both end.
pub fn i05_must_a_reset_wakes_both_directions<E: Tcp>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    executor.block_on(stage.watch(async {
        for (reads, writes) in [(true, false), (false, true), (true, true)] {
            let (stream, peer) = pair::<E>(&handle).await;
            let mut stream = Shared::new(stream);
            if writes {
                let mut sent = Pattern::default();
                fill(&mut stream, &mut sent, MOST).await.expect("writable");
            } else {
                write_all(&mut stream, b"unread").await.expect("writable");
            }
            let what = who(reads, writes);
            let mut waiting = Vec::<Ending<'_>>::new();
            if reads {
                waiting.push(Box::pin(read_ends(stream.clone())));
            }
            if writes {
                waiting.push(Box::pin(write_ends(stream.clone())));
            }
            waiting.push(Box::pin(async {
                yield_once().await;
                yield_once().await;
                stage.at(format_args!(
                    "the peer has reset the connection; waiting: {what}"
                ));
                // What it has not read makes this a reset.
                drop(peer);
                None
            }));
            let errors: Vec<_> = join_all(waiting).await.into_iter().flatten().collect();
            assert!(
                errors.contains(&io::ErrorKind::ConnectionReset),
                "the peer reset the connection, and nobody was told; waiting: {what}; errors: \
                 {errors:?}"
            );
        }
    }));
}

type Ending<'a> = Pin<Box<dyn Future<Output = Option<io::ErrorKind>> + 'a>>;

fn who(reads: bool, writes: bool) -> &'static str {
    match (reads, writes) {
        (true, true) => "a reader and a writer",
        (true, false) => "a reader",
        _ => "a writer",
    }
}

/// The error by which a read ends; the end, if the writer was given the error.
async fn read_ends(
    mut stream: Shared<impl futures_io::AsyncRead + Unpin>,
) -> Option<io::ErrorKind> {
    match read_byte(&mut stream).await {
        Ok(Some(byte)) => panic!("the peer has sent nothing, and {byte} was read"),
        Ok(None) => None,
        Err(error) => Some(error.kind()),
    }
}

/// The error by which a write ends.
async fn write_ends(
    mut stream: Shared<impl futures_io::AsyncWrite + Unpin>,
) -> Option<io::ErrorKind> {
    let written = write_all(&mut stream, &[0; 1024]).await;
    Some(
        written
            .expect_err("a write to a reset connection fails")
            .kind(),
    )
}

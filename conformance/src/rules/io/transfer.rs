//! I14: much data.

use std::future::poll_fn;
use std::io::{self, IoSlice, Read as _};
use std::net::TcpStream;
use std::pin::Pin;
use std::thread;

use futures_io::AsyncWrite;

use super::stream::{Pattern, close, fill, on_thread, pair, write_all};
use crate::Case;
use crate::adapter::Tcp;
use crate::devices::Stage;

/// I14: what is written arrives, byte for byte, whoever has to wait and however it is cut.
pub fn i14_must_large_writes_arrive_byte_exact<E: Tcp>(case: &Case) {
    /// Much more than a system keeps for a connection, unless it was told to.
    const MOST: u64 = 256 << 20;
    const MORE: u64 = 6 << 20;
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    executor.block_on(stage.watch(async {
        let (mut stream, peer) = pair::<E>(&handle).await;
        let mut sent = Pattern::default();
        stage.at("a writer whose peer reads nothing");
        fill(&mut stream, &mut sent, MOST)
            .await
            .expect("a writer has to wait");
        let mut rng = case.rng(1);
        let reader = on_thread(move || check_all(peer, &mut rng));
        stage.at("a writer whose peer reads: it was not woken");
        let mut rng = case.rng(0);
        let end = sent.position() + MORE;
        let mut buffer = vec![0; 300_000];
        while sent.position() < end {
            let length = rng.usize(1..=buffer.len());
            sent.peek(&mut buffer[..length]);
            if rng.bool() {
                write_all(&mut stream, &buffer[..length])
                    .await
                    .expect("a write to a peer that is there");
                sent.advance(length);
            } else {
                let slices = cut(&buffer[..length], &mut rng);
                let written = write_vectored(&mut stream, &slices)
                    .await
                    .expect("a write to a peer that is there");
                assert!(
                    (1..=length).contains(&written),
                    "a vectored write gave {written} of {length} bytes"
                );
                sent.advance(written);
            }
        }
        close(&mut stream)
            .await
            .expect("a write to a peer that is there");
        stage.at("a closed stream: its peer has not seen the end");
        let received = reader.await.unwrap_or_else(|wrong| panic!("{wrong}"));
        assert_eq!(received, sent.position(), "bytes arrived");
    }));
}

async fn write_vectored<S: AsyncWrite + Unpin>(
    stream: &mut S,
    slices: &[IoSlice<'_>],
) -> io::Result<usize> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_write_vectored(cx, slices)).await
}

/// The same bytes in up to eight slices, some of which may be empty.
fn cut<'a>(mut bytes: &'a [u8], rng: &mut fastrand::Rng) -> Vec<IoSlice<'a>> {
    let mut slices = vec![IoSlice::new(&[])];
    for _ in 0..rng.usize(0..7) {
        let (first, rest) = bytes.split_at(rng.usize(0..=bytes.len()));
        slices.push(IoSlice::new(first));
        bytes = rest;
    }
    slices.push(IoSlice::new(bytes));
    slices
}

/// Reads to the end in pieces of any size, with pauses; gives the number of bytes.
fn check_all(mut peer: TcpStream, rng: &mut fastrand::Rng) -> Result<u64, String> {
    let mut pattern = Pattern::default();
    let mut buffer = vec![0; 500_000];
    loop {
        let length = rng.usize(1..=buffer.len());
        let length = peer.read(&mut buffer[..length]);
        match length.map_err(|error| error.to_string())? {
            0 => return Ok(pattern.position()),
            length => pattern.check(&buffer[..length])?,
        }
        if rng.u8(..) < 16 {
            thread::yield_now();
        }
    }
}

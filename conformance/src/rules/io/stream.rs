//! Streams in the hands of the rules: operations, connected pairs, patterns, peers.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::{self, Ipv4Addr};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::thread;

use futures_io::{AsyncRead, AsyncWrite};

use crate::adapter::Tcp;
use crate::devices::{gate, join_all, yield_once};

/// Reads once.
pub(super) async fn read<S: AsyncRead + Unpin>(
    stream: &mut S,
    buffer: &mut [u8],
) -> io::Result<usize> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, buffer)).await
}

/// Reads one byte; `None` at the end.
pub(super) async fn read_byte<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<u8>> {
    let mut byte = [0];
    let length = read(stream, &mut byte).await?;
    Ok((length == 1).then_some(byte[0]))
}

/// Writes all of `bytes` and flushes.
pub(super) async fn write_all<S: AsyncWrite + Unpin>(
    stream: &mut S,
    mut bytes: &[u8],
) -> io::Result<()> {
    while !bytes.is_empty() {
        let length = poll_fn(|cx| Pin::new(&mut *stream).poll_write(cx, bytes)).await?;
        assert!(length > 0, "a write of {} bytes gave 0", bytes.len());
        bytes = &bytes[length..];
    }
    poll_fn(|cx| Pin::new(&mut *stream).poll_flush(cx)).await
}

/// Closes the writing direction.
pub(super) async fn close<S: AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_close(cx)).await
}

/// Polls `future` once with the caller's waker; it goes on if it is kept.
pub(super) async fn once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

/// Begins to read, so that the stream waits for its peer.
///
/// # Panics
///
/// If there was something to read.
pub(super) async fn begin_read<S: AsyncRead + Unpin>(stream: &mut S) {
    let mut byte = [0];
    let polled = once(pin!(read(stream, &mut byte))).await;
    if let Poll::Ready(got) = polled {
        panic!("a read ended though the peer has sent nothing: {got:?}, {byte:?}");
    }
}

/// Reads a byte, and lets `event` happen while the read waits.
///
/// The read is polled again only when it was woken: another try would find out by itself.
pub(super) async fn read_through<S: AsyncRead + Unpin>(
    stream: &mut S,
    event: impl FnOnce(),
) -> io::Result<Option<u8>> {
    type Reading<'a> = Pin<Box<dyn Future<Output = Option<io::Result<Option<u8>>>> + 'a>>;
    let reader: Reading<'_> = Box::pin(async { Some(read_byte(stream).await) });
    let other: Reading<'_> = Box::pin(async {
        yield_once().await;
        yield_once().await;
        event();
        None
    });
    let ended = join_all([reader, other]).await;
    let got = ended.into_iter().flatten().next();
    got.expect("the reader ends with a result")
}

/// A stream that several futures of one thread use.
pub(super) struct Shared<S>(Rc<RefCell<S>>);

impl<S> Shared<S> {
    pub(super) fn new(stream: S) -> Self {
        Self(Rc::new(RefCell::new(stream)))
    }
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Shared<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Shared<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_write_vectored(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_close(cx)
    }
}

/// A listener of std's on a free port.
pub(super) fn std_listener() -> net::TcpListener {
    net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port")
}

/// A connection of the executor's, and its other end, which is std's.
pub(super) async fn pair<E: Tcp>(handle: &E::Handle) -> (E::Stream, net::TcpStream) {
    let listener = std_listener();
    let address = listener.local_addr().expect("a listener has an address");
    let stream = E::connect(handle, address)
        .await
        .expect("`connect` to a listener works");
    let (peer, _) = listener.accept().expect("the connection has been made");
    peer.set_nodelay(true).expect("a socket has options");
    (stream, peer)
}

/// Does `work` on a thread; the result can be awaited, so that a peer which waits for ever is
/// noticed.
pub(super) fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = T> {
    let (done, opener) = gate();
    let thread = thread::spawn(move || {
        let result = work();
        opener.open();
        result
    });
    async move {
        done.await;
        thread.join().expect("it has come to its end")
    }
}

/// Sends back what arrives, on a thread, until the connection ends.
pub(super) fn echo(mut peer: net::TcpStream) -> impl Future<Output = io::Result<()>> {
    on_thread(move || {
        let mut buffer = [0; 16 << 10];
        loop {
            let length = peer.read(&mut buffer)?;
            if length == 0 {
                return Ok(());
            }
            peer.write_all(&buffer[..length])?;
        }
    })
}

/// A stream of bytes of which each tells where it belongs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pattern(u64);

impl Pattern {
    /// Fills `buffer` with the bytes that come next, without passing on.
    pub(super) fn peek(&self, buffer: &mut [u8]) {
        let mut at = *self;
        for piece in buffer.chunks_mut(PIECE) {
            piece.copy_from_slice(at.next(piece.len()));
            at.advance(piece.len());
        }
    }

    /// Passes on by `length` bytes.
    pub(super) fn advance(&mut self, length: usize) {
        self.0 += length as u64;
    }

    /// Compares `bytes` with those that come next, and passes on.
    pub(super) fn check(&mut self, bytes: &[u8]) -> Result<(), String> {
        for piece in bytes.chunks(PIECE) {
            let due = self.next(piece.len());
            if piece != due {
                let same = piece.iter().zip(due).take_while(|(byte, due)| byte == due);
                let wrong = same.count();
                return Err(format!(
                    "byte {} of the stream is {}, not {}",
                    self.0 + wrong as u64,
                    piece[wrong],
                    due[wrong]
                ));
            }
            self.advance(piece.len());
        }
        Ok(())
    }

    /// How many bytes have passed.
    pub(super) fn position(&self) -> u64 {
        self.0
    }

    /// The bytes that come next, at most a piece of them.
    fn next(&self, length: usize) -> &'static [u8] {
        let start = (self.0 % PERIOD as u64) as usize;
        &BYTES[start..start + length]
    }
}

/// The period has no factor in common with sizes that buffers have.
const PERIOD: usize = 251;
/// How much is copied or compared at once.
const PIECE: usize = 16 << 10;
static BYTES: [u8; PIECE + PERIOD] = {
    let mut bytes = [0; PIECE + PERIOD];
    let mut at = 0;
    while at < bytes.len() {
        bytes[at] = (at % PERIOD) as u8;
        at += 1;
    }
    bytes
};

/// Writes the pattern until the kernel takes no more; `Err` if it took `most` bytes.
pub(super) async fn fill<S: AsyncWrite + Unpin>(
    stream: &mut S,
    pattern: &mut Pattern,
    most: u64,
) -> Result<(), String> {
    let mut chunk = vec![0; 64 << 10];
    let mut refused = 0;
    while pattern.position() < most {
        pattern.peek(&mut chunk);
        let polled = once(pin!(poll_fn(|cx| {
            Pin::new(&mut *stream).poll_write(cx, &chunk)
        })))
        .await;
        refused += 1;
        match polled {
            Poll::Ready(Ok(length)) => {
                pattern.advance(length);
                refused = 0;
            }
            Poll::Ready(Err(error)) => return Err(error.to_string()),
            Poll::Pending if refused == REFUSALS => return Ok(()),
            Poll::Pending => yield_once().await,
        }
    }
    Err(format!(
        "{most} bytes were taken of a writer whose peer reads nothing"
    ))
}

/// A pending write may also mean that it is somebody else's turn; so many in a row do not.
const REFUSALS: u32 = 4;

//! The futures of a stream's operations.

use std::io::{self, IoSlice, IoSliceMut};

use rustix::net::RecvFlags;

use executor_core::driver::Interest;

use crate::operation::operation;
use crate::sys;
use crate::wait::Step;

operation! {
    /// Waits until a read will make progress; made by the `readable` methods.
    pub struct Readable<'a> {}
    Readable -> ();
    attempt(fd): sys::ready_now(fd, Interest::Readable).map(|_| Step::done(()));
}

operation! {
    /// Waits until a write will make progress; made by the `writable` methods.
    pub struct Writable<'a> {}
    Writable -> ();
    attempt(fd): sys::ready_now(fd, Interest::Writable).map(|_| Step::done(()));
}

operation! {
    /// Reads once; made by the `read` methods of streams.
    pub struct Read<'a> { buf: &'a mut [u8] }
    Readable -> usize;
    at_once: buf.is_empty().then_some(0);
    attempt(fd): sys::recv(fd, buf, RecvFlags::empty())
        .map(|length| Step::done(length).short(is_short(length, buf.len())));
}

operation! {
    /// Reads once into several buffers; made by the `read_vectored` methods of streams.
    pub struct ReadVectored<'a, 'b> { bufs: &'a mut [IoSliceMut<'b>] }
    Readable -> usize;
    at_once: bufs.iter().all(|buf| buf.is_empty()).then_some(0);
    attempt(fd): sys::recv_vectored(fd, bufs).map(Step::done);
}

operation! {
    /// Looks at what a read would give, and leaves it there; made by the `peek` methods of
    /// streams.
    pub struct Peek<'a> { buf: &'a mut [u8] }
    Readable -> usize;
    at_once: buf.is_empty().then_some(0);
    attempt(fd): sys::recv(fd, buf, RecvFlags::PEEK).map(Step::done);
}

operation! {
    /// Reads until the buffer is full; made by the `read_exact` methods of streams.
    pub struct ReadExact<'a> { buf: &'a mut [u8], filled: usize }
    Readable -> ();
    at_once: (*filled == buf.len()).then_some(());
    attempt(fd): {
        let rest = &mut buf[*filled..];
        let length = sys::recv(fd, rest, RecvFlags::empty())?;
        if length == 0 {
            return Err(ended_early(*filled, buf.len()));
        }
        let short = is_short(length, rest.len());
        *filled += length;
        Ok(all(*filled == buf.len()).short(short))
    };
}

operation! {
    /// Writes once; made by the `write` methods of streams.
    pub struct Write<'a> { buf: &'a [u8] }
    Writable -> usize;
    at_once: buf.is_empty().then_some(0);
    attempt(fd): sys::send(fd, buf)
        .map(|length| Step::done(length).short(is_short(length, buf.len())));
}

operation! {
    /// Writes once from several buffers; made by the `write_vectored` methods of streams.
    pub struct WriteVectored<'a> { bufs: &'a [IoSlice<'a>] }
    Writable -> usize;
    at_once: bufs.iter().all(|buf| buf.is_empty()).then_some(0);
    attempt(fd): sys::send_vectored(fd, bufs).map(Step::done);
}

operation! {
    /// Writes all of a buffer; made by the `write_all` methods of streams.
    pub struct WriteAll<'a> { buf: &'a [u8], written: usize }
    Writable -> ();
    at_once: (*written == buf.len()).then_some(());
    attempt(fd): {
        let rest = &buf[*written..];
        let length = sys::send(fd, rest)?;
        *written += length;
        Ok(all(*written == buf.len()).short(is_short(length, rest.len())))
    };
}

/// Whether a transfer left the system with nothing more to give or to take.
///
/// The end of a stream, a read of nothing, is not such a transfer: it stays ready for ever.
pub(crate) fn is_short(length: usize, asked: usize) -> bool {
    (1..asked).contains(&length)
}

fn all(done: bool) -> Step<()> {
    if done { Step::done(()) } else { Step::more() }
}

fn ended_early(filled: usize, wanted: usize) -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        format!("the stream ended after {filled} of the {wanted} bytes that were to be read"),
    )
}

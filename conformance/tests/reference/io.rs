//! A socket that is tried, and waited for when it would block.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use std::pin::Pin;

use super::core::Core;
use super::fault::{Fault, broken};
use super::poller::{Direction, Source, gone};
use super::unsound::Lent;
use super::{dropped, lock};

/// A socket of an executor's; it stays open when that is gone, and then fails where it would wait.
pub(crate) struct Io<S: AsFd> {
    socket: S,
    source: Arc<Source>,
    core: Weak<Core>,
    /// Whether the last read gave less than it could have; only a fault looks at it.
    was_short: AtomicBool,
    /// The buffer of the read that waits; only a fault keeps it.
    lent: Mutex<Option<Lent>>,
}

impl<S: AsFd> Io<S> {
    /// Takes up a socket, which does not block.
    pub(crate) fn new(core: &Weak<Core>, socket: S) -> io::Result<Self> {
        let source = core.upgrade().ok_or_else(gone)?.poller.add(&socket)?;
        if broken(Fault::DescriptorsInherited) {
            rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::empty())?;
        }
        Ok(Self {
            socket,
            source,
            core: core.clone(),
            was_short: AtomicBool::new(false),
            lent: Mutex::default(),
        })
    }

    pub(crate) fn socket(&self) -> &S {
        &self.socket
    }

    /// Tries until it does not block.
    pub(crate) fn poll_with<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut attempt: impl FnMut(&S) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        loop {
            match attempt(&self.socket) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
        self.wait(cx, direction)
    }

    fn wait<T>(&self, cx: &mut Context<'_>, direction: Direction) -> Poll<io::Result<T>> {
        let Some(core) = self.core.upgrade() else {
            return ended();
        };
        if core.poller.is_closed() {
            return ended();
        }
        if broken(Fault::EdgeForgotten) {
            // The window between the vain try and the wait.
            (0..20).for_each(|_| std::thread::yield_now());
        }
        let waker = cx.waker();
        match core
            .poller
            .wait_for(&self.source, &self.socket, direction, waker)
        {
            Ok(()) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

/// What a socket says when nobody will tell that it is ready.
fn ended<T>() -> Poll<io::Result<T>> {
    match broken(Fault::LateSocketHangs) {
        true => Poll::Pending,
        false => Poll::Ready(Err(gone())),
    }
}

impl<S: AsFd> Drop for Io<S> {
    fn drop(&mut self) {
        if let Some(lent) = lock(&self.lent).take() {
            dropped::leave(&self.socket, lent);
        }
        if broken(Fault::DropEndsConnection) {
            // It fails where there is no connection.
            let _ = socket2::SockRef::from(&self.socket).shutdown(std::net::Shutdown::Both);
        }
        if let Some(core) = self.core.upgrade() {
            core.poller.remove(&self.source, &self.socket);
        }
    }
}

/// The streams, which are both read and written through a shared reference.
impl<S> AsyncRead for Io<S>
where
    S: AsFd + Unpin,
    for<'a> &'a S: Read,
{
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        // SeqCst: nothing hangs on it but a fault.
        if self.was_short.swap(false, SeqCst) {
            return self.wait(cx, Direction::Read);
        }
        let room = buffer.len();
        let read = self.poll_with(cx, Direction::Read, |mut socket| socket.read(buffer));
        if let Poll::Ready(Ok(length)) = read {
            let short = length > 0 && length < room;
            let drained = short && broken(Fault::ShortReadMeansDrained);
            self.was_short.store(drained, SeqCst);
        }
        if broken(Fault::DroppedReadGoesOn) {
            *lock(&self.lent) = read.is_pending().then(|| Lent::new(buffer));
        }
        read
    }
}

impl<S> AsyncWrite for Io<S>
where
    S: AsFd + Unpin + Shut,
    for<'a> &'a S: Write,
{
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.poll_with(cx, Direction::Write, |mut socket| socket.write(bytes));
        match written {
            Poll::Ready(Ok(_)) if broken(Fault::ShortWriteClaimsAll) => {
                Poll::Ready(Ok(bytes.len()))
            }
            written => written,
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if broken(Fault::VectoredWritesFirstOnly) {
            let all = parts.iter().map(|part| part.len()).sum();
            let first = parts.first().map_or(&[][..], |part| part);
            return self.poll_write(cx, first).map_ok(|_| all);
        }
        self.poll_with(cx, Direction::Write, |mut socket| {
            socket.write_vectored(parts)
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if broken(Fault::CloseClosesBoth) {
            return Poll::Ready(self.socket.shut(std::net::Shutdown::Both));
        }
        Poll::Ready(self.socket.shut(std::net::Shutdown::Write))
    }
}

/// Streams, of which a half can be closed.
pub(crate) trait Shut {
    fn shut(&self, half: std::net::Shutdown) -> io::Result<()>;
}

impl Shut for std::net::TcpStream {
    fn shut(&self, half: std::net::Shutdown) -> io::Result<()> {
        self.shutdown(half)
    }
}

impl Shut for std::os::unix::net::UnixStream {
    fn shut(&self, half: std::net::Shutdown) -> io::Result<()> {
        self.shutdown(half)
    }
}

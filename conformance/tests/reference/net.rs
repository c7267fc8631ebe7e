//! Sockets: how they are made, and what is special about some.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Weak;
use std::task::Poll;

use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use super::core::Core;
use super::fault::{Fault, broken};
use super::io::Io;
use super::poller::Direction;

/// Connects a stream of the given kind.
///
/// Dropping the future closes the socket.
pub(crate) async fn connect<S>(
    core: &Weak<Core>,
    domain: Domain,
    address: SockAddr,
) -> io::Result<Io<S>>
where
    S: AsFd + From<Socket>,
{
    let socket = Socket::new(domain, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    let under_way = match socket.connect(&address) {
        Ok(()) => false,
        // What a Unix socket says when the listener's queue is full is an error, not a promise.
        Err(error) if error.raw_os_error() == Some(IN_PROGRESS) => true,
        Err(error) => return Err(error),
    };
    let io = Io::new(core, S::from(socket))?;
    let io = LeakIfDropped(Some(io));
    if under_way {
        let mut asked = false;
        poll_fn(|cx| {
            let stream = io.0.as_ref().expect("it is taken only at the end");
            stream.poll_with(cx, Direction::Write, |socket| {
                // Connected or not, it is writable when that is decided, and not before.
                let decided = asked && is_writable(socket);
                asked = true;
                decided.then_some(()).ok_or(ErrorKind::WouldBlock.into())
            })
        })
        .await?;
    }
    let stream = io.take();
    if !broken(Fault::ConnectErrorLost) {
        error_of(stream.socket())?;
    }
    Ok(stream)
}

/// Linux's EINPROGRESS, for which std has no kind that is stable.
const IN_PROGRESS: i32 = 115;

fn is_writable(socket: &impl AsFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut asked = [PollFd::new(socket, PollFlags::OUT)];
    let at_once = Timespec::default();
    matches!(poll(&mut asked, Some(&at_once)), Ok(ready) if ready > 0)
}

fn error_of(socket: &impl AsFd) -> io::Result<()> {
    SockRef::from(socket).take_error()?.map_or(Ok(()), Err)
}

/// A connection that is being made; only a fault keeps it when it is dropped.
struct LeakIfDropped<S: AsFd>(Option<Io<S>>);

impl<S: AsFd> LeakIfDropped<S> {
    fn take(mut self) -> Io<S> {
        self.0.take().expect("it is taken once")
    }
}

impl<S: AsFd> Drop for LeakIfDropped<S> {
    fn drop(&mut self) {
        if broken(Fault::DroppedConnectLeaks) {
            std::mem::forget(self.0.take());
        }
    }
}

/// A listener and, for a fault, whether it has failed.
pub(crate) struct Listening<L: AsFd> {
    pub(crate) io: Io<L>,
    failed: bool,
    /// Whether a fault gives the next connection to an `accept` that was dropped.
    owed: Cell<bool>,
}

/// Tells a broken listener that an `accept` was dropped.
struct AcceptWaits<'a>(bool, &'a Cell<bool>);

impl Drop for AcceptWaits<'_> {
    fn drop(&mut self) {
        if self.0 {
            self.1.set(true);
        }
    }
}

impl<L: Listener> Listening<L> {
    pub(crate) fn new(core: &Weak<Core>, listener: L) -> io::Result<Self> {
        listener.unblock()?;
        Ok(Self {
            io: Io::new(core, listener)?,
            failed: false,
            owed: Cell::new(false),
        })
    }

    /// Takes the next connection; dropping the future leaves it where it is.
    pub(crate) async fn accept(&mut self, core: &Weak<Core>) -> io::Result<Io<L::Stream>> {
        if self.failed {
            yield_once().await;
            return Err(io::Error::other("the listener has failed"));
        }
        let mut waiting = AcceptWaits(broken(Fault::DroppedAcceptKeeps), &self.owed);
        let next = || poll_fn(|cx| self.io.poll_with(cx, Direction::Read, L::take_next));
        let mut accepted = next().await;
        while self.owed.replace(false) {
            // It belongs to one who has gone, and stays open.
            std::mem::forget(accepted);
            accepted = next().await;
        }
        self.failed = accepted.is_err() && broken(Fault::FailedAcceptEndsListener);
        if accepted.is_err() && !broken(Fault::FailedAcceptHogs) {
            // Who tries again at once, while there are no descriptors, must not starve others.
            yield_once().await;
        }
        waiting.0 = false;
        Io::new(core, accepted?)
    }
}

async fn yield_once() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The listeners of std.
pub(crate) trait Listener: AsFd {
    type Stream: AsFd;

    fn unblock(&self) -> io::Result<()>;

    /// Takes a connection, whose socket does not block.
    fn take_next(&self) -> io::Result<Self::Stream>;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    fn unblock(&self) -> io::Result<()> {
        self.set_nonblocking(true)
    }

    fn take_next(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.accept()?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;

    fn unblock(&self) -> io::Result<()> {
        self.set_nonblocking(true)
    }

    fn take_next(&self) -> io::Result<UnixStream> {
        let (stream, _) = self.accept()?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    }
}

/// Listens at a path.
pub(crate) fn listen_unix(core: &Weak<Core>, path: &Path) -> io::Result<Listening<UnixListener>> {
    if broken(Fault::BindUnlinks) {
        let _ = std::fs::remove_file(path);
    }
    Listening::new(core, UnixListener::bind(path)?)
}

/// Receives a datagram.
pub(crate) async fn receive(
    socket: &Io<UdpSocket>,
    buffer: &mut [u8],
) -> io::Result<(usize, SocketAddr)> {
    let received = poll_fn(|cx| {
        socket.poll_with(cx, Direction::Read, |socket| {
            let received = socket.recv_from(buffer)?;
            if broken(Fault::EmptyDatagramSkipped) && received.0 == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            Ok(received)
        })
    });
    let (length, from) = received.await?;
    if broken(Fault::EmptyDatagramIsEnd) && length == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok((length, from))
}

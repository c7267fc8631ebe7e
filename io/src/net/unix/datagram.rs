//! Unix datagrams.

use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustix::net::{RecvFlags, SocketAddrUnix};
use socket2::{Domain, Type};

use super::addr;
use crate::error;
use crate::net::datagram::impl_connected_datagrams;
use crate::net::impl_socket;
use crate::operation::operation;
use crate::registration::{Socket, current_reactor};
use crate::sys;
use crate::wait::Step;

/// A socket for datagrams between processes of one machine.
///
/// One operation is one datagram: a datagram that is longer than the buffer is cut, and the rest
/// is lost. A datagram can be empty. Datagrams arrive whole and in order. Dropping a bound socket
/// leaves its file in the file system.
///
/// ```
/// use anyloop_io::UnixDatagram;
///
/// # let runtime = backend_epoll::Epoll::new()?;
/// runtime.block_on(async {
///     let (a, b) = UnixDatagram::pair()?;
///     a.send(b"hello").await?;
///     let mut buf = [0; 64];
///     let length = b.recv(&mut buf).await?;
///     assert_eq!(&buf[..length], b"hello");
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct UnixDatagram {
    socket: Socket,
}

impl_socket!(UnixDatagram, std::os::unix::net::UnixDatagram, SaysNothing);
impl_connected_datagrams!(UnixDatagram);

impl UnixDatagram {
    /// Binds a socket to `path`.
    ///
    /// # Errors
    ///
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) if the path exists;
    /// [`Unsupported`](io::ErrorKind::Unsupported) outside of a runtime; else what the system
    /// says.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::bind_addr(&addr::from_path(path.as_ref())?)
    }

    /// As [`bind`](Self::bind), to an address that may have an abstract name.
    ///
    /// # Errors
    ///
    /// Those of [`bind`](Self::bind).
    pub fn bind_addr(addr: &SocketAddr) -> io::Result<Self> {
        let reactor = current_reactor()?;
        let socket = sys::new_socket(Domain::UNIX, Type::DGRAM)?;
        addr::bind(&socket, addr)?;
        Ok(Self::from_fd(reactor, socket.into()))
    }

    /// A socket without an address, to send from.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) outside of a runtime; else what the system
    /// says.
    pub fn unbound() -> io::Result<Self> {
        let reactor = current_reactor()?;
        let socket = sys::new_socket(Domain::UNIX, Type::DGRAM)?;
        Ok(Self::from_fd(reactor, socket.into()))
    }

    /// Two sockets that are connected to each other.
    ///
    /// # Errors
    ///
    /// Those of [`unbound`](Self::unbound).
    pub fn pair() -> io::Result<(Self, Self)> {
        let reactor = current_reactor()?;
        let (a, b) = sys::new_pair(Type::DGRAM)?;
        Ok((
            Self::from_fd(Arc::clone(&reactor), a),
            Self::from_fd(reactor, b),
        ))
    }

    /// Sets the peer for [`send`](Self::send) and [`recv`](Self::recv); it never waits.
    ///
    /// # Errors
    ///
    /// What the system says, with the path in the message.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.connect_addr(&addr::from_path(path.as_ref())?)
    }

    /// As [`connect`](Self::connect), to an address that may have an abstract name.
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect).
    pub fn connect_addr(&self, addr: &SocketAddr) -> io::Result<()> {
        addr::to_system(addr)
            .and_then(|system| Ok(rustix::net::connect(self, &system)?))
            .map_err(|error| error::failed(format!("connect {}", addr::describe(addr)), error))
    }

    /// Sends a datagram to the socket at `path`.
    ///
    /// # Errors
    ///
    /// That the path cannot be an address, at once; awaiting gives what the system says: such as
    /// [`NotFound`](io::ErrorKind::NotFound) where nothing was bound.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it has finished has sent nothing.
    #[track_caller]
    pub fn send_to<'a>(
        &'a self,
        buf: &'a [u8],
        path: impl AsRef<Path>,
    ) -> io::Result<SendToUnix<'a>> {
        self.send_to_addr(buf, &addr::from_path(path.as_ref())?)
    }

    /// As [`send_to`](Self::send_to), to an address that may have an abstract name.
    ///
    /// # Errors
    ///
    /// Those of [`send_to`](Self::send_to).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it has finished has sent nothing.
    #[track_caller]
    pub fn send_to_addr<'a>(
        &'a self,
        buf: &'a [u8],
        to: &SocketAddr,
    ) -> io::Result<SendToUnix<'a>> {
        let to = addr::to_system(to)?;
        Ok(SendToUnix::new(self.socket.registration(), buf, to))
    }

    /// Receives a datagram, and gives its length and its sender.
    ///
    /// # Errors
    ///
    /// What the system says; or that the runtime of this socket has shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it has finished has received nothing.
    #[track_caller]
    pub fn recv_from<'a>(&'a self, buf: &'a mut [u8]) -> RecvFromUnix<'a> {
        RecvFromUnix::new(self.socket.registration(), buf, RecvFlags::empty())
    }

    /// As [`recv_from`](Self::recv_from), but leaves the datagram where it is.
    ///
    /// # Errors
    ///
    /// Those of [`recv_from`](Self::recv_from).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is ever taken.
    #[track_caller]
    pub fn peek_from<'a>(&'a self, buf: &'a mut [u8]) -> RecvFromUnix<'a> {
        RecvFromUnix::new(self.socket.registration(), buf, RecvFlags::PEEK)
    }

    /// Ends the receiving direction, the sending direction, or both.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn shutdown(&self, how: std::net::Shutdown) -> io::Result<()> {
        self.options().shutdown(how)
    }

    /// The address that the socket is bound to.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        addr::local(self.socket.get_ref())
    }

    /// The address that the socket is connected to.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if it is not.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        addr::peer(self.socket.get_ref())
    }

    fn from_socket(socket: Socket) -> Self {
        Self { socket }
    }
}

operation! {
    /// Receives a datagram and its sender; made by [`UnixDatagram::recv_from`] and
    /// [`UnixDatagram::peek_from`].
    pub struct RecvFromUnix<'a> { buf: &'a mut [u8], flags: RecvFlags }
    Readable -> (usize, SocketAddr);
    attempt(fd): received_from(fd, buf, *flags).map(Step::done);
}

operation! {
    /// Sends a datagram to an address; made by [`UnixDatagram::send_to`].
    pub struct SendToUnix<'a> { buf: &'a [u8], to: SocketAddrUnix }
    Writable -> usize;
    attempt(fd): sys::send_to_unix(fd, buf, to).map(Step::done);
}

fn received_from(
    fd: BorrowedFd<'_>,
    buf: &mut [u8],
    flags: RecvFlags,
) -> io::Result<(usize, SocketAddr)> {
    let (length, from) = sys::recv_from(fd, buf, flags)?;
    Ok((length, addr::from_system(from)?))
}

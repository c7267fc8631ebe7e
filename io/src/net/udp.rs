//! UDP.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::BorrowedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::net::RecvFlags;
use socket2::Type;

use executor_core::driver::Reactor;

use crate::net::addr::{LookupHost, ToSocketAddrs};
use crate::net::bind::{Bind, first_that_works};
use crate::net::datagram::impl_connected_datagrams;
use crate::net::impl_socket;
use crate::operation::operation;
use crate::registration::Socket;
use crate::sys;
use crate::wait::Step;

/// A UDP socket.
///
/// All operations take `&self`, so tasks can share one socket by reference or in an
/// [`Arc`]. One operation is one datagram: a datagram that is longer than the buffer
/// is cut, and the rest is lost. A datagram can be empty, so 0 bytes are not the end of anything.
///
/// ```
/// use anyloop_io::UdpSocket;
///
/// # let runtime = backend_epoll::Epoll::new()?;
/// runtime.block_on(async {
///     let a = UdpSocket::bind("127.0.0.1:0").await?;
///     let b = UdpSocket::bind("127.0.0.1:0").await?;
///     a.send_to(b"hello", b.local_addr()?).await?;
///
///     let mut buf = [0; 64];
///     let (length, from) = b.recv_from(&mut buf).await?;
///     assert_eq!((&buf[..length], from), (&b"hello"[..], a.local_addr()?));
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct UdpSocket {
    socket: Socket,
}

impl_socket!(UdpSocket, std::net::UdpSocket, SaysNothing);
impl_connected_datagrams!(UdpSocket);

impl UdpSocket {
    /// Binds a socket to the first of the addresses that will have it.
    ///
    /// Port 0 asks the system for a free port; see [`local_addr`](Self::local_addr).
    ///
    /// # Errors
    ///
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) and the like, with the address in the message;
    /// that a name cannot be resolved; [`Unsupported`](io::ErrorKind::Unsupported) outside of a
    /// runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: without a name to resolve it never waits.
    #[track_caller]
    pub fn bind(addr: impl ToSocketAddrs) -> Bind<Self> {
        Bind::new(&addr, Self::open)
    }

    /// Sets the peer for [`send`](Self::send) and [`recv`](Self::recv), the first of the
    /// addresses that will do; datagrams of others are no longer received.
    ///
    /// # Errors
    ///
    /// That a name cannot be resolved, or what the system says.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: without a name to resolve it never waits.
    #[track_caller]
    pub fn connect(&self, addr: impl ToSocketAddrs) -> ConnectUdp<'_> {
        ConnectUdp {
            socket: self,
            lookup: LookupHost::new(&addr),
        }
    }

    /// Sends a datagram to an address.
    ///
    /// # Errors
    ///
    /// What the system says; a datagram that is too long is not sent in part.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it has finished has sent nothing.
    #[track_caller]
    pub fn send_to<'a>(&'a self, buf: &'a [u8], to: SocketAddr) -> SendTo<'a> {
        SendTo::new(self.socket.registration(), buf, to)
    }

    /// Receives a datagram, and gives its length and its sender.
    ///
    /// # Errors
    ///
    /// What the system says, such as that an earlier datagram was refused by a connected peer; or
    /// that the runtime of this socket has shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it has finished has received nothing.
    #[track_caller]
    pub fn recv_from<'a>(&'a self, buf: &'a mut [u8]) -> RecvFrom<'a> {
        RecvFrom::new(self.socket.registration(), buf, RecvFlags::empty())
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
    pub fn peek_from<'a>(&'a self, buf: &'a mut [u8]) -> RecvFrom<'a> {
        RecvFrom::new(self.socket.registration(), buf, RecvFlags::PEEK)
    }

    /// Sends a datagram to an address if that is possible now.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if it is not, and those of
    /// [`send_to`](Self::send_to).
    pub fn try_send_to(&self, buf: &[u8], to: SocketAddr) -> io::Result<usize> {
        sys::send_to(self.socket.registration().fd(), buf, to)
    }

    /// Receives a datagram if one is there now.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if none is, and those of
    /// [`recv_from`](Self::recv_from).
    pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        received_from(self.socket.registration().fd(), buf, RecvFlags::empty())
    }

    /// The address that the socket is bound to.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        sys::local_addr(self.socket.get_ref())
    }

    /// The address that the socket is connected to.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if it is not.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        sys::peer_addr(self.socket.get_ref())
    }

    /// Whether the socket may send to a broadcast address.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.options().broadcast()
    }

    /// Lets the socket send to a broadcast address, or not.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.options().set_broadcast(broadcast)
    }

    /// How many hops an IPv4 datagram may take.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.options().ttl_v4()
    }

    /// Sets how many hops an IPv4 datagram may take.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.options().set_ttl_v4(ttl)
    }

    /// Receives what is sent to an IPv4 group, on the interface with the address `interface`, or
    /// on one that the system picks if that is unspecified.
    ///
    /// # Errors
    ///
    /// What the system says, such as for an address that is not a multicast group.
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.options().join_multicast_v4(&group, &interface)
    }

    /// Leaves a group that was joined by [`join_multicast_v4`](Self::join_multicast_v4).
    ///
    /// # Errors
    ///
    /// What the system says, such as for a group that was not joined.
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.options().leave_multicast_v4(&group, &interface)
    }

    /// Receives what is sent to an IPv6 group, on the interface with the index `interface`, or on
    /// one that the system picks if that is 0.
    ///
    /// # Errors
    ///
    /// What the system says, such as for an address that is not a multicast group.
    pub fn join_multicast_v6(&self, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        self.options().join_multicast_v6(&group, interface)
    }

    /// Leaves a group that was joined by [`join_multicast_v6`](Self::join_multicast_v6).
    ///
    /// # Errors
    ///
    /// What the system says, such as for a group that was not joined.
    pub fn leave_multicast_v6(&self, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        self.options().leave_multicast_v6(&group, interface)
    }

    /// Whether what this socket sends to an IPv4 group also comes back to this machine.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.options().multicast_loop_v4()
    }

    /// Sets whether what this socket sends to an IPv4 group also comes back to this machine.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_multicast_loop_v4(&self, comes_back: bool) -> io::Result<()> {
        self.options().set_multicast_loop_v4(comes_back)
    }

    /// How many hops a datagram to an IPv4 group may take.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.options().multicast_ttl_v4()
    }

    /// Sets how many hops a datagram to an IPv4 group may take.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.options().set_multicast_ttl_v4(ttl)
    }

    fn open(addr: SocketAddr, reactor: Arc<dyn Reactor>) -> io::Result<Self> {
        let socket = sys::new_socket_for(addr, Type::DGRAM)?;
        socket.bind(&addr.into())?;
        Ok(Self::from_fd(reactor, socket.into()))
    }

    fn from_socket(socket: Socket) -> Self {
        Self { socket }
    }
}

operation! {
    /// Receives a datagram and its sender; made by [`UdpSocket::recv_from`] and
    /// [`UdpSocket::peek_from`].
    pub struct RecvFrom<'a> { buf: &'a mut [u8], flags: RecvFlags }
    Readable -> (usize, SocketAddr);
    attempt(fd): received_from(fd, buf, *flags).map(Step::done);
}

operation! {
    /// Sends a datagram to an address; made by [`UdpSocket::send_to`].
    pub struct SendTo<'a> { buf: &'a [u8], to: SocketAddr }
    Writable -> usize;
    attempt(fd): sys::send_to(fd, buf, *to).map(Step::done);
}

/// Sets the peer of a socket; made by [`UdpSocket::connect`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct ConnectUdp<'a> {
    socket: &'a UdpSocket,
    lookup: LookupHost,
}

impl Future for ConnectUdp<'_> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { socket, lookup } = self.get_mut();
        let addrs = ready!(lookup.poll_addrs(cx))?;
        Poll::Ready(first_that_works(addrs, "connect", |addr| {
            socket.options().connect(&addr.into())
        }))
    }
}

fn received_from(
    fd: BorrowedFd<'_>,
    buf: &mut [u8],
    flags: RecvFlags,
) -> io::Result<(usize, SocketAddr)> {
    let (length, from) = sys::recv_from(fd, buf, flags)?;
    Ok((length, sys::internet_source(from)?))
}

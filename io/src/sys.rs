//! The system calls, each with the flags that this crate wants.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::net::{
    RecvFlags, SendAncillaryBuffer, SendFlags, SocketAddrAny, SocketAddrUnix, SocketFlags,
};
use socket2::{Domain, SockRef, Socket, Type};

use executor_core::driver::Interest;

/// As many slices as the system takes at once; what is beyond waits for the next call.
const MAX_SLICES: usize = 1024;

/// How many connections may wait to be accepted, unless the user says otherwise.
pub(crate) const BACKLOG: i32 = 1024;

/// An accepted socket, and the address of its peer, where the peer has one.
pub(crate) type Accepted = (OwnedFd, Option<SocketAddrAny>);

pub(crate) fn recv(fd: BorrowedFd<'_>, buf: &mut [u8], flags: RecvFlags) -> io::Result<usize> {
    let (length, _) = rustix::net::recv(fd, buf, flags)?;
    Ok(length)
}

pub(crate) fn recv_from(
    fd: BorrowedFd<'_>,
    buf: &mut [u8],
    flags: RecvFlags,
) -> io::Result<(usize, Option<SocketAddrAny>)> {
    let (length, _, from) = rustix::net::recvfrom(fd, buf, flags)?;
    Ok((length, from))
}

pub(crate) fn recv_vectored(fd: BorrowedFd<'_>, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
    Ok(rustix::io::readv(fd, bufs)?)
}

/// A peer that is gone is an error, never a signal.
pub(crate) fn send(fd: BorrowedFd<'_>, buf: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(fd, buf, SendFlags::NOSIGNAL)?)
}

pub(crate) fn send_vectored(fd: BorrowedFd<'_>, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    let bufs = &bufs[..bufs.len().min(MAX_SLICES)];
    let mut control = SendAncillaryBuffer::default();
    Ok(rustix::net::sendmsg(
        fd,
        bufs,
        &mut control,
        SendFlags::NOSIGNAL,
    )?)
}

pub(crate) fn send_to(fd: BorrowedFd<'_>, buf: &[u8], to: SocketAddr) -> io::Result<usize> {
    Ok(rustix::net::sendto(fd, buf, SendFlags::NOSIGNAL, &to)?)
}

pub(crate) fn send_to_unix(
    fd: BorrowedFd<'_>,
    buf: &[u8],
    to: &SocketAddrUnix,
) -> io::Result<usize> {
    Ok(rustix::net::sendto(fd, buf, SendFlags::NOSIGNAL, to)?)
}

/// Accepts a connection; one call makes it non-blocking and close-on-exec as well.
pub(crate) fn accept(fd: BorrowedFd<'_>) -> io::Result<Accepted> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    Ok(rustix::net::acceptfrom_with(fd, flags)?)
}

/// What `poll(2)` says about one direction, without waiting: `WouldBlock` if it is not ready.
pub(crate) fn ready_now(fd: BorrowedFd<'_>, interest: Interest) -> io::Result<PollFlags> {
    let flags = match interest {
        Interest::Readable => PollFlags::IN | PollFlags::RDHUP,
        Interest::Writable => PollFlags::OUT,
    };
    let mut fds = [PollFd::from_borrowed_fd(fd, flags)];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    match rustix::event::poll(&mut fds, Some(&at_once))? {
        0 => Err(io::ErrorKind::WouldBlock.into()),
        _ => Ok(fds[0].revents()),
    }
}

/// A new socket that does not block and that a child process does not inherit.
pub(crate) fn new_socket(domain: Domain, kind: Type) -> io::Result<Socket> {
    Socket::new_raw(domain, kind.nonblocking().cloexec(), None)
}

/// Two Unix sockets that are connected to each other.
pub(crate) fn new_pair(kind: Type) -> io::Result<(OwnedFd, OwnedFd)> {
    let (a, b) = Socket::pair_raw(Domain::UNIX, kind.nonblocking().cloexec(), None)?;
    Ok((a.into(), b.into()))
}

/// A new socket for the family of `addr`.
pub(crate) fn new_socket_for(addr: SocketAddr, kind: Type) -> io::Result<Socket> {
    new_socket(Domain::for_address(addr), kind)
}

pub(crate) fn set_nonblocking(fd: impl AsFd) -> io::Result<()> {
    Ok(rustix::io::ioctl_fionbio(fd, true)?)
}

pub(crate) fn local_addr(fd: &OwnedFd) -> io::Result<SocketAddr> {
    internet_addr(SockRef::from(fd).local_addr()?)
}

pub(crate) fn peer_addr(fd: &OwnedFd) -> io::Result<SocketAddr> {
    internet_addr(SockRef::from(fd).peer_addr()?)
}

/// The internet address that the system reported with a datagram or a connection.
pub(crate) fn internet_source(from: Option<SocketAddrAny>) -> io::Result<SocketAddr> {
    from.and_then(|addr| addr.try_into().ok())
        .ok_or_else(not_internet)
}

fn internet_addr(addr: socket2::SockAddr) -> io::Result<SocketAddr> {
    addr.as_socket().ok_or_else(not_internet)
}

fn not_internet() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the socket has no internet address: it was made from a descriptor of another family",
    )
}

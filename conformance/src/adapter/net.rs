//! The capabilities about sockets.
//!
//! Futures need not be `Send`, nor streams; the rules about I/O run in the root future.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use futures_io::{AsyncRead, AsyncWrite};

use super::Executor;

/// Capability `tcp`: TCP streams and listeners.
pub trait Tcp: Executor {
    /// A connected stream; both its halves may be used at the same time.
    ///
    /// Its `poll_close` ends the writing direction, so that the peer reads the end of the stream.
    type Stream: AsyncRead + AsyncWrite + Unpin + 'static;
    /// A listening socket.
    type Listener: 'static;

    /// Connects.
    fn connect(
        handle: &Self::Handle,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::Stream>>;

    /// Listens at an address, which may have port 0.
    fn listen(
        handle: &Self::Handle,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::Listener>>;

    /// Where a listener listens.
    fn local_addr(listener: &Self::Listener) -> io::Result<SocketAddr>;

    /// Takes the next connection.
    fn accept(listener: &mut Self::Listener) -> impl Future<Output = io::Result<Self::Stream>>;

    /// Makes a stream of one of std's, which is in blocking mode; `None` if that is not possible.
    fn stream_from_std(
        handle: &Self::Handle,
        stream: std::net::TcpStream,
    ) -> Option<io::Result<Self::Stream>>;

    /// The stream's descriptor or a duplicate of it, as one of std's; `None` if not possible.
    fn duplicate(stream: &Self::Stream) -> Option<io::Result<std::net::TcpStream>>;
}

/// Capability `udp`: datagrams.
pub trait Udp: Executor {
    /// A bound socket.
    type Socket: 'static;
    /// Whether a datagram that is longer than the buffer is cut (else it is an error).
    const TRUNCATES: bool = true;

    /// Binds to an address, which may have port 0.
    fn bind(
        handle: &Self::Handle,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::Socket>>;

    /// Where the socket is bound.
    fn local_addr(socket: &Self::Socket) -> io::Result<SocketAddr>;

    /// Sends a datagram.
    fn send_to(
        socket: &Self::Socket,
        bytes: &[u8],
        to: SocketAddr,
    ) -> impl Future<Output = io::Result<usize>>;

    /// Receives a datagram.
    fn recv_from(
        socket: &Self::Socket,
        bytes: &mut [u8],
    ) -> impl Future<Output = io::Result<(usize, SocketAddr)>>;
}

/// Capability `unix`: Unix stream sockets.
pub trait Unix: Executor {
    /// A connected stream.
    type Stream: AsyncRead + AsyncWrite + Unpin + 'static;
    /// A listening socket.
    type Listener: 'static;
    /// Whether dropping a listener removes its file.
    const UNLINKS: bool = false;

    /// Listens at a path.
    fn listen(
        handle: &Self::Handle,
        path: &Path,
    ) -> impl Future<Output = io::Result<Self::Listener>>;

    /// Connects to a path.
    fn connect(
        handle: &Self::Handle,
        path: &Path,
    ) -> impl Future<Output = io::Result<Self::Stream>>;

    /// Takes the next connection.
    fn accept(listener: &mut Self::Listener) -> impl Future<Output = io::Result<Self::Stream>>;
}

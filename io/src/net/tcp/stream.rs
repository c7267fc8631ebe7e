//! A TCP connection.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::TcpKeepalive;

use super::connect::{Connect, ConnectTimeout};
use crate::net::addr::ToSocketAddrs;
use crate::net::impl_socket;
use crate::registration::Socket;
use crate::stream::impl_duplex;
use crate::sys;

/// A TCP connection.
///
/// Reading and writing take `&self`, so tasks can share one stream by reference or in an
/// [`Arc`](std::sync::Arc); [`into_split`](Self::into_split) gives halves to own. It also
/// implements `AsyncRead` and `AsyncWrite` of `futures-io`, whose methods are for one task in each
/// direction at a time.
///
/// A stream belongs to the runtime in which it was made, and can be used anywhere while that
/// runtime lives. Dropping it closes the connection.
///
/// ```
/// use anyloop_io::{TcpListener, TcpStream};
///
/// # let runtime = backend_epoll::Epoll::new()?;
/// runtime.block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let client = TcpStream::connect(listener.local_addr()?).await?;
///     let (server, _) = listener.accept().await?;
///
///     client.write_all(b"ping").await?;
///     let mut buf = [0; 4];
///     server.read_exact(&mut buf).await?;
///     assert_eq!(&buf, b"ping");
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct TcpStream {
    pub(crate) socket: Socket,
}

impl_duplex!(TcpStream);
impl_socket!(TcpStream, std::net::TcpStream, Drains);

impl TcpStream {
    /// Connects to the first of the addresses that answers, tried in turn.
    ///
    /// # Errors
    ///
    /// That the name cannot be resolved; or why the last address failed, with the address in the
    /// message: [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) where nothing listens;
    /// [`Unsupported`](io::ErrorKind::Unsupported) outside of a runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the attempt, and closes its socket.
    #[track_caller]
    pub fn connect(addr: impl ToSocketAddrs) -> Connect {
        Connect::new(&addr)
    }

    /// As [`connect`](Self::connect), with a limit on the time for the look-up and all addresses
    /// together.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](io::ErrorKind::TimedOut) if there was no connection in time, and those of
    /// [`connect`](Self::connect).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the attempt, and closes its socket.
    #[track_caller]
    pub fn connect_timeout(addr: impl ToSocketAddrs, limit: Duration) -> ConnectTimeout {
        ConnectTimeout::new(Connect::new(&addr), limit)
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        sys::local_addr(self.socket.get_ref())
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if the connection is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        sys::peer_addr(self.socket.get_ref())
    }

    /// Whether small writes are sent at once rather than gathered (`TCP_NODELAY`).
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.options().tcp_nodelay()
    }

    /// Sends small writes at once, or gathers them; see [`nodelay`](Self::nodelay).
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.options().set_tcp_nodelay(nodelay)
    }

    /// How long the system goes on sending what is unsent when the stream is closed.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        self.options().linger()
    }

    /// Sets what happens to unsent bytes when the stream is closed: `None` leaves it to the
    /// system, zero discards them and resets the connection. Whole seconds count.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        self.options().set_linger(linger)
    }

    /// How many hops an IPv4 packet of this connection may take.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.options().ttl_v4()
    }

    /// Sets how many hops an IPv4 packet of this connection may take.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.options().set_ttl_v4(ttl)
    }

    /// Whether the system asks an idle peer if it is still there.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn keepalive(&self) -> io::Result<bool> {
        self.options().keepalive()
    }

    /// Asks a peer that has been idle for `after` if it is still there; `None` never asks. Whole
    /// seconds count.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_keepalive(&self, after: Option<Duration>) -> io::Result<()> {
        match after {
            Some(after) => self
                .options()
                .set_tcp_keepalive(&TcpKeepalive::new().with_time(after)),
            None => self.options().set_keepalive(false),
        }
    }

    pub(crate) fn from_socket(socket: Socket) -> Self {
        Self { socket }
    }
}

//! A Unix stream.

use std::future::Future;
use std::io;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use executor_core::Handle;
use executor_core::time::{Sleep, sleep};
use socket2::{Domain, Type};

use super::addr;
use crate::error;
use crate::net::impl_socket;
use crate::registration::{Socket, current_reactor, reactor_of};
use crate::stream::impl_duplex;
use crate::sys;

/// A stream between two processes of one machine.
///
/// It is used as a [`TcpStream`](crate::TcpStream) is.
///
/// ```
/// use anyloop_io::UnixStream;
///
/// # let runtime = backend_epoll::Epoll::new()?;
/// runtime.block_on(async {
///     let (a, b) = UnixStream::pair()?;
///     a.write_all(b"ping").await?;
///     let mut buf = [0; 4];
///     b.read_exact(&mut buf).await?;
///     assert_eq!(&buf, b"ping");
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct UnixStream {
    pub(crate) socket: Socket,
}

impl_duplex!(UnixStream);
// A read stops where descriptors or credentials came along, with more behind.
impl_socket!(UnixStream, std::os::unix::net::UnixStream, SaysNothing);

impl UnixStream {
    /// Connects to the socket at `path`.
    ///
    /// # Errors
    ///
    /// What the system says, with the path in the message: such as
    /// [`NotFound`](io::ErrorKind::NotFound) where nothing was bound, and
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) where nothing listens any more;
    /// [`Unsupported`](io::ErrorKind::Unsupported) outside of a runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the attempt, and closes its socket.
    #[track_caller]
    pub fn connect(path: impl AsRef<Path>) -> ConnectUnix {
        ConnectUnix::new(addr::from_path(path.as_ref()))
    }

    /// As [`connect`](Self::connect), to an address that may have an abstract name.
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the attempt, and closes its socket.
    #[track_caller]
    pub fn connect_addr(addr: &SocketAddr) -> ConnectUnix {
        ConnectUnix::new(Ok(addr.clone()))
    }

    /// Two streams that are connected to each other.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) outside of a runtime; else what the system
    /// says.
    pub fn pair() -> io::Result<(Self, Self)> {
        let reactor = current_reactor()?;
        let (a, b) = sys::new_pair(Type::STREAM)?;
        Ok((
            Self::from_fd(Arc::clone(&reactor), a),
            Self::from_fd(reactor, b),
        ))
    }

    /// The address of this end; most ends that connect have none.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        addr::local(self.socket.get_ref())
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if the connection is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        addr::peer(self.socket.get_ref())
    }

    pub(crate) fn from_socket(socket: Socket) -> Self {
        Self { socket }
    }
}

/// The first pause of a connection attempt whose listener has a full queue.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

/// Connects to a Unix socket; made by [`UnixStream::connect`].
///
/// While the listener's queue is full it tries again after pauses that grow to 64 ms: the system
/// has no way to wait for a place in that queue without blocking the thread.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct ConnectUnix {
    handle: Option<Handle>,
    addr: Option<io::Result<SocketAddr>>,
    pause: Duration,
    sleep: Option<Sleep>,
}

impl ConnectUnix {
    fn new(addr: io::Result<SocketAddr>) -> Self {
        Self {
            handle: Handle::try_current(),
            addr: Some(addr),
            pause: FIRST_PAUSE,
            sleep: None,
        }
    }

    fn attempt(&self, addr: &SocketAddr) -> io::Result<UnixStream> {
        let handle = self.handle.clone().map_or_else(Handle::current, Ok)?;
        let reactor = reactor_of(&handle)?;
        let fd = sys::new_socket(Domain::UNIX, Type::STREAM)?.into();
        rustix::net::connect(&fd, &addr::to_system(addr)?)
            .map_err(|errno| failed(addr, errno.into()))?;
        Ok(UnixStream::from_fd(reactor, fd))
    }
}

impl Future for ConnectUnix {
    type Output = io::Result<UnixStream>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        // One round for each attempt, with a pause between any two.
        loop {
            if let Some(sleep) = &mut this.sleep {
                ready!(Pin::new(sleep).poll(cx))?;
            }
            let addr = match this.addr.take() {
                Some(addr) => addr?,
                None => return Poll::Ready(Err(error::polled_again("connect"))),
            };
            match this.attempt(&addr) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    this.addr = Some(Ok(addr));
                    this.sleep = Some(sleep(this.pause));
                    this.pause = LONGEST_PAUSE.min(this.pause * 2);
                }
                outcome => return Poll::Ready(outcome),
            }
        }
    }
}

fn failed(addr: &SocketAddr, error: io::Error) -> io::Error {
    error::failed(format!("connect {}", addr::describe(addr)), error)
}

//! A Unix listener.

use std::io;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use socket2::{Domain, Type};

use super::addr;
use super::stream::UnixStream;
use crate::net::impl_socket;
use crate::net::tcp::listener::AcceptGate;
use crate::operation::operation;
use crate::registration::{Socket, current_reactor};
use crate::sys::{self, Accepted};
use crate::wait::Step;

/// A socket that accepts connections from processes of this machine.
///
/// Several tasks may wait for one listener. Dropping it closes it, and leaves its file in the
/// file system: remove the file yourself, before the next bind or after the end.
///
/// ```
/// use anyloop_io::{UnixListener, UnixStream};
///
/// # let runtime = backend_epoll::Epoll::new()?;
/// # let path = std::env::temp_dir().join(format!("anyloop-doc-{}", std::process::id()));
/// runtime.block_on(async {
///     let listener = UnixListener::bind(&path)?;
///     let client = UnixStream::connect(&path).await?;
///     let (server, _) = listener.accept().await?;
///     std::fs::remove_file(&path)?;
///
///     client.write_all(b"ping").await?;
///     let mut buf = [0; 4];
///     server.read_exact(&mut buf).await
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct UnixListener {
    socket: Socket,
    gate: AcceptGate,
}

impl_socket!(UnixListener, std::os::unix::net::UnixListener, SaysNothing);

impl UnixListener {
    /// Binds a socket to `path`, and listens.
    ///
    /// # Errors
    ///
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) if the path exists, also when nothing listens there
    /// any more; [`Unsupported`](io::ErrorKind::Unsupported) outside of a runtime; else what the
    /// system says.
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
        let socket = sys::new_socket(Domain::UNIX, Type::STREAM)?;
        addr::bind(&socket, addr)?;
        socket.listen(sys::BACKLOG)?;
        Ok(Self::from_fd(reactor, socket.into()))
    }

    /// Accepts a connection, and gives it with the address of its peer, which mostly has none.
    ///
    /// # Errors
    ///
    /// Those of [`TcpListener::accept`](crate::TcpListener::accept), each about one call.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it has finished has accepted nothing: the connection waits for
    /// the next call.
    #[track_caller]
    pub fn accept(&self) -> AcceptUnix<'_> {
        AcceptUnix::new(self.socket.registration(), self)
    }

    /// Accepts a connection if one waits now.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if none does, and those of
    /// [`accept`](Self::accept).
    pub fn try_accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        self.connection(sys::accept(self.socket.registration().fd())?)
    }

    /// The address that the listener is bound to.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        addr::local(self.socket.get_ref())
    }

    fn connection(&self, (fd, peer): Accepted) -> io::Result<(UnixStream, SocketAddr)> {
        let peer = addr::from_system(peer)?;
        let reactor = Arc::clone(self.socket.registration().reactor());
        Ok((UnixStream::from_fd(reactor, fd), peer))
    }

    fn from_socket(socket: Socket) -> Self {
        Self {
            socket,
            gate: AcceptGate::default(),
        }
    }
}

operation! {
    /// Accepts a connection; made by [`UnixListener::accept`].
    pub struct AcceptUnix<'a> { listener: &'a UnixListener }
    Readable -> (UnixStream, SocketAddr);
    attempt(fd): {
        let accepted = listener.gate.accept(fd)?;
        listener.connection(accepted).map(Step::done)
    };
}

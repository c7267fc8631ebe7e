//! A TCP listener.

use std::io;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use socket2::Type;

use executor_core::driver::{Interest, Reactor};

use super::stream::TcpStream;
use crate::net::addr::ToSocketAddrs;
use crate::net::bind::Bind;
use crate::net::impl_socket;
use crate::operation::operation;
use crate::registration::Socket;
use crate::sys::{self, Accepted};
use crate::wait::Step;

/// A socket that accepts TCP connections.
///
/// Several tasks may wait for one listener. Dropping it closes it.
///
/// ```no_run
/// use anyloop_io::TcpListener;
///
/// # let runtime = backend_epoll::Epoll::new()?;
/// runtime.block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:8080").await?;
///     loop {
///         let (stream, peer) = listener.accept().await?;
///         executor_core::spawn(async move {
///             stream.write_all(format!("hello, {peer}\n").as_bytes()).await
///         });
///     }
///     # #[allow(unreachable_code)]
///     # Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct TcpListener {
    socket: Socket,
    gate: AcceptGate,
}

impl_socket!(TcpListener, std::net::TcpListener, SaysNothing);

impl TcpListener {
    /// Binds a socket to the first of the addresses that will have it, and listens.
    ///
    /// Port 0 asks the system for a free port; see [`local_addr`](Self::local_addr). An address
    /// whose former connections linger can be bound again at once. 1024 connections may wait to
    /// be accepted; [`listen`](Self::listen) changes that.
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

    /// Accepts a connection, and gives it with the address of its peer.
    ///
    /// # Errors
    ///
    /// Each error is about one call, and the listener goes on. Some concern one connection that
    /// went away, such as [`ConnectionAborted`](io::ErrorKind::ConnectionAborted): accept again.
    /// If the process has no descriptor left (`EMFILE`), every call fails until some are closed:
    /// sleep for a moment before the next. Also that the runtime of this listener has shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it has finished has accepted nothing: the connection waits for
    /// the next call.
    #[track_caller]
    pub fn accept(&self) -> Accept<'_> {
        Accept::new(self.socket.registration(), self)
    }

    /// Accepts a connection if one waits now.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if none does, and those of
    /// [`accept`](Self::accept).
    pub fn try_accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.connection(sys::accept(self.socket.registration().fd())?)
    }

    /// Sets how many connections may wait to be accepted.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn listen(&self, backlog: u32) -> io::Result<()> {
        let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
        self.options().listen(backlog)
    }

    /// The address that the listener is bound to.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        sys::local_addr(self.socket.get_ref())
    }

    /// How many hops an IPv4 packet of this listener may take.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.options().ttl_v4()
    }

    /// Sets how many hops an IPv4 packet of this listener may take.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.options().set_ttl_v4(ttl)
    }

    fn open(addr: SocketAddr, reactor: Arc<dyn Reactor>) -> io::Result<Self> {
        let socket = sys::new_socket_for(addr, Type::STREAM)?;
        socket.set_reuse_address(true)?;
        socket.bind(&addr.into())?;
        socket.listen(sys::BACKLOG)?;
        Ok(Self::from_fd(reactor, socket.into()))
    }

    fn connection(&self, (fd, peer): Accepted) -> io::Result<(TcpStream, SocketAddr)> {
        let peer = sys::internet_source(peer)?;
        let reactor = Arc::clone(self.socket.registration().reactor());
        Ok((TcpStream::from_fd(reactor, fd), peer))
    }

    fn from_socket(socket: Socket) -> Self {
        Self {
            socket,
            gate: AcceptGate::default(),
        }
    }
}

operation! {
    /// Accepts a connection; made by [`TcpListener::accept`].
    pub struct Accept<'a> { listener: &'a TcpListener }
    Readable -> (TcpStream, SocketAddr);
    attempt(fd): {
        let accepted = listener.gate.accept(fd)?;
        listener.connection(accepted).map(Step::done)
    };
}

/// Keeps an accept that would find nothing from being tried.
///
/// `accept4` makes a socket before it finds that no connection waits, which costs ten times as
/// much as asking `poll(2)`. After an event a connection is there; after an accept there may be
/// another, or not.
#[derive(Debug, Default)]
pub(crate) struct AcceptGate {
    /// Whether a connection was accepted since an accept would have blocked. A hint: relaxed.
    may_be_empty: AtomicBool,
}

impl AcceptGate {
    pub(crate) fn accept(&self, fd: BorrowedFd<'_>) -> io::Result<Accepted> {
        let outcome = self.try_accept(fd);
        let would_block = matches!(&outcome, Err(e) if e.kind() == io::ErrorKind::WouldBlock);
        self.may_be_empty.store(!would_block, Relaxed);
        outcome
    }

    fn try_accept(&self, fd: BorrowedFd<'_>) -> io::Result<Accepted> {
        if self.may_be_empty.load(Relaxed) {
            sys::ready_now(fd, Interest::Readable)?;
        }
        sys::accept(fd)
    }
}

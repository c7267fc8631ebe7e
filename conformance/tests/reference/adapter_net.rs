//! What the suite sees of the sockets.

use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Weak;

use executor_conformance::adapter::{Tcp, Udp, Unix};
use socket2::{Domain, SockAddr};

use super::adapter::{Handle, Reference};
use super::core::Core;
use super::io::Io;
use super::kinds::Kind;
use super::net::{self, Listening};
use super::poller::Direction;

/// A listener, and the executor that its connections belong to.
pub(crate) struct Listen<L: AsFd> {
    listening: Listening<L>,
    core: Weak<Core>,
}

impl<K: Kind> Tcp for Reference<K> {
    type Stream = Io<TcpStream>;
    type Listener = Listen<TcpListener>;

    async fn connect(handle: &Handle<K>, address: SocketAddr) -> io::Result<Io<TcpStream>> {
        net::connect(&handle.core, Domain::for_address(address), address.into()).await
    }

    async fn listen(handle: &Handle<K>, address: SocketAddr) -> io::Result<Listen<TcpListener>> {
        let core = handle.core.clone();
        let listening = Listening::new(&core, TcpListener::bind(address)?)?;
        Ok(Listen { listening, core })
    }

    fn local_addr(listener: &Listen<TcpListener>) -> io::Result<SocketAddr> {
        listener.listening.io.socket().local_addr()
    }

    async fn accept(listener: &mut Listen<TcpListener>) -> io::Result<Io<TcpStream>> {
        listener.listening.accept(&listener.core).await
    }

    fn stream_from_std(handle: &Handle<K>, stream: TcpStream) -> Option<io::Result<Io<TcpStream>>> {
        let unblocked = stream.set_nonblocking(true);
        Some(unblocked.and_then(|()| Io::new(&handle.core, stream)))
    }

    fn duplicate(stream: &Io<TcpStream>) -> Option<io::Result<TcpStream>> {
        Some(stream.socket().try_clone())
    }
}

impl<K: Kind> Udp for Reference<K> {
    type Socket = Io<UdpSocket>;

    async fn bind(handle: &Handle<K>, address: SocketAddr) -> io::Result<Io<UdpSocket>> {
        let socket = UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        Io::new(&handle.core, socket)
    }

    fn local_addr(socket: &Io<UdpSocket>) -> io::Result<SocketAddr> {
        socket.socket().local_addr()
    }

    async fn send_to(socket: &Io<UdpSocket>, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        let send = |socket: &UdpSocket| socket.send_to(bytes, to);
        poll_fn(|cx| socket.poll_with(cx, Direction::Write, send)).await
    }

    async fn recv_from(
        socket: &Io<UdpSocket>,
        bytes: &mut [u8],
    ) -> io::Result<(usize, SocketAddr)> {
        net::receive(socket, bytes).await
    }
}

impl<K: Kind> Unix for Reference<K> {
    type Stream = Io<UnixStream>;
    type Listener = Listen<UnixListener>;

    async fn listen(handle: &Handle<K>, path: &Path) -> io::Result<Listen<UnixListener>> {
        let core = handle.core.clone();
        let listening = net::listen_unix(&core, path)?;
        Ok(Listen { listening, core })
    }

    async fn connect(handle: &Handle<K>, path: &Path) -> io::Result<Io<UnixStream>> {
        net::connect(&handle.core, Domain::UNIX, SockAddr::unix(path)?).await
    }

    async fn accept(listener: &mut Listen<UnixListener>) -> io::Result<Io<UnixStream>> {
        listener.listening.accept(&listener.core).await
    }
}

//! Sockets, which are `anyloop-io`'s on every backend.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::path::Path;

use anyloop::net::{TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream};
use executor_conformance::adapter::{Tcp, Udp, Unix};
use executor_core::Handle;

use super::{Backend, On};

impl<B: Backend> Tcp for On<B> {
    type Stream = TcpStream;
    type Listener = TcpListener;

    async fn connect(_: &Handle, address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(address).await
    }

    async fn listen(_: &Handle, address: SocketAddr) -> io::Result<TcpListener> {
        TcpListener::bind(address).await
    }

    fn local_addr(listener: &TcpListener) -> io::Result<SocketAddr> {
        listener.local_addr()
    }

    async fn accept(listener: &mut TcpListener) -> io::Result<TcpStream> {
        Ok(TcpListener::accept(listener).await?.0)
    }

    fn stream_from_std(
        handle: &Handle,
        stream: std::net::TcpStream,
    ) -> Option<io::Result<TcpStream>> {
        Some(handle.enter(|| TcpStream::from_std(stream)))
    }

    fn duplicate(stream: &TcpStream) -> Option<io::Result<std::net::TcpStream>> {
        let duplicate = stream.as_fd().try_clone_to_owned();
        Some(duplicate.map(std::net::TcpStream::from))
    }
}

impl<B: Backend> Udp for On<B> {
    type Socket = UdpSocket;

    async fn bind(_: &Handle, address: SocketAddr) -> io::Result<UdpSocket> {
        UdpSocket::bind(address).await
    }

    fn local_addr(socket: &UdpSocket) -> io::Result<SocketAddr> {
        socket.local_addr()
    }

    async fn send_to(socket: &UdpSocket, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        socket.send_to(bytes, to).await
    }

    async fn recv_from(socket: &UdpSocket, bytes: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        socket.recv_from(bytes).await
    }
}

impl<B: Backend> Unix for On<B> {
    type Stream = UnixStream;
    type Listener = UnixListener;

    async fn listen(_: &Handle, path: &Path) -> io::Result<UnixListener> {
        UnixListener::bind(path)
    }

    async fn connect(_: &Handle, path: &Path) -> io::Result<UnixStream> {
        UnixStream::connect(path).await
    }

    async fn accept(listener: &mut UnixListener) -> io::Result<UnixStream> {
        Ok(UnixListener::accept(listener).await?.0)
    }
}

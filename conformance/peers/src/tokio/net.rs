//! tokio's sockets, with futures-io's traits.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::path::Path;

use executor_conformance::Executor;
use executor_conformance::adapter::{Tcp, Udp, Unix};
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream};
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

use super::{Flavour, InLocalSet, Tokio};

macro_rules! sockets {
    ($executor:ty, [$($generics:tt)*]) => {
        impl<$($generics)*> Tcp for $executor {
            type Stream = Compat<TcpStream>;
            type Listener = TcpListener;

            async fn connect(
                _: &<Self as Executor>::Handle,
                address: SocketAddr,
            ) -> io::Result<Self::Stream> {
                Ok(TcpStream::connect(address).await?.compat())
            }

            async fn listen(
                _: &<Self as Executor>::Handle,
                address: SocketAddr,
            ) -> io::Result<TcpListener> {
                TcpListener::bind(address).await
            }

            fn local_addr(listener: &TcpListener) -> io::Result<SocketAddr> {
                listener.local_addr()
            }

            async fn accept(listener: &mut TcpListener) -> io::Result<Self::Stream> {
                Ok(TcpListener::accept(listener).await?.0.compat())
            }

            fn stream_from_std(
                _: &<Self as Executor>::Handle,
                stream: std::net::TcpStream,
            ) -> Option<io::Result<Self::Stream>> {
                let stream = stream
                    .set_nonblocking(true)
                    .and_then(|()| TcpStream::from_std(stream));
                Some(stream.map(TokioAsyncReadCompatExt::compat))
            }

            fn duplicate(stream: &Self::Stream) -> Option<io::Result<std::net::TcpStream>> {
                let duplicate = stream.get_ref().as_fd().try_clone_to_owned();
                Some(duplicate.map(std::net::TcpStream::from))
            }
        }

        impl<$($generics)*> Udp for $executor {
            type Socket = UdpSocket;

            async fn bind(
                _: &<Self as Executor>::Handle,
                address: SocketAddr,
            ) -> io::Result<UdpSocket> {
                UdpSocket::bind(address).await
            }

            fn local_addr(socket: &UdpSocket) -> io::Result<SocketAddr> {
                socket.local_addr()
            }

            async fn send_to(
                socket: &UdpSocket,
                bytes: &[u8],
                to: SocketAddr,
            ) -> io::Result<usize> {
                socket.send_to(bytes, to).await
            }

            async fn recv_from(
                socket: &UdpSocket,
                bytes: &mut [u8],
            ) -> io::Result<(usize, SocketAddr)> {
                socket.recv_from(bytes).await
            }
        }

        impl<$($generics)*> Unix for $executor {
            type Stream = Compat<UnixStream>;
            type Listener = UnixListener;

            async fn listen(
                _: &<Self as Executor>::Handle,
                path: &Path,
            ) -> io::Result<UnixListener> {
                UnixListener::bind(path)
            }

            async fn connect(
                _: &<Self as Executor>::Handle,
                path: &Path,
            ) -> io::Result<Self::Stream> {
                Ok(UnixStream::connect(path).await?.compat())
            }

            async fn accept(listener: &mut UnixListener) -> io::Result<Self::Stream> {
                Ok(UnixListener::accept(listener).await?.0.compat())
            }
        }
    };
}

sockets!(Tokio<F>, [F: Flavour]);
sockets!(InLocalSet, []);

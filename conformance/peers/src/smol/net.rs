//! async-io's sockets.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use async_io::Async;
use executor_conformance::Executor;
use executor_conformance::adapter::{Tcp, Udp, Unix};

use super::stream::Stream;
use super::{Local, Smol, Threads};

macro_rules! sockets {
    ($executor:ty) => {
        impl Tcp for $executor {
            type Stream = Stream<TcpStream>;
            type Listener = Async<TcpListener>;

            async fn connect(
                _: &<Self as Executor>::Handle,
                address: SocketAddr,
            ) -> io::Result<Self::Stream> {
                Ok(Stream(Async::<TcpStream>::connect(address).await?))
            }

            async fn listen(
                _: &<Self as Executor>::Handle,
                address: SocketAddr,
            ) -> io::Result<Self::Listener> {
                Async::<TcpListener>::bind(address)
            }

            fn local_addr(listener: &Self::Listener) -> io::Result<SocketAddr> {
                listener.get_ref().local_addr()
            }

            async fn accept(listener: &mut Self::Listener) -> io::Result<Self::Stream> {
                Ok(Stream(Async::<TcpListener>::accept(listener).await?.0))
            }

            fn stream_from_std(
                _: &<Self as Executor>::Handle,
                stream: TcpStream,
            ) -> Option<io::Result<Self::Stream>> {
                Some(Async::new(stream).map(Stream))
            }

            fn duplicate(stream: &Self::Stream) -> Option<io::Result<TcpStream>> {
                Some(stream.0.get_ref().try_clone())
            }
        }

        impl Udp for $executor {
            type Socket = Async<UdpSocket>;

            async fn bind(
                _: &<Self as Executor>::Handle,
                address: SocketAddr,
            ) -> io::Result<Self::Socket> {
                Async::<UdpSocket>::bind(address)
            }

            fn local_addr(socket: &Self::Socket) -> io::Result<SocketAddr> {
                socket.get_ref().local_addr()
            }

            async fn send_to(
                socket: &Self::Socket,
                bytes: &[u8],
                to: SocketAddr,
            ) -> io::Result<usize> {
                socket.send_to(bytes, to).await
            }

            async fn recv_from(
                socket: &Self::Socket,
                bytes: &mut [u8],
            ) -> io::Result<(usize, SocketAddr)> {
                socket.recv_from(bytes).await
            }
        }

        impl Unix for $executor {
            type Stream = Stream<UnixStream>;
            type Listener = Async<UnixListener>;

            async fn listen(
                _: &<Self as Executor>::Handle,
                path: &Path,
            ) -> io::Result<Self::Listener> {
                Async::<UnixListener>::bind(path)
            }

            async fn connect(
                _: &<Self as Executor>::Handle,
                path: &Path,
            ) -> io::Result<Self::Stream> {
                Ok(Stream(Async::<UnixStream>::connect(path).await?))
            }

            async fn accept(listener: &mut Self::Listener) -> io::Result<Self::Stream> {
                Ok(Stream(Async::<UnixListener>::accept(listener).await?.0))
            }
        }
    };
}

sockets!(Smol);
sockets!(Local);
sockets!(Threads);

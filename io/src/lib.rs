//! Sockets and other I/O resources for the anyloop executor framework.
//!
//! [`TcpListener`], [`TcpStream`], [`UdpSocket`], [`UnixListener`], [`UnixStream`],
//! [`UnixDatagram`], and [`Async`] for any other descriptor. They know no backend: each belongs to
//! the runtime that was current when it was made (a future such as [`TcpStream::connect`] takes the
//! one in which it is first polled, failing that), and can be used anywhere afterwards, also
//! inside a foreign executor. Outside of a runtime, and in one without a reactor, making one is an
//! error of kind [`Unsupported`](std::io::ErrorKind::Unsupported) that says what to do.
//!
//! ```
//! use anyloop_io::{TcpListener, TcpStream};
//!
//! let runtime = backend_epoll::Epoll::new()?;
//! runtime.block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let addr = listener.local_addr()?;
//!     let server = executor_core::spawn(async move {
//!         let (stream, _peer) = listener.accept().await?;
//!         stream.write_all(b"hello").await
//!     });
//!
//!     let client = TcpStream::connect(addr).await?;
//!     let mut buf = [0; 5];
//!     client.read_exact(&mut buf).await?;
//!     assert_eq!(&buf, b"hello");
//!     server.await.expect("the server does not panic")
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What holds for every operation
//!
//! - It is a plain function that returns a named future (see [`op`]). The future tries the
//!   operation first, and waits only when it would block.
//! - Several tasks may wait for one resource, in the same direction too: each named future has a
//!   place of its own. The `poll_*` methods of the `futures-io` traits share one place for each
//!   direction, and are for one task at a time.
//! - A task whose operations never have to wait gives way to others after a while: each attempt
//!   takes from its [budget](executor_core::coop::poll_proceed).
//! - When the runtime of a resource has shut down, an operation that would wait is an error of kind
//!   [`NotConnected`](std::io::ErrorKind::NotConnected); it never hangs.
//! - Every descriptor is close-on-exec and does not block; nothing raises `SIGPIPE`.
//!
//! # Platforms
//!
//! Linux and Android so far.

#[cfg(not(any(target_os = "linux", target_os = "android")))]
compile_error!("anyloop-io is written for Linux and Android so far: build for one of these");

mod async_fd;
mod error;
mod net;
mod operation;
mod registration;
mod stream;
mod sys;
mod wait;

pub use async_fd::Async;
pub use net::addr::{ToSocketAddrs, lookup_host};
pub use net::tcp::listener::TcpListener;
pub use net::tcp::stream::TcpStream;
pub use net::udp::UdpSocket;
pub use net::unix::datagram::UnixDatagram;
pub use net::unix::listener::UnixListener;
pub use net::unix::stream::UnixStream;
pub use stream::{ReadHalf, ReuniteError, Stream, WriteHalf};

pub mod op {
    //! The futures of the operations, by name.

    pub use crate::async_fd::{ReadWith, WriteWith};
    pub use crate::net::addr::LookupHost;
    pub use crate::net::bind::Bind;
    pub use crate::net::datagram::{Recv, Send};
    pub use crate::net::tcp::connect::{Connect, ConnectTimeout};
    pub use crate::net::tcp::listener::Accept;
    pub use crate::net::udp::{ConnectUdp, RecvFrom, SendTo};
    pub use crate::net::unix::datagram::{RecvFromUnix, SendToUnix};
    pub use crate::net::unix::listener::AcceptUnix;
    pub use crate::net::unix::stream::ConnectUnix;
    pub use crate::stream::{
        Peek, Read, ReadExact, ReadVectored, Readable, Writable, Write, WriteAll, WriteVectored,
    };
}

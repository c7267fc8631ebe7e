//! Sockets: TCP, UDP and Unix, and the look-up of names.
//!
//! What holds for every operation, cancel safety and the end of the runtime included, stands in
//! the documentation of each, and in that of the crate `anyloop-io`, which these come from.

pub use anyloop_io::{
    TcpListener, TcpStream, ToSocketAddrs, UdpSocket, UnixDatagram, UnixListener, UnixStream,
    lookup_host,
};

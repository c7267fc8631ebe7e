//! Addresses of Unix sockets, between the standard library and the system calls.

use std::ffi::OsStr;
use std::io;
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::SocketAddr;
use std::path::Path;

use rustix::net::{SocketAddrAny, SocketAddrUnix};
use socket2::Socket;

use crate::error;

/// How long an address is that is nothing but its family: that of an unnamed socket.
const FAMILY_LENGTH: u32 = 2;
/// The family, and a path with the zero that ends it.
const LONGEST: u32 = FAMILY_LENGTH + 108;

/// The address that a path names.
pub(super) fn from_path(path: &Path) -> io::Result<SocketAddr> {
    SocketAddr::from_pathname(path)
        .map_err(|error| error::failed(format!("use {path:?} as a socket's address"), error))
}

/// What an address looks like in a message.
pub(super) fn describe(addr: &SocketAddr) -> String {
    match (addr.as_pathname(), addr.as_abstract_name()) {
        (Some(path), _) => format!("{path:?}"),
        (None, Some(name)) => format!("the abstract name {:?}", name.escape_ascii().to_string()),
        (None, None) => "an unnamed socket".to_owned(),
    }
}

/// The address as the system calls take it.
pub(super) fn to_system(addr: &SocketAddr) -> io::Result<SocketAddrUnix> {
    Ok(match (addr.as_pathname(), addr.as_abstract_name()) {
        (Some(path), _) => SocketAddrUnix::new(path)?,
        (None, Some(name)) => SocketAddrUnix::new_abstract_name(name)?,
        (None, None) => SocketAddrUnix::new_unnamed(),
    })
}

/// The address that the system reported; a socket without a name may report none.
pub(super) fn from_system(addr: Option<SocketAddrAny>) -> io::Result<SocketAddr> {
    let Some(addr) = addr.filter(|addr| addr.addr_len() > FAMILY_LENGTH) else {
        return SocketAddr::from_pathname("");
    };
    // The system takes one byte more than its own structure has room for, and it is not to be
    // read from there.
    if addr.addr_len() > LONGEST {
        return Err(not_expressible());
    }
    let addr = SocketAddrUnix::try_from(addr)?;
    match (addr.path_bytes(), addr.abstract_name()) {
        (Some(path), _) => SocketAddr::from_pathname(OsStr::from_bytes(path)),
        (None, Some(name)) => SocketAddr::from_abstract_name(name),
        (None, None) => SocketAddr::from_pathname(""),
    }
}

/// The address of a socket itself.
pub(super) fn local(socket: impl AsFd) -> io::Result<SocketAddr> {
    from_system(Some(rustix::net::getsockname(socket)?))
}

/// The address of a socket's peer.
pub(super) fn peer(socket: impl AsFd) -> io::Result<SocketAddr> {
    from_system(rustix::net::getpeername(socket)?)
}

/// Binds a new socket, with the address in the message of an error.
pub(super) fn bind(socket: &Socket, addr: &SocketAddr) -> io::Result<()> {
    to_system(addr)
        .and_then(|system| Ok(rustix::net::bind(socket, &system)?))
        .map_err(|error| error::failed(format!("bind {}", describe(addr)), error))
}

fn not_expressible() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the path of the other socket is too long for an address of the standard library",
    )
}

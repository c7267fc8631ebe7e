//! Sockets: internet and Unix.

pub(crate) mod addr;
pub(crate) mod bind;
mod connect_wait;
mod convert;
pub(crate) mod datagram;
pub(crate) mod tcp;
pub(crate) mod udp;
pub(crate) mod unix;

pub(crate) use convert::impl_socket;

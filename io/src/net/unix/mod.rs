//! Unix sockets.

mod addr;
pub(crate) mod datagram;
pub(crate) mod listener;
pub(crate) mod stream;

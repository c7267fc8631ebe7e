//! TCP.

pub(crate) mod connect;
pub(crate) mod listener;
pub(crate) mod stream;

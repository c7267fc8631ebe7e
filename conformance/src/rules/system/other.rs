//! Systems without these means: the rules that want them are skipped or check less.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

pub(super) fn processor_time() -> Option<Duration> {
    None
}

/// An address that nobody listens at any more.
pub(crate) struct Refusing {
    pub(crate) address: SocketAddr,
}

impl Refusing {
    pub(crate) fn new() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        Ok(Self { address })
    }
}

pub(crate) struct Full {
    pub(crate) address: SocketAddr,
}

impl Full {
    pub(crate) fn new() -> Option<io::Result<Self>> {
        None
    }
}

pub(crate) fn disconnect(_: &TcpStream) -> Option<io::Result<()>> {
    None
}

pub(crate) struct Descriptors(Infallible);

impl Descriptors {
    pub(crate) fn exhaust() -> Option<io::Result<Self>> {
        None
    }
}

pub(crate) struct AddressSpace(Infallible);

impl AddressSpace {
    pub(crate) fn exhaust() -> Option<io::Result<Self>> {
        None
    }
}

pub(crate) struct SignalStorm(Infallible);

impl SignalStorm {
    pub(crate) fn start() -> Option<io::Result<Self>> {
        None
    }

    pub(crate) fn after(&self, _: usize, _: impl FnOnce() + Send + 'static) {
        match self.0 {}
    }

    pub(crate) fn delivered(&self) -> usize {
        match self.0 {}
    }
}

//! Binding a socket to the first address that will have it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use executor_core::driver::Reactor;

use super::addr::{Addrs, LookupHost, ToSocketAddrs};
use crate::error;
use crate::registration::reactor_of;

/// Binds a socket; the future of [`TcpListener::bind`](crate::TcpListener::bind) and
/// [`UdpSocket::bind`](crate::UdpSocket::bind).
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Bind<T> {
    lookup: LookupHost,
    open: fn(SocketAddr, Arc<dyn Reactor>) -> io::Result<T>,
}

impl<T> Bind<T> {
    pub(super) fn new(
        addr: &impl ToSocketAddrs,
        open: fn(SocketAddr, Arc<dyn Reactor>) -> io::Result<T>,
    ) -> Self {
        Self {
            lookup: LookupHost::new(addr),
            open,
        }
    }
}

impl<T> Future for Bind<T> {
    type Output = io::Result<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { lookup, open } = self.get_mut();
        // Before anything else, so that a missing runtime is what the error is about.
        let reactor = reactor_of(&lookup.handle()?)?;
        let addrs = ready!(lookup.poll_addrs(cx))?;
        Poll::Ready(first_that_works(addrs, "bind", |addr| {
            open(addr, Arc::clone(&reactor))
        }))
    }
}

/// Tries each address in turn; the error is that of the last one.
pub(super) fn first_that_works<T>(
    addrs: Addrs,
    action: &str,
    mut attempt: impl FnMut(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut last = no_address(action);
    for addr in addrs {
        match attempt(addr) {
            Ok(made) => return Ok(made),
            Err(error) => last = error::failed(format!("{action} {addr}"), error),
        }
    }
    Err(last)
}

pub(super) fn no_address(action: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("{action}: there is no address to try"),
    )
}

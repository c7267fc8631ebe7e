//! Addresses, and names that are looked up on the blocking pool.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use executor_core::{Handle, JoinHandle};

use crate::error;

/// What can name a socket's address.
///
/// Implemented for socket addresses, slices of them, pairs of an IP address or a host name and a
/// port, and strings such as `"127.0.0.1:80"`, `"[::1]:80"` or `"localhost:80"`. Names are
/// resolved on the runtime's blocking pool; literal addresses never go there. The trait is not
/// meant for other types.
pub trait ToSocketAddrs: sealed::ToTarget {}

impl<T: sealed::ToTarget + ?Sized> ToSocketAddrs for T {}

/// Looks up a host, and gives its addresses in the order of the system's preference.
///
/// Literal addresses are given back at once; names are resolved on the blocking pool of the
/// runtime that is current when the function is called or, failing that, when the future is first
/// polled.
///
/// # Errors
///
/// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the host cannot be read, as for a string
///   without a port;
/// - that there is no such host, or that the resolver failed, with the name in the message;
/// - [`Unsupported`](io::ErrorKind::Unsupported) for a name outside of a runtime.
///
/// # Cancel safety
///
/// Cancel safe. A look-up that has begun goes on on its thread, and its result is dropped.
///
/// ```
/// # let runtime = backend_epoll::Epoll::new()?;
/// # runtime.block_on(async {
/// let addrs = anyloop_io::lookup_host("localhost:80").await?;
/// assert!(addrs.iter().all(|addr| addr.port() == 80));
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn lookup_host(host: impl ToSocketAddrs) -> LookupHost {
    LookupHost::new(&host)
}

/// The future of [`lookup_host`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct LookupHost {
    handle: Option<Handle>,
    state: State,
}

#[derive(Debug)]
enum State {
    Failed(io::Error),
    Known(Addrs),
    Name(Name),
    Running(Name, JoinHandle<io::Result<Vec<SocketAddr>>>),
    Done,
}

/// A host name that is to be looked up.
#[derive(Clone, Debug)]
pub struct Name {
    host: String,
    port: u16,
}

/// Addresses that are known; one of them is the usual case.
#[derive(Clone, Debug)]
pub(crate) enum Addrs {
    One(Option<SocketAddr>),
    Many(vec::IntoIter<SocketAddr>),
}

impl LookupHost {
    pub(crate) fn new(host: &(impl sealed::ToTarget + ?Sized)) -> Self {
        let state = match host.to_target() {
            Ok(sealed::Target::Addr(addr)) => State::Known(Addrs::One(Some(addr))),
            Ok(sealed::Target::Addrs(addrs)) => State::Known(Addrs::Many(addrs.into_iter())),
            Ok(sealed::Target::Name(name)) => State::Name(name),
            Err(error) => State::Failed(error),
        };
        Self {
            handle: Handle::try_current(),
            state,
        }
    }

    /// The runtime for whom the look-up is made: the one that was current when it was asked for,
    /// or the one that is current now.
    pub(crate) fn handle(&self) -> io::Result<Handle> {
        self.handle.clone().map_or_else(Handle::current, Ok)
    }

    /// Gives the addresses without collecting them.
    pub(crate) fn poll_addrs(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Addrs>> {
        loop {
            match std::mem::replace(&mut self.state, State::Done) {
                State::Failed(error) => return Poll::Ready(Err(error)),
                State::Known(addrs) => return Poll::Ready(Ok(addrs)),
                State::Name(name) => {
                    let job = name.clone();
                    let running = self.handle()?.spawn_blocking(move || job.resolve());
                    self.state = State::Running(name, running);
                }
                State::Running(name, mut running) => {
                    let Poll::Ready(outcome) = Pin::new(&mut running).poll(cx) else {
                        self.state = State::Running(name, running);
                        return Poll::Pending;
                    };
                    let outcome = outcome.unwrap_or_else(|error| {
                        Err(io::Error::other(format!(
                            "the look-up did not finish: {error}"
                        )))
                    });
                    return Poll::Ready(name.judge(outcome));
                }
                State::Done => return Poll::Ready(Err(error::polled_again("lookup_host"))),
            }
        }
    }
}

impl Future for LookupHost {
    type Output = io::Result<Vec<SocketAddr>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let addrs = ready!(self.poll_addrs(cx))?;
        Poll::Ready(Ok(addrs.collect()))
    }
}

impl Name {
    /// Asks the system's resolver, which blocks.
    fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        std::net::ToSocketAddrs::to_socket_addrs(&(self.host.as_str(), self.port))
            .map(Iterator::collect)
    }

    fn judge(&self, outcome: io::Result<Vec<SocketAddr>>) -> io::Result<Addrs> {
        let host = &self.host;
        match outcome {
            Ok(addrs) if addrs.is_empty() => Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("no such host {host:?}: the name has no address"),
            )),
            Ok(addrs) => Ok(Addrs::Many(addrs.into_iter())),
            Err(error) => Err(error::failed(
                format!("no such host {host:?}, or the resolver does not answer"),
                error,
            )),
        }
    }
}

impl Iterator for Addrs {
    type Item = SocketAddr;

    fn next(&mut self) -> Option<SocketAddr> {
        match self {
            Self::One(addr) => addr.take(),
            Self::Many(addrs) => addrs.next(),
        }
    }
}

mod sealed {
    use super::*;

    /// What a [`ToSocketAddrs`] stands for, before any look-up.
    #[derive(Debug)]
    pub enum Target {
        Addr(SocketAddr),
        Addrs(Vec<SocketAddr>),
        Name(Name),
    }

    pub trait ToTarget {
        fn to_target(&self) -> io::Result<Target>;
    }

    impl<T: ToTarget + ?Sized> ToTarget for &T {
        fn to_target(&self) -> io::Result<Target> {
            T::to_target(self)
        }
    }

    /// Implements the trait for what converts into a socket address.
    macro_rules! addr_targets {
        ($($type:ty),*) => {$(
            impl ToTarget for $type {
                fn to_target(&self) -> io::Result<Target> {
                    Ok(Target::Addr((*self).into()))
                }
            }
        )*};
    }

    addr_targets!(SocketAddr, SocketAddrV4, SocketAddrV6);
    addr_targets!((IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));

    impl ToTarget for [SocketAddr] {
        fn to_target(&self) -> io::Result<Target> {
            if self.is_empty() {
                return Err(invalid(
                    "an empty list names no address: give at least one".into(),
                ));
            }
            Ok(Target::Addrs(self.to_vec()))
        }
    }

    impl<const N: usize> ToTarget for [SocketAddr; N] {
        fn to_target(&self) -> io::Result<Target> {
            self[..].to_target()
        }
    }

    impl ToTarget for Vec<SocketAddr> {
        fn to_target(&self) -> io::Result<Target> {
            self[..].to_target()
        }
    }

    impl ToTarget for (&str, u16) {
        fn to_target(&self) -> io::Result<Target> {
            let &(host, port) = self;
            if let Ok(ip) = host.parse::<IpAddr>() {
                return Ok(Target::Addr((ip, port).into()));
            }
            if host.is_empty() {
                return Err(invalid(
                    "the host's name is empty: give a name or an address".into(),
                ));
            }
            let host = host.to_owned();
            Ok(Target::Name(Name { host, port }))
        }
    }

    impl ToTarget for (String, u16) {
        fn to_target(&self) -> io::Result<Target> {
            (self.0.as_str(), self.1).to_target()
        }
    }

    impl ToTarget for str {
        fn to_target(&self) -> io::Result<Target> {
            if let Ok(addr) = self.parse::<SocketAddr>() {
                return Ok(Target::Addr(addr));
            }
            let Some((host, port)) = self.rsplit_once(':') else {
                return Err(invalid(format!(
                    "{self:?} has no port: write host:port, such as localhost:80"
                )));
            };
            let port = port.parse::<u16>().map_err(|_| {
                invalid(format!(
                    "{self:?} does not end in a port: write host:port, with a port from 0 to 65535"
                ))
            })?;
            (host, port).to_target()
        }
    }

    impl ToTarget for String {
        fn to_target(&self) -> io::Result<Target> {
            self.as_str().to_target()
        }
    }

    fn invalid(message: String) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidInput, message)
    }
}

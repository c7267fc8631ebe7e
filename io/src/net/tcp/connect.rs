//! Connecting, one address after the other, with or without a limit on the time.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use executor_core::driver::Reactor;
use executor_core::time::{Sleep, sleep};
use socket2::Type;

use super::stream::TcpStream;
use crate::error;
use crate::net::addr::{Addrs, LookupHost, ToSocketAddrs};
use crate::net::bind::no_address;
use crate::net::connect_wait;
use crate::registration::reactor_of;
use crate::sys;

/// Connects to an address; made by [`TcpStream::connect`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Connect {
    lookup: LookupHost,
    /// The addresses that have not been tried; `None` until they are known.
    addrs: Option<Addrs>,
    attempt: Option<(SocketAddr, TcpStream)>,
    last_error: Option<io::Error>,
}

/// Connects within a time; made by [`TcpStream::connect_timeout`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct ConnectTimeout {
    connect: Connect,
    limit: Duration,
    sleep: Sleep,
}

impl Connect {
    pub(super) fn new(addr: &impl ToSocketAddrs) -> Self {
        Self {
            lookup: LookupHost::new(addr),
            addrs: None,
            attempt: None,
            last_error: None,
        }
    }

    /// Begins with the next address; an error if there is none.
    fn begin_next(&mut self, reactor: &Arc<dyn Reactor>) -> io::Result<()> {
        let Some(addr) = self.addrs.as_mut().and_then(Iterator::next) else {
            let last = self.last_error.take();
            return Err(last.unwrap_or_else(|| no_address("connect")));
        };
        match begin(addr, reactor) {
            Ok(stream) => self.attempt = Some((addr, stream)),
            Err(error) => self.failed(addr, error),
        }
        Ok(())
    }

    fn failed(&mut self, addr: SocketAddr, error: io::Error) {
        self.last_error = Some(error::failed(format!("connect {addr}"), error));
    }

    /// Waits for the end of the attempt that is under way, if there is one.
    fn poll_attempt(&mut self, cx: &mut Context<'_>) -> Poll<Option<TcpStream>> {
        let Some((addr, stream)) = self.attempt.take() else {
            return Poll::Ready(None);
        };
        match connect_wait::poll_end(&stream.socket, cx) {
            Poll::Ready(Ok(())) => Poll::Ready(Some(stream)),
            Poll::Ready(Err(error)) => {
                self.failed(addr, error);
                Poll::Ready(None)
            }
            Poll::Pending => {
                self.attempt = Some((addr, stream));
                Poll::Pending
            }
        }
    }
}

impl Future for Connect {
    type Output = io::Result<TcpStream>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        // Before anything else, so that a missing runtime is what the error is about.
        let reactor = reactor_of(&this.lookup.handle()?)?;
        if this.addrs.is_none() {
            this.addrs = Some(ready!(this.lookup.poll_addrs(cx))?);
        }
        // One round for each address.
        loop {
            if let Some(stream) = ready!(this.poll_attempt(cx)) {
                return Poll::Ready(Ok(stream));
            }
            this.begin_next(&reactor)?;
        }
    }
}

impl ConnectTimeout {
    #[track_caller]
    pub(super) fn new(connect: Connect, limit: Duration) -> Self {
        Self {
            connect,
            limit,
            sleep: sleep(limit),
        }
    }
}

impl Future for ConnectTimeout {
    type Output = io::Result<TcpStream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(outcome) = Pin::new(&mut self.connect).poll(cx) {
            return Poll::Ready(outcome);
        }
        ready!(Pin::new(&mut self.sleep).poll(cx))?;
        Poll::Ready(Err(self.timed_out()))
    }
}

impl ConnectTimeout {
    fn timed_out(&self) -> io::Error {
        let what = match &self.connect.attempt {
            Some((addr, _)) => format!("connect {addr}"),
            None => "connect".to_owned(),
        };
        let limit = self.limit;
        let message = format!("{what}: there was no connection within {limit:?}");
        io::Error::new(io::ErrorKind::TimedOut, message)
    }
}

fn begin(addr: SocketAddr, reactor: &Arc<dyn Reactor>) -> io::Result<TcpStream> {
    let fd = sys::new_socket_for(addr, Type::STREAM)?.into();
    connect_wait::begin(&fd, &addr.into())?;
    Ok(TcpStream::from_fd(Arc::clone(reactor), fd))
}

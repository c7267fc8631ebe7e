//! The floor: what the same work costs when it is written by hand, with nothing to spare for
//! panics, cancellation, other threads or fairness. A yardstick, not a runtime to use.
//!
//! - tasks are boxed futures in a slab, run from a queue of their indices ([`executor`]);
//! - timers are a binary heap, and the thread sleeps in `ppoll` ([`timers`]);
//! - TCP is a loop over `epoll_wait` without futures ([`echo`]);
//! - a remote wake is an eventfd in such a loop ([`remote`]).

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use super::Runtime;
use crate::scenarios::slot::Take;
use crate::scenarios::tcp::Service;
use crate::scenarios::{self, Context, Measured};

mod echo;
mod executor;
mod remote;
mod timers;
mod waker;

/// Longer than a client of this machine takes to answer.
const SPIN: Duration = Duration::from_micros(50);

/// The runtime of that name.
pub(crate) struct Floor;

impl Runtime for Floor {
    type Join<T: 'static> = Take<T>;
    type Sleep = timers::Sleep;

    fn block_on<T>(main: impl Future<Output = T>) -> T {
        executor::block_on(main)
    }

    fn spawn<T: 'static>(task: impl Future<Output = T> + 'static) -> Take<T> {
        executor::spawn(task)
    }

    fn spawn_detached(task: impl Future<Output = ()> + 'static) {
        executor::spawn_detached(task);
    }

    fn yield_now() -> impl Future<Output = ()> {
        futures_lite::future::yield_now()
    }

    fn sleep(duration: Duration) -> timers::Sleep {
        timers::sleep(duration)
    }

    fn serve_echo(listener: TcpListener) -> io::Result<()> {
        echo::echo(&listener, Duration::ZERO)
    }

    fn serve_accept(listener: TcpListener) -> io::Result<()> {
        echo::accept(&listener, Duration::ZERO)
    }
}

/// As for any runtime, except where the floor is no runtime.
pub(crate) fn measure(id: &'static str, cx: Context) -> Measured {
    match id {
        "st/remote_wake" => remote::measure(cx),
        _ => scenarios::measure::<Floor>(id, cx),
    }
}

/// Serves, blocking in the kernel whenever there is nothing to do.
pub(crate) fn serve(service: Service, listener: TcpListener) -> io::Result<()> {
    super::serve::<Floor>(service, listener)
}

/// Serves, asking again for [`SPIN`] before it blocks in the kernel.
pub(crate) fn serve_spinning(service: Service, listener: TcpListener) -> io::Result<()> {
    match service {
        Service::Echo => echo::echo(&listener, SPIN),
        Service::Accept => echo::accept(&listener, SPIN),
    }
}

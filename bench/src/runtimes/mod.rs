//! The runtimes that are measured, one file each.

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use crate::catalog::{Family, Scenario};
use crate::scenarios::tcp::Service;
use crate::scenarios::{self, Context, Measured, mt};

mod epoll;
mod floor;
mod pool;
mod smol_local;
mod tokio_ct;

pub(crate) use pool::{FullPool, Pool, WORKERS};

/// What a single-threaded runtime must do for the scenarios, so that all run the same source.
///
/// The functions other than `block_on` and `serve_*` are called inside `block_on` only.
pub(crate) trait Runtime: 'static {
    /// Awaits the end of a task.
    type Join<T: 'static>: Future + 'static;
    /// Waits for a moment.
    type Sleep: Future + 'static;

    /// Builds a runtime as its users would, and runs `main` on it.
    fn block_on<T>(main: impl Future<Output = T>) -> T;
    /// Starts a task on this thread.
    fn spawn<T: 'static>(task: impl Future<Output = T> + 'static) -> Self::Join<T>;
    /// Starts a task on this thread that nobody awaits.
    fn spawn_detached(task: impl Future<Output = ()> + 'static);
    /// Lets other tasks run.
    fn yield_now() -> impl Future<Output = ()>;
    /// Waits for `duration` from now.
    fn sleep(duration: Duration) -> Self::Sleep;
    /// Sends back what it gets on every connection, each in a task of its own, for ever.
    fn serve_echo(listener: TcpListener) -> io::Result<()>;
    /// Accepts connections and closes them at once, for ever.
    fn serve_accept(listener: TcpListener) -> io::Result<()>;
}

/// A runtime, or a variant of one, as the command line and the tables know it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// What it takes part in.
    families: &'static [Family],
    /// Measures the scenario of that id, in a child.
    pub(crate) measure: fn(&'static str, Context) -> Measured,
    /// Serves until the process is killed; the listener does not block.
    pub(crate) serve: fn(Service, TcpListener) -> io::Result<()>,
}

impl Entry {
    const fn of<R: Runtime>(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            families: ONE_THREAD,
            measure: scenarios::measure::<R>,
            serve: serve::<R>,
        }
    }

    const fn of_pool<P: FullPool>(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            families: POOL,
            measure: mt::measure::<P>,
            serve: pool::serve::<P>,
        }
    }

    const fn of_tasks<P: Pool>(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            families: &[Family::PoolTasks],
            measure: mt::measure_tasks::<P>,
            serve: no_sockets,
        }
    }

    /// Whether `scenario` is one for this runtime.
    pub(crate) fn takes_part(&self, scenario: &Scenario) -> bool {
        self.families.contains(&scenario.family)
    }
}

const ONE_THREAD: &[Family] = &[
    Family::Tasks,
    Family::Memory,
    Family::Wake,
    Family::Timers,
    Family::Tcp,
];

const POOL: &[Family] = &[
    Family::PoolTasks,
    Family::PoolMemory,
    Family::PoolWake,
    Family::PoolTimers,
    Family::PoolTcp,
];

/// All runtimes, in the order they take their turns.
pub(crate) const ALL: &[Entry] = &[
    Entry::of::<epoll::Ours<true>>("epoll", "anyloop's backend of one thread"),
    Entry {
        families: &[Family::Tcp],
        ..Entry::of::<epoll::Ours<false>>("epoll-nospin", "the same, and it never spins")
    },
    Entry::of::<tokio_ct::TokioCt>("tokio-ct", "tokio, current_thread flavour, a LocalRuntime"),
    Entry::of::<smol_local::SmolLocal>("smol-local", "async-executor's LocalExecutor on async-io"),
    Entry {
        measure: floor::measure,
        serve: floor::serve,
        ..Entry::of::<floor::Floor>("floor", "hand-written: a queue, a heap, raw epoll")
    },
    Entry {
        families: &[Family::Tcp],
        serve: floor::serve_spinning,
        ..Entry::of::<floor::Floor>(
            "floor-spin",
            "raw epoll that spins for 50 us before it blocks",
        )
    },
    Entry::of_pool::<pool::threadpool::Ours>("threadpool", "anyloop's pool, work stealing"),
    Entry::of_pool::<pool::tokio_mt::TokioMt>("tokio-mt", "tokio, multi_thread flavour"),
    Entry::of_pool::<pool::smol_mt::SmolMt>("smol-mt", "async-executor's Executor on async-io"),
    Entry::of_tasks::<pool::futures_pool::FuturesPool>(
        "futures-pool",
        "the ThreadPool of futures-executor, tasks only",
    ),
    Entry::of_tasks::<pool::nio_mt::NioMt>("nio-mt", "nio's Runtime, tasks only"),
];

fn no_sockets(_: Service, _: TcpListener) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "this runtime has no sockets",
    ))
}

fn serve<R: Runtime>(service: Service, listener: TcpListener) -> io::Result<()> {
    match service {
        Service::Echo => R::serve_echo(listener),
        Service::Accept => R::serve_accept(listener),
    }
}

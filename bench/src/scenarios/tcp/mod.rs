//! TCP servers under load: the server is a process of its own, the load comes from this one.

use std::io::{self, Write};
use std::net::TcpListener;
use std::time::Duration;

use rustix::process::{Signal, set_parent_process_death_signal};

use super::{Context, Measured, Trouble, micros, sample};
use crate::runtimes::{Entry, WORKERS};
use crate::sys;

mod client;
mod server;
mod syscalls;

use server::Server;

/// What servers read into; larger than a message, so that a message is a short read.
pub(crate) const ECHO_BUFFER: usize = 1024;

/// What a server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Sends back what it gets.
    Echo,
    /// Accepts and closes.
    Accept,
}

impl Service {
    /// The service that goes by `name` on the command line.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Echo, Self::Accept]
            .into_iter()
            .find(|service| service.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Accept => "accept",
        }
    }
}

/// What a server process is to be.
#[derive(Debug)]
pub(crate) struct ServeJob {
    pub(crate) service: Service,
    pub(crate) runtime: &'static Entry,
    pub(crate) cpus: Vec<usize>,
}

/// The server process: says `ADDRESS PID` on stdout, then serves until it is killed.
pub(crate) fn serve(job: &ServeJob) -> Result<(), String> {
    let setup = || -> io::Result<TcpListener> {
        // A server must not outlive the child that loads it, however that one ends.
        set_parent_process_death_signal(Some(Signal::KILL))?;
        sys::keep_to(&job.cpus)?;
        sys::raise_file_limit()?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        println!("{} {}", listener.local_addr()?, std::process::id());
        io::stdout().flush()?;
        Ok(listener)
    };
    setup()
        .and_then(|listener| (job.runtime.serve)(job.service, listener))
        .map_err(|error| format!("the {} server: {error}", job.runtime.name))
}

/// Measures the TCP scenario called `id`.
pub(crate) fn measure(id: &'static str, cx: Context) -> Measured {
    match id {
        "st/tcp_1" => echo(cx, 1, Place::Apart, "st/tcp_1", Some("st/tcp_1_cpu")),
        "st/tcp_1_shared" => echo(cx, 1, Place::Shared, "st/tcp_1_shared", None),
        "st/tcp_50" => echo(cx, 50, Place::Apart, "st/tcp_50", Some("st/tcp_50_cpu")),
        "st/tcp_1000" => echo(
            cx,
            1000,
            Place::Apart,
            "st/tcp_1000",
            Some("st/tcp_1000_cpu"),
        ),
        "st/tcp_1_syscalls" => syscalls::measure(cx),
        "st/accept" => accept(cx, Place::Apart, id, "st/accept_cpu"),
        "mt/tcp_1" => echo(cx, 1, Place::Pool, id, Some("mt/tcp_1_cpu")),
        "mt/tcp_50" => echo(cx, 50, Place::Pool, id, Some("mt/tcp_50_cpu")),
        "mt/tcp_1000" => echo(cx, 1000, Place::Pool, id, Some("mt/tcp_1000_cpu")),
        "mt/accept" => accept(cx, Place::Pool, id, "mt/accept_cpu"),
        _ => Err(Trouble::Failed(format!(
            "{id} is listed, but nothing measures it"
        ))),
    }
}

/// Which cores the server and its client run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// One each.
    Apart,
    /// One for both.
    Shared,
    /// One for the client, and for the server as many as it has workers: of its own where there are
    /// so many, or else one of them is the client's.
    Pool,
}

impl Place {
    /// Pins this process, the client, and gives the server's cores.
    fn take(self) -> Result<Vec<usize>, Trouble> {
        let cpus = sys::allowed_cpus()?;
        let (client, server) = match (self, &cpus[..]) {
            (Self::Shared, [.., last]) => (*last, vec![*last]),
            (Self::Apart, [first, .., last]) => (*first, vec![*last]),
            (Self::Pool, [first, .., _]) => (*first, cpus[cpus.len() - WORKERS..].to_vec()),
            _ => {
                let text = "needs two cores, and this process may use one";
                return Err(Trouble::Skipped(text.to_owned()));
            }
        };
        sys::pin_to(client)?;
        Ok(server)
    }
}

/// How long the load lasts, and before that the warm-up.
fn durations(cx: Context) -> (Duration, Duration) {
    let load = cx.pick(Duration::from_millis(100), Duration::from_millis(1000));
    (load, load / 4)
}

fn echo(
    cx: Context,
    connections: usize,
    place: Place,
    rate_id: &'static str,
    cpu_id: Option<&'static str>,
) -> Measured {
    let cpus = place.take()?;
    sys::raise_file_limit()?;
    let server = Server::start(cx.runtime, Service::Echo, &cpus)?;
    let mut load = client::Echo::connect(server.address(), connections)?;
    let (measured, warm_up) = durations(cx);
    load.run_for(warm_up)?;
    let before = server.cpu()?;
    let done = load.run_for(measured)?;
    let spent = server.cpu()? - before;
    let mut samples = vec![sample(rate_id, "rt_per_s", done.rate())];
    samples.extend(cpu_id.map(|id| sample(id, "cpu_us", micros(spent) / done.count as f64)));
    Ok(samples)
}

fn accept(cx: Context, place: Place, rate_id: &'static str, cpu_id: &'static str) -> Measured {
    let cpus = place.take()?;
    let server = Server::start(cx.runtime, Service::Accept, &cpus)?;
    let (measured, warm_up) = durations(cx);
    client::connect_for(server.address(), warm_up)?;
    let before = server.cpu()?;
    let done = client::connect_for(server.address(), measured)?;
    let spent = server.cpu()? - before;
    Ok(vec![
        sample(rate_id, "conn_per_s", done.rate()),
        sample(cpu_id, "cpu_us", micros(spent) / done.count as f64),
    ])
}

//! A tour of the event loop: which coroutine it picked, why, for how long, and what that
//! coroutine then waited for.
//!
//! The program below serves a small key-value store to a few clients over TCP, while a ticker
//! ticks and a cruncher crunches numbers, all on one thread. Its policy is wrapped in a recorder
//! (`record.rs`), and what that has seen is printed (`report/`).

mod args;
mod kv;
mod policies;
mod record;
mod report;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use anyloop::net::{TcpListener, TcpStream};
use anyloop::task::{JoinHandle, TaskOptions, yield_now};
use anyloop::time::{interval, sleep};
use anyloop::{Epoll, Fifo, Scheduler, spawn_local_with};
use futures_lite::future::or;
use futures_lite::io::BufReader;
use futures_lite::{AsyncBufReadExt, StreamExt};

use args::{Command, Options};
use kv::{Connection, Store};
use policies::{Lifo, Policy, Random};
use record::{Recorder, Recording};

const CLIENTS: u32 = 3;
const TICKS: u32 = 8;
const PRIMES_BELOW: u32 = 100_000;

/// What the program found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outcome {
    connections: usize,
    ticks: u32,
    primes: usize,
}

fn main() -> ExitCode {
    let done = match args::parse(std::env::args().skip(1)) {
        Ok(Command::Help) => report::print(args::USAGE),
        Ok(Command::Run(options)) => show(options),
        Err(message) => {
            eprintln!("tour: {message}\n`--help` says what can be asked for.");
            return ExitCode::from(2);
        }
    };
    if let Err(error) = done {
        eprintln!("tour: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Runs the program, and prints what the loop did.
fn show(options: Options) -> io::Result<()> {
    let (outcome, recording) = record(options.policy)?;
    report::show(&recording, outcome, options)
}

/// Runs the program on a policy, and records what the loop did.
fn record(policy: Policy) -> io::Result<(Outcome, Recording)> {
    let recorder = Recorder::new();
    let outcome = match policy {
        Policy::Fifo => run(Fifo::new(), &recorder),
        Policy::Strict => run(Fifo::strict(), &recorder),
        Policy::Lifo => run(Lifo::default(), &recorder),
        Policy::Random(seed) => run(Random::new(seed), &recorder),
    }?;
    Ok((outcome, recorder.into_recording()))
}

fn run(policy: impl Scheduler, recorder: &Recorder) -> io::Result<Outcome> {
    let runtime = Epoll::with_scheduler(recorder.around(policy))?;
    runtime.block_on(program(recorder))
}

/// The program: everything that it spawns has ended when it returns.
async fn program(recorder: &Recorder) -> io::Result<Outcome> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let store = Rc::new(Store::default());

    let serving = serve(listener, Rc::clone(&store), recorder.clone());
    let server = coroutine("server", serving);
    let clients: Vec<_> = (1..=CLIENTS)
        .map(|n| coroutine(format!("client-{n}"), client(n, address, recorder.clone())))
        .collect();
    let ticker = coroutine("ticker", tick());
    let cruncher = coroutine("cruncher", count_primes());

    let mut asked = Ok(());
    for client in clients {
        asked = asked.and(client.await?);
    }
    store.close();
    let outcome = Outcome {
        connections: server.await??,
        ticks: ticker.await??,
        primes: cruncher.await?,
    };
    // Last: where the server failed too, that was why.
    asked.map(|()| outcome)
}

/// Spawns a coroutine on this thread's loop, with a name for the print.
fn coroutine<T: 'static>(
    name: impl Into<String>,
    future: impl Future<Output = T> + 'static,
) -> JoinHandle<T> {
    spawn_local_with(TaskOptions::new().name(name.into()), future)
}

/// Accepts connections until the store is closed, then waits for those that it has.
async fn serve(listener: TcpListener, store: Rc<Store>, recorder: Recorder) -> io::Result<usize> {
    recorder.name_socket(&listener, "a connection");
    let mut connections = Vec::new();
    while let Some(accepted) = or(store.closed(), async { Some(listener.accept().await) }).await {
        let (stream, _) = accepted?;
        recorder.name_socket(&stream, "a request");
        let name = format!("conn-{}", connections.len() + 1);
        connections.push(coroutine(name, answer(stream, Rc::clone(&store))));
    }
    let served = connections.len();
    for connection in connections {
        connection.await??;
    }
    Ok(served)
}

/// Answers the requests of one connection until its client closes it.
async fn answer(stream: TcpStream, store: Rc<Store>) -> io::Result<()> {
    let mut requests = BufReader::new(&stream).lines();
    while let Some(request) = requests.next().await {
        let answer = store.answer(&request?).await;
        stream.write_all(format!("{answer}\n").as_bytes()).await?;
    }
    Ok(())
}

/// Sets a key and reads it back, with some time to think in between; then waits until the next
/// client has done the same.
async fn client(n: u32, address: SocketAddr, recorder: Recorder) -> io::Result<()> {
    let stream = TcpStream::connect(address).await?;
    recorder.name_socket(&stream, "an answer");
    let mut server = Connection::new(stream);

    server.send(&format!("SET square-{n} {}", n * n)).await?;
    server.read_data().await?;
    sleep(Duration::from_millis(u64::from(n) + 1)).await?;

    server.send(&format!("GET square-{n}")).await?;
    let square = server.read_data().await?;
    if square != format!("VALUE {}", n * n) {
        return Err(io::Error::other(format!(
            "square-{n} came back as `{square}`"
        )));
    }
    sleep(Duration::from_millis(3)).await?;

    if n < CLIENTS {
        server.send(&format!("WAIT done-{}", n + 1)).await?;
        server.read_data().await?;
    }
    server.send(&format!("SET done-{n} yes")).await?;
    server.read_data().await.map(drop)
}

/// Ticks every two milliseconds.
async fn tick() -> io::Result<u32> {
    let mut ticks = interval(Duration::from_millis(2));
    for _ in 0..TICKS {
        ticks.tick().await?;
    }
    Ok(TICKS)
}

/// Counts primes, and gives way to others after every thousand numbers.
async fn count_primes() -> usize {
    let mut primes = 0;
    for start in (0..PRIMES_BELOW).step_by(1000) {
        primes += (start..start + 1000).filter(|&n| is_prime(n)).count();
        yield_now().await;
    }
    primes
}

fn is_prime(n: u32) -> bool {
    n >= 2 && (2..).take_while(|d| d * d <= n).all(|d| n % d != 0)
}

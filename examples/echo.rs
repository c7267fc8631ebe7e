//! An echo server to talk to with `nc`: one task for each connection, and a graceful stop on
//! Ctrl-C, for which the loop waits as it does for any socket.
//!
//! `cargo run --release --example echo -- --port 7000`

use std::cell::Cell;
use std::future::pending;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use anyloop::Epoll;
use anyloop::net::{TcpListener, TcpStream, UnixStream};
use anyloop::task::{JoinError, TaskGroup};
use anyloop::time::{sleep, timeout};
use futures_lite::future::or;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

const DEFAULT_PORT: u16 = 7000;
const USAGE: &str = "\
Sends back what it is sent, to any number of clients at once, until Ctrl-C.

Usage: cargo run --release --example echo -- [--port PORT]

  --port PORT   where to listen on 127.0.0.1; 7000 by default, 0 for any free port
  --help        print this
";

/// How long open connections may go on after Ctrl-C.
const GRACE: Duration = Duration::from_secs(3);
/// How long to wait when the system has no descriptor for a new connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let done = match parse(std::env::args().skip(1)) {
        Ok(Some(port)) => run(port),
        Ok(None) => io::stdout().write_all(USAGE.as_bytes()),
        Err(message) => {
            eprintln!("echo: {message}\n`--help` says what can be asked for.");
            return ExitCode::from(2);
        }
    };
    if let Err(error) = done {
        eprintln!("echo: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Reads the port from the arguments; `None` where help is asked for.
fn parse(mut args: impl Iterator<Item = String>) -> Result<Option<u16>, String> {
    let mut port = DEFAULT_PORT;
    while let Some(arg) = args.next() {
        let value = match arg.split_once('=').unwrap_or((&arg, "")) {
            ("--help" | "-h", "") => return Ok(None),
            ("--port", "") => args.next().ok_or("`--port` needs a number after it")?,
            ("--port", value) => value.to_owned(),
            _ => return Err(format!("unknown argument `{arg}`")),
        };
        port = value
            .parse()
            .map_err(|_| format!("`{value}` is no port: give a number from 0 to 65535"))?;
    }
    Ok(Some(port))
}

fn run(port: u16) -> io::Result<()> {
    let runtime = Epoll::new()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let listener = listener.map_err(|error| {
            let message = format!("{error}; `--port` chooses another port");
            io::Error::new(error.kind(), message)
        })?;
        let (ip, port) = (Ipv4Addr::LOCALHOST, listener.local_addr()?.port());
        let interrupts = interrupts()?;
        let mut log = io::stdout();
        writeln!(log, "listening on {ip}:{port}; try: nc {ip} {port}")?;
        writeln!(log, "Ctrl-C stops.")?;
        let served = serve(listener, interrupts, &mut log).await?;
        let (connections, bytes) = (served.connections, served.bytes);
        writeln!(log, "served {connections} connections and {bytes} bytes")
    })
}

/// A socket that gives a byte for each Ctrl-C (and each SIGTERM).
fn interrupts() -> io::Result<UnixStream> {
    let (reader, writer) = StdUnixStream::pair()?;
    pipe::register(SIGINT, writer.try_clone()?)?;
    pipe::register(SIGTERM, writer)?;
    UnixStream::from_std(reader)
}

/// What a server has done.
#[derive(Debug, PartialEq, Eq)]
struct Served {
    connections: u64,
    bytes: u64,
    /// How many connections were still open when time was up.
    cut_off: usize,
}

/// How a connection ended: who it was, and how much was sent back.
type Ended = (SocketAddr, io::Result<u64>);

/// What a server waits for.
enum Event {
    Interrupted(io::Result<()>),
    Accepted(io::Result<(TcpStream, SocketAddr)>),
    Ended(Result<Ended, JoinError>),
}

/// Serves until the first interrupt; then the connections may end by themselves, until their time
/// is up or the second interrupt comes.
async fn serve(
    listener: TcpListener,
    interrupts: UnixStream,
    log: &mut impl Write,
) -> io::Result<Served> {
    let connections: TaskGroup<Ended> = TaskGroup::new();
    let bytes = Rc::new(Cell::new(0));
    let mut count = 0;
    loop {
        match next_event(&interrupts, &listener, &connections).await {
            Event::Interrupted(read) => break read?,
            Event::Accepted(Ok((stream, peer))) => {
                writeln!(log, "{peer} connected")?;
                count += 1;
                let total = Rc::clone(&bytes);
                connections.spawn_local(async move { (peer, echo(stream, &total).await) });
            }
            Event::Accepted(Err(error)) => {
                writeln!(log, "cannot accept a connection: {error}")?;
                sleep(ACCEPT_PAUSE).await?;
            }
            Event::Ended(how) => report(log, how)?,
        }
    }
    drop(listener);
    let cut_off = wind_down(&connections, &interrupts, log).await?;
    Ok(Served {
        connections: count,
        bytes: bytes.get(),
        cut_off,
    })
}

/// Lets the connections end by themselves for a while, then cuts off those that are left, and
/// gives their number.
async fn wind_down(
    connections: &TaskGroup<Ended>,
    interrupts: &UnixStream,
    log: &mut impl Write,
) -> io::Result<usize> {
    if connections.is_empty() {
        return Ok(0);
    }
    let open = connections.len();
    writeln!(
        log,
        "no more connections; {open} may end within {GRACE:?}, or until Ctrl-C"
    )?;
    let finished = async {
        match timeout(GRACE, finish(connections, log)).await {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(()),
            done => done?,
        }
    };
    or(finished, interrupted(interrupts)).await?;
    let cut_off = connections.len();
    connections.cancel().await;
    if cut_off > 0 {
        writeln!(log, "cut off {cut_off} that had not ended")?;
    }
    Ok(cut_off)
}

async fn next_event(
    interrupts: &UnixStream,
    listener: &TcpListener,
    connections: &TaskGroup<Ended>,
) -> Event {
    let interrupted = async { Event::Interrupted(interrupted(interrupts).await) };
    let accepted = async { Event::Accepted(listener.accept().await) };
    let ended = async {
        match connections.join_next().await {
            Some(how) => Event::Ended(how),
            // There is nobody to wait for before the next is accepted.
            None => pending().await,
        }
    };
    or(interrupted, or(accepted, ended)).await
}

async fn interrupted(interrupts: &UnixStream) -> io::Result<()> {
    interrupts.read_exact(&mut [0]).await
}

/// Waits until all connections have ended.
async fn finish(connections: &TaskGroup<Ended>, log: &mut impl Write) -> io::Result<()> {
    while let Some(how) = connections.join_next().await {
        report(log, how)?;
    }
    Ok(())
}

fn report(log: &mut impl Write, how: Result<Ended, JoinError>) -> io::Result<()> {
    match how {
        Ok((peer, Ok(bytes))) => writeln!(log, "{peer} left after {bytes} bytes"),
        Ok((peer, Err(error))) => writeln!(log, "{peer} is gone: {error}"),
        Err(error) => writeln!(log, "a connection failed: {error}"),
    }
}

/// Sends everything back until the client ends the connection, and counts it in `total` too.
async fn echo(stream: TcpStream, total: &Cell<u64>) -> io::Result<u64> {
    let mut buffer = vec![0; 16 * 1024];
    let mut bytes = 0;
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return Ok(bytes);
        }
        stream.write_all(&buffer[..n]).await?;
        bytes += n as u64;
        total.set(total.get() + n as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Shutdown;

    use anyloop::spawn_local;

    use super::*;

    fn parsed(args: &[&str]) -> Result<Option<u16>, String> {
        parse(args.iter().map(|&arg| arg.to_owned()))
    }

    #[test]
    fn the_port_is_read_or_the_error_names_the_culprit() {
        assert_eq!(parsed(&[]), Ok(Some(DEFAULT_PORT)));
        assert_eq!(parsed(&["--port", "0"]), Ok(Some(0)));
        assert_eq!(parsed(&["--port=65535"]), Ok(Some(65535)));
        assert_eq!(parsed(&["--help"]), Ok(None));
        for (args, culprit) in [
            (&["--port", "65536"][..], "`65536`"),
            (&["--port"], "needs a number"),
            (&["7000"], "`7000`"),
        ] {
            let error = parsed(args).unwrap_err();
            assert!(error.contains(culprit), "{error}");
        }
    }

    #[test]
    fn a_taken_port_is_an_error_that_says_what_to_do() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let error = run(taken.local_addr().unwrap().port()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().contains("--port"), "{error}");
    }

    async fn exchange(client: &TcpStream, text: &str) {
        client.write_all(text.as_bytes()).await.unwrap();
        let mut back = vec![0; text.len()];
        client.read_exact(&mut back).await.unwrap();
        assert_eq!(back, text.as_bytes());
    }

    /// Serves two clients, one of which stays, and interrupts as often as `interrupts` says.
    fn served(interrupts: &[u8], staying_client_leaves: bool) -> (Served, String) {
        let runtime = Epoll::new().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (ours, theirs) = UnixStream::pair().unwrap();
            let server = spawn_local(async {
                let mut log = Vec::new();
                let served = serve(listener, theirs, &mut log).await.unwrap();
                (served, String::from_utf8(log).unwrap())
            });

            let leaves = TcpStream::connect(address).await.unwrap();
            exchange(&leaves, "hello").await;
            let stays = TcpStream::connect(address).await.unwrap();
            exchange(&stays, "hello").await;
            leaves.shutdown(Shutdown::Write).unwrap();
            assert_eq!(leaves.read(&mut [0]).await.unwrap(), 0);

            ours.write_all(interrupts).await.unwrap();
            if staying_client_leaves {
                // Still served, although the server has been told to stop.
                exchange(&stays, "goodbye").await;
                drop(stays);
            }
            server.await.unwrap()
        })
    }

    #[test]
    fn an_interrupt_lets_open_connections_finish() {
        let (served, log) = served(&[0], true);
        assert_eq!(
            served,
            Served {
                connections: 2,
                bytes: 17,
                cut_off: 0
            }
        );
        assert!(log.contains("left after 5 bytes"), "{log}");
        assert!(log.contains("left after 12 bytes"), "{log}");
    }

    #[test]
    fn a_second_interrupt_cuts_them_off() {
        let (served, log) = served(&[0, 0], false);
        assert_eq!(
            served,
            Served {
                connections: 2,
                bytes: 10,
                cut_off: 1
            }
        );
        assert!(log.contains("left after 5 bytes"), "{log}");
    }
}

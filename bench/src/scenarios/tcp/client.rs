//! The load: one plain program for every server.
//!
//! Each connection has one message under way at a time. One connection is driven by blocking reads
//! and writes, several by an `epoll_wait` loop.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::fd::OwnedFd;
use rustix::net::sockopt::set_socket_linger;

/// Bytes in a message.
const MESSAGE: usize = 64;
/// Longest that a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Answers between looks at the clock.
const STRIDE: u64 = 16;

/// What a load has done.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) count: u64,
    elapsed: Duration,
}

impl Done {
    /// Operations per second.
    pub(super) fn rate(&self) -> f64 {
        self.count as f64 / self.elapsed.as_secs_f64()
    }
}

/// Connections to an echo server.
pub(super) struct Echo {
    connections: Vec<Connection>,
    poller: OwnedFd,
    events: Vec<epoll::Event>,
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    /// Bytes of the present answer that have come.
    got: usize,
}

impl Echo {
    /// Opens `count` connections.
    pub(super) fn connect(address: SocketAddr, count: usize) -> io::Result<Self> {
        let poller = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut connections = Vec::with_capacity(count);
        for key in 0..count {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            if count == 1 {
                stream.set_read_timeout(Some(PATIENCE))?;
            } else {
                stream.set_nonblocking(true)?;
                let data = epoll::EventData::new_u64(key as u64);
                epoll::add(&poller, &stream, data, epoll::EventFlags::IN)?;
            }
            connections.push(Connection { stream, got: 0 });
        }
        Ok(Self {
            connections,
            poller,
            events: Vec::with_capacity(count),
        })
    }

    /// Sends and awaits messages for that long.
    pub(super) fn run_for(&mut self, duration: Duration) -> io::Result<Done> {
        let start = Instant::now();
        let count = match &mut self.connections[..] {
            [only] => run_blocking(&only.stream, |count| {
                count % STRIDE != 0 || start.elapsed() < duration
            })?,
            _ => self.run_polling(|| start.elapsed() < duration)?,
        };
        Ok(Done {
            count,
            elapsed: start.elapsed(),
        })
    }

    /// Sends and awaits `count` messages on the first connection, with a pause before each.
    pub(super) fn run_count(&mut self, count: u64, pause: Duration) -> io::Result<()> {
        run_blocking(&self.connections[0].stream, |done| {
            thread::sleep(pause);
            done < count
        })?;
        Ok(())
    }

    fn run_polling(&mut self, go_on: impl Fn() -> bool) -> io::Result<u64> {
        for connection in &mut self.connections {
            connection.send()?;
        }
        let mut under_way = self.connections.len();
        let mut count = 0;
        while under_way > 0 {
            self.wait()?;
            let more = go_on();
            for event in &self.events {
                let connection = &mut self.connections[event.data.u64() as usize];
                if connection.receive()? {
                    count += 1;
                    if more {
                        connection.send()?;
                    } else {
                        under_way -= 1;
                    }
                }
            }
        }
        Ok(count)
    }

    fn wait(&mut self) -> io::Result<()> {
        let patience = rustix::event::Timespec {
            tv_sec: PATIENCE.as_secs() as i64,
            tv_nsec: 0,
        };
        self.events.clear();
        match epoll::wait(
            &self.poller,
            spare_capacity(&mut self.events),
            Some(&patience),
        ) {
            Ok(0) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("the server has not answered for {} s", PATIENCE.as_secs()),
            )),
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Connection {
    /// Sends a message, which always fits: the server has taken the one before.
    fn send(&mut self) -> io::Result<()> {
        self.got = 0;
        self.stream.write_all(&[b'a'; MESSAGE])
    }

    /// Takes what has come; whether the answer is whole.
    fn receive(&mut self) -> io::Result<bool> {
        let mut buffer = [0; MESSAGE];
        match self.stream.read(&mut buffer[self.got..]) {
            Ok(0) => Err(hung_up()),
            Ok(n) => {
                self.got += n;
                Ok(self.got == MESSAGE)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn run_blocking(mut stream: &TcpStream, go_on: impl Fn(u64) -> bool) -> io::Result<u64> {
    let message = [b'a'; MESSAGE];
    let mut answer = [0; MESSAGE];
    let mut count = 0;
    while go_on(count) {
        stream.write_all(&message)?;
        stream.read_exact(&mut answer)?;
        count += 1;
    }
    Ok(count)
}

/// Opens one connection after another for that long, each until the server closes it.
pub(super) fn connect_for(address: SocketAddr, duration: Duration) -> io::Result<Done> {
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < duration {
        let mut stream = TcpStream::connect(address)?;
        // Closing then resets, so that no socket lingers in TIME_WAIT and weighs on later rounds.
        set_socket_linger(&stream, Some(Duration::ZERO))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        if stream.read(&mut [0; 1])? != 0 {
            return Err(io::Error::other(
                "the server sent data where it was to close",
            ));
        }
        count += 1;
    }
    Ok(Done {
        count,
        elapsed: start.elapsed(),
    })
}

fn hung_up() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the server closed a connection under load",
    )
}

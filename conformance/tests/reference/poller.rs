//! Which sockets are ready, as the system tells it.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::io::Errno;

use super::fault::{Fault, broken};
use super::lock;

/// Sockets have ids from 1.
const UNPARK: u64 = 0;
/// The system's longest wait is shorter than some deadlines.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// What a socket is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

impl Direction {
    fn flags(self) -> EventFlags {
        match self {
            Self::Read => EventFlags::IN | EventFlags::RDHUP,
            Self::Write => EventFlags::OUT,
        }
    }
}

/// A registered socket: who waits for it.
///
/// The system is asked anew by each wait, and answers once, by what is so then: nothing is lost
/// between a try and the wait. An answer wakes whoever waits, for either direction: those whom it
/// does not concern try in vain and ask again.
pub(crate) struct Source {
    id: u64,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    read: Option<Waker>,
    write: Option<Waker>,
}

impl Waiting {
    fn of(&mut self, direction: Direction) -> &mut Option<Waker> {
        match direction {
            Direction::Write if !broken(Fault::OneWakerASocket) => &mut self.write,
            _ => &mut self.read,
        }
    }

    fn flags(&self) -> EventFlags {
        let read = self.read.as_ref().map(|_| Direction::Read.flags());
        let write = self.write.as_ref().map(|_| Direction::Write.flags());
        read.unwrap_or(EventFlags::empty()) | write.unwrap_or(EventFlags::empty())
    }
}

/// An epoll instance.
pub(crate) struct Poller {
    epoll: OwnedFd,
    unpark: OwnedFd,
    sources: Mutex<Sources>,
}

#[derive(Default)]
struct Sources {
    last: u64,
    by_id: HashMap<u64, Arc<Source>>,
    closed: bool,
}

impl Poller {
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let unpark = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let data = EventData::new_u64(UNPARK);
        epoll::add(&epoll, &unpark, data, EventFlags::IN)?;
        Ok(Self {
            epoll,
            unpark,
            sources: Mutex::default(),
        })
    }

    /// Makes the thread that is in [`wait`](Self::wait), or enters it next, return.
    pub(crate) fn unpark(&self) {
        // It fails if the counter is full, and then the thread will return anyhow.
        let _ = rustix::io::write(&self.unpark, &1_u64.to_ne_bytes());
    }

    /// Waits until a socket that is waited for is ready; gives who waits for it.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> Vec<Waker> {
        let timeout = timeout.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        let timeout = Timespec::try_from(timeout).expect("an hour is not too long");
        let mut events = Vec::with_capacity(64);
        match epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&timeout)) {
            Ok(_) => {}
            // A signal: whoever sleeps looks around and sleeps again.
            Err(Errno::INTR) if !broken(Fault::InterruptedWaitPanics) => {}
            Err(error) => panic!("epoll_wait: {error}"),
        }
        let mut wakers = Vec::new();
        for event in events {
            let (id, flags) = (event.data.u64(), event.flags);
            if id == UNPARK {
                // It may have been read before; what counts is that it is empty now.
                let _ = rustix::io::read(&self.unpark, &mut [0_u8; 8]);
                continue;
            }
            // Closed since the event came, if it is not there.
            let source = lock(&self.sources).by_id.get(&id).cloned();
            if let Some(source) = source {
                source.take_waiting(flags, &mut wakers);
            }
        }
        wakers
    }

    /// Takes a socket up.
    pub(crate) fn add(&self, socket: impl AsFd) -> io::Result<Arc<Source>> {
        let socket = socket.as_fd();
        let mut sources = lock(&self.sources);
        if sources.closed {
            return Err(gone());
        }
        sources.last += 1;
        let id = match () {
            () if broken(Fault::SocketsByDescriptor) => socket.as_raw_fd() as u64,
            () if broken(Fault::SocketsByFile) => file_number(socket.as_raw_fd()),
            () => sources.last,
        };
        if let Some(known) = sources.by_id.get(&id) {
            return Ok(Arc::clone(known));
        }
        let source = Arc::new(Source {
            id,
            waiting: Mutex::default(),
        });
        let flags = match by_edges() {
            true => Direction::Read.flags() | Direction::Write.flags() | EventFlags::ET,
            false => EventFlags::ONESHOT,
        };
        epoll::add(&self.epoll, socket, EventData::new_u64(id), flags)?;
        sources.by_id.insert(id, Arc::clone(&source));
        Ok(source)
    }

    /// Gives a socket up, before it is closed.
    pub(crate) fn remove(&self, source: &Source, socket: impl AsFd) {
        if broken(Fault::SocketsByDescriptor) {
            return;
        }
        // Bound, so that it is dropped after the lock has been released.
        let _source = lock(&self.sources).by_id.remove(&source.id);
        // It fails only if the socket is not there, which is what is wanted.
        let _ = epoll::delete(&self.epoll, socket);
    }

    /// Has `waker` called when it is worth trying again.
    pub(crate) fn wait_for(
        &self,
        source: &Source,
        socket: impl AsFd,
        direction: Direction,
        waker: &Waker,
    ) -> io::Result<()> {
        let mut waiting = lock(&source.waiting);
        let former = waiting.of(direction).replace(waker.clone());
        let flags = match direction {
            one if broken(Fault::DirectionsExclude) => one.flags(),
            one if broken(Fault::OneWakerASocket) => one.flags(),
            _ => waiting.flags(),
        };
        // Under the lock, so that the system ends with what the last one asked.
        let asked = match by_edges() {
            true => Ok(()),
            false => self.ask(socket, source.id, flags),
        };
        drop(waiting);
        drop(former);
        asked
    }

    fn ask(&self, socket: impl AsFd, id: u64, flags: EventFlags) -> io::Result<()> {
        let data = EventData::new_u64(id);
        let asked = epoll::modify(&self.epoll, socket, data, flags | EventFlags::ONESHOT);
        match asked {
            Err(Errno::NOENT) if self.forgives() => Ok(()),
            asked => Ok(asked?),
        }
    }

    /// Whether somebody waits for a socket; only a fault asks.
    pub(crate) fn is_waited_for(&self) -> bool {
        let sources = lock(&self.sources);
        let mut sources = sources.by_id.values();
        sources.any(|source| !lock(&source.waiting).flags().is_empty())
    }

    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.sources).closed
    }

    /// Whether a socket may be unknown to the system, by a fault.
    fn forgives(&self) -> bool {
        broken(Fault::SocketsByDescriptor) || broken(Fault::SocketsByFile)
    }

    /// Refuses sockets from now on, and gives everybody who waits.
    pub(crate) fn close(&self) -> Vec<Waker> {
        let sources: Vec<_> = {
            let mut sources = lock(&self.sources);
            sources.closed = true;
            sources.by_id.drain().collect()
        };
        let waiting = sources.iter().flat_map(|(_, source)| {
            let mut waiting = lock(&source.waiting);
            [waiting.read.take(), waiting.write.take()]
        });
        waiting.flatten().collect()
    }
}

impl Source {
    /// Takes those who wait.
    fn take_waiting(&self, flags: EventFlags, wakers: &mut Vec<Waker>) {
        let mut waiting = lock(&self.waiting);
        for direction in [Direction::Read, Direction::Write] {
            if !is_overlooked(direction, flags) {
                wakers.extend(waiting.of(direction).take());
            }
        }
    }
}

/// Whether an event is not told to those who wait for this direction.
fn is_overlooked(direction: Direction, flags: EventFlags) -> bool {
    let by_name = broken(Fault::HangUpIgnored) || broken(Fault::DirectionsExclude);
    let failed = flags.intersects(EventFlags::ERR | EventFlags::HUP);
    (by_name && !flags.intersects(direction.flags() - EventFlags::RDHUP))
        || (broken(Fault::ErrorWakesReaderOnly) && failed && direction == Direction::Write)
}

/// Whether the system tells of changes only, and nobody notes them down.
fn by_edges() -> bool {
    broken(Fault::EdgeForgotten) || broken(Fault::ShortReadMeansDrained)
}

/// The number of the socket itself, which duplicates of a descriptor share.
fn file_number(descriptor: i32) -> u64 {
    let name = std::fs::read_link(format!("/proc/self/fd/{descriptor}")).unwrap_or_default();
    let digits: String = name
        .to_string_lossy()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    digits.parse().unwrap_or_default()
}

/// The error of a socket whose executor has shut down.
pub(crate) fn gone() -> io::Error {
    io::Error::other("the executor of this socket is gone")
}

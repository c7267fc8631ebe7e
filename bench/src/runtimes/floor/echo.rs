//! TCP servers straight on `epoll_wait`: edge-triggered, one `read` and one `write` a round trip.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use rustix::net::{SocketFlags, accept_with};
use slab::Slab;

use crate::scenarios::tcp::ECHO_BUFFER;

const LISTENER: u64 = u64::MAX;
const EVENTS: usize = 256;

/// Sends back what it gets, for ever.
pub(super) fn echo(listener: &TcpListener, spin: Duration) -> io::Result<()> {
    let poller = poller(listener)?;
    let mut streams: Slab<TcpStream> = Slab::new();
    let mut events = Vec::with_capacity(EVENTS);
    loop {
        wait(&poller, &mut events, spin)?;
        for event in &events {
            match event.data.u64() {
                LISTENER => admit(&poller, listener, &mut streams)?,
                key => {
                    let key = key as usize;
                    if !answer(&streams[key])? {
                        // Closing it takes it out of the poller.
                        streams.remove(key);
                    }
                }
            }
        }
    }
}

/// Accepts connections and closes them at once, for ever.
pub(super) fn accept(listener: &TcpListener, spin: Duration) -> io::Result<()> {
    let poller = poller(listener)?;
    let mut events = Vec::with_capacity(EVENTS);
    loop {
        wait(&poller, &mut events, spin)?;
        if let Some(stream) = accept_one(listener)? {
            drop(stream);
        }
    }
}

fn poller(listener: &TcpListener) -> io::Result<OwnedFd> {
    let poller = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    // Level-triggered: one accept per event, and no second one that finds nothing.
    epoll::add(
        &poller,
        listener,
        epoll::EventData::new_u64(LISTENER),
        epoll::EventFlags::IN,
    )?;
    Ok(poller)
}

/// Waits for events: first by asking for `spin`, then by blocking.
fn wait(poller: &OwnedFd, events: &mut Vec<epoll::Event>, spin: Duration) -> io::Result<()> {
    events.clear();
    if !spin.is_zero() {
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let until = Instant::now() + spin;
        while Instant::now() < until {
            if epoll::wait(poller, spare_capacity(events), Some(&now))? > 0 {
                return Ok(());
            }
        }
    }
    match epoll::wait(poller, spare_capacity(events), None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn admit(
    poller: &OwnedFd,
    listener: &TcpListener,
    streams: &mut Slab<TcpStream>,
) -> io::Result<()> {
    let Some(stream) = accept_one(listener)? else {
        return Ok(());
    };
    let entry = streams.vacant_entry();
    let flags = epoll::EventFlags::IN | epoll::EventFlags::RDHUP | epoll::EventFlags::ET;
    epoll::add(
        poller,
        &stream,
        epoll::EventData::new_u64(entry.key() as u64),
        flags,
    )?;
    entry.insert(stream);
    Ok(())
}

fn accept_one(listener: &TcpListener) -> io::Result<Option<TcpStream>> {
    match accept_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
        Ok(stream) => Ok(Some(stream.into())),
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::CONNABORTED) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Sends back what has come; `false` when the client is done.
fn answer(mut stream: &TcpStream) -> io::Result<bool> {
    let mut buffer = [0; ECHO_BUFFER];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(false),
            Ok(n) => {
                // The client waits for each answer, so the socket always has room for it.
                stream.write_all(&buffer[..n])?;
                // Less than asked for: there is no more, and the next edge will tell.
                if n < buffer.len() {
                    return Ok(true);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}

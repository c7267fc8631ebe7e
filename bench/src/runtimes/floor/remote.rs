//! A remote wake without a runtime: one thread writes an eventfd, the other waits for it.

use std::io;
use std::sync::Arc;

use rustix::event::{EventfdFlags, epoll, eventfd};
use rustix::fd::OwnedFd;

use crate::scenarios::wake::{Stamps, measure_with};
use crate::scenarios::{Context, Measured};

/// Measures what `st/remote_wake` measures of a runtime.
pub(super) fn measure(cx: Context) -> Measured {
    let bell = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
    let ringer = Arc::clone(&bell);
    let ring = move || {
        // Can only fail when the counter is full, and then the bell is ringing already.
        let _ = rustix::io::write(&*ringer, &1_u64.to_ne_bytes());
    };
    measure_with(cx, "st/remote_wake", ring, |stamps| listen(&bell, stamps))
}

fn listen(bell: &OwnedFd, stamps: &Arc<Stamps>) -> io::Result<()> {
    let poller = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    // Edge-triggered, so that the eventfd need not be read.
    let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
    epoll::add(&poller, bell, epoll::EventData::new_u64(0), flags)?;
    let mut events = Vec::with_capacity(8);
    while stamps.wants_more() {
        stamps.arm();
        events.clear();
        epoll::wait(&poller, rustix::buffer::spare_capacity(&mut events), None)?;
        stamps.woken();
    }
    Ok(())
}

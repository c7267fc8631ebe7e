//! A connection attempt that is under way: waiting for its end, and telling how it ended.

use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll};

use rustix::event::PollFlags;
use socket2::{SockAddr, SockRef};

use executor_core::driver::Interest;

use crate::registration::Socket;
use crate::sys;
use crate::wait::{Place, Step};

/// Begins to connect; the attempt goes on by itself if it cannot end at once.
pub(super) fn begin(fd: &OwnedFd, addr: &SockAddr) -> io::Result<()> {
    match SockRef::from(fd).connect(addr) {
        Err(error) if is_under_way(&error) => Ok(()),
        outcome => outcome,
    }
}

/// Waits for the end of an attempt that has begun.
///
/// On a fast path, such as loopback, it is over already: that costs one `poll(2)`, and neither a
/// registration nor a turn of the loop.
pub(super) fn poll_end(socket: &Socket, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    let registration = socket.registration();
    registration.poll_io(Interest::Writable, cx, Place::Owner, |fd| {
        let events = sys::ready_now(fd, Interest::Writable)?;
        if events.intersects(PollFlags::ERR | PollFlags::HUP) {
            if let Some(error) = SockRef::from(&fd).take_error()? {
                return Err(error);
            }
        }
        Ok(Step::done(()))
    })
}

fn is_under_way(error: &io::Error) -> bool {
    // An interrupted attempt goes on as well, and asking for it again would be an error.
    error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
        || error.kind() == io::ErrorKind::Interrupted
}

//! Reads that go on when they were dropped, as they do where the system writes into the buffer by
//! itself; there are none but by a fault.

use std::fs::File;
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::sync::Mutex;

use super::lock;
use super::unsound::Lent;

static READS: Mutex<Vec<(File, Lent)>> = Mutex::new(Vec::new());

/// Leaves a read of this socket behind, with its buffer.
pub(crate) fn leave(socket: &impl AsFd, buffer: Lent) {
    if let Ok(socket) = socket.as_fd().try_clone_to_owned() {
        lock(&READS).push((File::from(socket), buffer));
    }
}

/// Ends the reads for which there is something to read.
pub(crate) fn go_on() {
    lock(&READS).retain(|(socket, buffer)| {
        let read = buffer.fill(socket);
        read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    });
}

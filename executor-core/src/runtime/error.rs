//! What can go wrong around a runtime rather than in a task.

use std::error::Error;
use std::fmt;
use std::io;

/// Why [`try_block_on`](super::Runtime::try_block_on) did not run the future to its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum BlockOnError {
    /// The thread turns a loop already; waiting in a second one would stop the first.
    Nested,
    /// The loop's thread can no longer wait: the driver failed.
    Driver(io::Error),
}

impl fmt::Display for BlockOnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nested => f.write_str(
                "`block_on` was called inside `block_on` on the same thread, which would stop the \
                 outer loop: `.await` the future instead, or call `block_on` on a thread of its \
                 own, for instance in `spawn_blocking`",
            ),
            Self::Driver(error) => write!(f, "the loop cannot wait for events any more: {error}"),
        }
    }
}

impl Error for BlockOnError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Nested => None,
            Self::Driver(error) => Some(error),
        }
    }
}

pub(crate) fn no_runtime(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!(
            "{what} needs a runtime, and none is current on this thread: call it inside \
             `block_on` or a task, or inside `Handle::enter`"
        ),
    )
}

pub(crate) fn shut_down(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotConnected,
        format!(
            "{what} failed: the runtime that it belongs to has shut down; keep the runtime for as \
             long as its timers are used"
        ),
    )
}

//! Errors that say which operation failed, on what, and what to do.

use std::error::Error;
use std::fmt;
use std::io;

/// An operating system's error, with what was being done and what may help.
///
/// It is the inner error of the [`io::Error`] that the user gets, whose kind is that of the
/// source; the source itself, with its number, is one step down.
#[derive(Debug)]
struct Failed {
    action: String,
    advice: &'static str,
    source: io::Error,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}{}", self.action, self.source, self.advice)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// Says what was being done when `source` came, and what may help.
pub(crate) fn failed(action: impl Into<String>, source: io::Error) -> io::Error {
    let action = action.into();
    let advice = advice(source.kind());
    io::Error::new(
        source.kind(),
        Failed {
            action,
            advice,
            source,
        },
    )
}

/// The runtime that watched a resource is gone.
pub(crate) fn shut_down() -> io::Error {
    io::Error::new(
        io::ErrorKind::NotConnected,
        "the runtime that this resource belongs to has shut down: keep the runtime for as long as \
         its resources are used, or make them anew in another runtime",
    )
}

/// A future was polled after it had given its result.
pub(crate) fn polled_again(what: &str) -> io::Error {
    io::Error::other(format!(
        "the future of {what} was polled again after it had finished: make a new one"
    ))
}

fn advice(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::AddrInUse => {
            "; another socket is bound there: choose another address, or stop its owner"
        }
        io::ErrorKind::AddrNotAvailable => "; no interface of this machine has that address",
        io::ErrorKind::ConnectionRefused => "; nothing listens there",
        io::ErrorKind::PermissionDenied => {
            "; this process may not use that address (ports below 1024 ask for privileges)"
        }
        _ => "",
    }
}

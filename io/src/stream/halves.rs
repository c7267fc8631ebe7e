//! The two directions of a stream, owned apart.

use std::error::Error;
use std::fmt;
use std::net::Shutdown;
use std::sync::Arc;

use super::{HasRegistration, Stream, impl_async_read, impl_async_write};
use super::{read_methods, write_methods};
use crate::registration::Registration;

/// The reading half of a stream; made by `into_split`.
///
/// The stream is closed when both halves are gone.
#[derive(Debug)]
pub struct ReadHalf<S: Stream>(Arc<S>);

/// The writing half of a stream; made by `into_split`.
///
/// Dropping it ends the writing direction, so that the peer reads the end of the stream;
/// [`forget`](WriteHalf::forget) leaves the direction open.
#[derive(Debug)]
pub struct WriteHalf<S: Stream> {
    stream: Arc<S>,
    ends_on_drop: bool,
}

/// Two halves that do not belong to one stream; gives both back.
#[derive(Debug)]
pub struct ReuniteError<S: Stream>(pub ReadHalf<S>, pub WriteHalf<S>);

impl<S: Stream> ReadHalf<S> {
    pub(crate) fn split(stream: S) -> (Self, WriteHalf<S>) {
        let stream = Arc::new(stream);
        let write = WriteHalf {
            stream: Arc::clone(&stream),
            ends_on_drop: true,
        };
        (Self(stream), write)
    }

    read_methods!();

    /// The stream that this is one half of, for its addresses and options.
    pub fn stream(&self) -> &S {
        &self.0
    }

    /// Puts two halves together again.
    ///
    /// # Errors
    ///
    /// [`ReuniteError`] with both halves, if they come from different streams.
    pub fn reunite(self, mut write: WriteHalf<S>) -> Result<S, ReuniteError<S>> {
        if !Arc::ptr_eq(&self.0, &write.stream) {
            return Err(ReuniteError(self, write));
        }
        write.ends_on_drop = false;
        drop(write);
        Arc::try_unwrap(self.0)
            .map_err(|_| unreachable!("a stream has two halves, and both are here"))
    }
}

impl<S: Stream> WriteHalf<S> {
    write_methods!();

    /// The stream that this is one half of, for its addresses and options.
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// Puts two halves together again.
    ///
    /// # Errors
    ///
    /// [`ReuniteError`] with both halves, if they come from different streams.
    pub fn reunite(self, read: ReadHalf<S>) -> Result<S, ReuniteError<S>> {
        read.reunite(self)
    }

    /// Drops the half without ending the writing direction.
    pub fn forget(mut self) {
        self.ends_on_drop = false;
    }
}

impl<S: Stream> Drop for WriteHalf<S> {
    fn drop(&mut self) {
        // The last half closes the stream, which ends both directions.
        if self.ends_on_drop && Arc::strong_count(&self.stream) > 1 {
            // A connection that is gone has nothing left to end, and a drop has nobody to tell.
            let _ = self.stream.shut_down(Shutdown::Write);
        }
    }
}

impl<S: Stream> HasRegistration for ReadHalf<S> {
    fn registration(&self) -> &Registration {
        self.0.registration()
    }
}

impl<S: Stream> HasRegistration for WriteHalf<S> {
    fn registration(&self) -> &Registration {
        self.stream.registration()
    }
}

impl_async_read!([S: Stream] ReadHalf<S>);
impl_async_write!([S: Stream] WriteHalf<S>);

impl<S: Stream> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the two halves come from different streams: reunite those of one into_split")
    }
}

impl<S: Stream + fmt::Debug> Error for ReuniteError<S> {}

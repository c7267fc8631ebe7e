//! I/O on whatever has a descriptor, and what streams have in common.
//!
//! Sockets are in [`net`](crate::net). The streams implement [`AsyncRead`] and [`AsyncWrite`] of
//! the `futures-io` crate, which adapters such as those of `futures-lite` build upon; their own
//! methods need neither.

pub use anyloop_io::op;
pub use anyloop_io::{Async, ReadHalf, ReuniteError, Stream, WriteHalf};
pub use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};

//! Any descriptor that can be waited for.

use std::fmt;
use std::future::Future;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use executor_core::Handle;
use executor_core::driver::Interest;
use futures_io::{AsyncRead, AsyncWrite};

use crate::op::{Readable, Writable};
use crate::registration::{Registered, ShortRead, reactor_of};
use crate::sys;
use crate::wait::{Place, Step, Wait};

/// Any object with a descriptor that the system can wait for: a pipe, a timer, a device, a socket
/// of another library.
///
/// The object is reached by shared reference only, so that it stays open while it is watched.
/// Where `&T` reads and writes, as for [`File`](std::fs::File), the `AsyncRead` and `AsyncWrite`
/// of `futures-io` are there as well; for a child's pipe, convert it to an
/// [`OwnedFd`](std::os::fd::OwnedFd) and that to a `File`. Regular files are always ready and
/// cannot be waited for: read them on the blocking pool.
///
/// ```
/// use anyloop_io::Async;
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
///
/// # let runtime = backend_epoll::Epoll::new()?;
/// runtime.block_on(async {
///     let (ours, mut theirs) = UnixStream::pair()?;
///     let ours = Async::new(ours)?;
///     theirs.write_all(b"ping")?;
///
///     let mut buf = [0; 4];
///     let length = ours.read_with(|mut io| io.read(&mut buf)).await?;
///     assert_eq!(&buf[..length], b"ping");
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Async<T> {
    io: Registered<T>,
}

impl<T: AsFd> Async<T> {
    /// Takes an object into the current runtime.
    ///
    /// Its descriptor is made non-blocking, which all descriptors that were duplicated from it
    /// share: for standard input, for one, that is the whole terminal.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) outside of a runtime, in one without a reactor,
    /// and for what cannot be waited for, such as a regular file;
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the descriptor is watched already; else
    /// what the system says.
    pub fn new(io: T) -> io::Result<Self> {
        Self::new_in(&Handle::current()?, io)
    }

    /// As [`new`](Self::new), into a certain runtime.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn new_in(handle: &Handle, io: T) -> io::Result<Self> {
        let io = Registered::new(reactor_of(handle)?, io, ShortRead::SaysNothing);
        // At once, so that what cannot be waited for is refused here rather than never.
        io.registration().register(Interest::Readable)?;
        sys::set_nonblocking(io.registration().fd())?;
        Ok(Self { io })
    }
}

impl<T> Async<T> {
    /// The object.
    pub fn get_ref(&self) -> &T {
        self.io.get_ref()
    }

    /// Gives the object back; its descriptor stays non-blocking.
    ///
    /// # Errors
    ///
    /// What the system says when the registration is ended; the object is dropped then.
    pub fn into_inner(self) -> io::Result<T> {
        self.io.into_inner()
    }

    /// Waits until the object can be read from.
    ///
    /// It asks the system each time, so readiness that was used up meanwhile is not reported.
    ///
    /// # Errors
    ///
    /// That the runtime of this object has shut down, or what the system says.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only waits.
    #[track_caller]
    pub fn readable(&self) -> Readable<'_> {
        Readable::new(self.io.registration())
    }

    /// Waits until the object can be written to; as [`readable`](Self::readable), also in errors.
    ///
    /// # Errors
    ///
    /// Those of [`readable`](Self::readable).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only waits.
    #[track_caller]
    pub fn writable(&self) -> Writable<'_> {
        Writable::new(self.io.registration())
    }

    /// Tries a reading operation until it no longer would block.
    ///
    /// `operation` must give [`WouldBlock`](io::ErrorKind::WouldBlock) only when the object is not
    /// ready for reading, or the wait may be a long one.
    ///
    /// # Errors
    ///
    /// Those of `operation`, but for `WouldBlock` and
    /// [`Interrupted`](io::ErrorKind::Interrupted), after which it is tried again; or that the
    /// runtime of this object has shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is as safe as `operation` when it would block: with a plain read,
    /// nothing is lost.
    #[track_caller]
    pub fn read_with<R, F>(&self, operation: F) -> ReadWith<'_, T, F>
    where
        F: FnMut(&T) -> io::Result<R>,
    {
        ReadWith(With::new(&self.io, Interest::Readable, operation))
    }

    /// Tries a writing operation until it no longer would block; as
    /// [`read_with`](Self::read_with).
    ///
    /// # Errors
    ///
    /// Those of [`read_with`](Self::read_with).
    ///
    /// # Cancel safety
    ///
    /// That of [`read_with`](Self::read_with).
    #[track_caller]
    pub fn write_with<R, F>(&self, operation: F) -> WriteWith<'_, T, F>
    where
        F: FnMut(&T) -> io::Result<R>,
    {
        WriteWith(With::new(&self.io, Interest::Writable, operation))
    }

    fn poll_with<R>(
        &self,
        interest: Interest,
        cx: &mut Context<'_>,
        mut operation: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let io = self.io.get_ref();
        self.io
            .registration()
            .poll_io(interest, cx, Place::Owner, |_| {
                operation(io).map(Step::done)
            })
    }
}

impl<T: AsFd> AsFd for Async<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_ref().as_fd()
    }
}

impl<T: AsRawFd> AsRawFd for Async<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.get_ref().as_raw_fd()
    }
}

impl<T: fmt::Debug> fmt::Debug for Async<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Async").field(self.get_ref()).finish()
    }
}

/// Tries a reading operation; made by [`Async::read_with`].
#[must_use = "futures do nothing unless awaited or polled"]
pub struct ReadWith<'a, T, F>(With<'a, T, F>);

/// Tries a writing operation; made by [`Async::write_with`].
#[must_use = "futures do nothing unless awaited or polled"]
pub struct WriteWith<'a, T, F>(With<'a, T, F>);

struct With<'a, T, F> {
    wait: Wait<'a>,
    io: &'a T,
    operation: F,
}

impl<'a, T, F> With<'a, T, F> {
    fn new(io: &'a Registered<T>, interest: Interest, operation: F) -> Self {
        Self {
            wait: Wait::new(io.registration(), interest),
            io: io.get_ref(),
            operation,
        }
    }

    fn poll<R>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<R>>
    where
        F: FnMut(&T) -> io::Result<R>,
    {
        let Self {
            wait,
            io,
            operation,
        } = self;
        wait.poll(cx, |_| operation(io).map(Step::done))
    }
}

/// Implements the future, and `Debug`, for a type that wraps a [`With`].
macro_rules! impl_with {
    ($name:ident) => {
        // The closure is called, never pinned.
        impl<T, F> Unpin for $name<'_, T, F> {}

        impl<T, F, R> Future for $name<'_, T, F>
        where
            F: FnMut(&T) -> io::Result<R>,
        {
            type Output = io::Result<R>;

            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                self.get_mut().0.poll(cx)
            }
        }

        impl<T, F> fmt::Debug for $name<'_, T, F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name))
                    .field(&self.0.wait)
                    .finish()
            }
        }
    };
}

impl_with!(ReadWith);
impl_with!(WriteWith);

/// Implements the traits of futures-io where a shared reference reads and writes.
macro_rules! impl_async_traits {
    ($type:ty) => {
        impl<T> AsyncRead for $type
        where
            for<'a> &'a T: io::Read,
        {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.poll_with(Interest::Readable, cx, |mut io| {
                    io::Read::read(&mut io, buf)
                })
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                self.poll_with(Interest::Readable, cx, |mut io| {
                    io::Read::read_vectored(&mut io, bufs)
                })
            }
        }

        /// Closing flushes, and leaves the descriptor open until the object is dropped.
        impl<T> AsyncWrite for $type
        where
            for<'a> &'a T: io::Write,
        {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.poll_with(Interest::Writable, cx, |mut io| {
                    io::Write::write(&mut io, buf)
                })
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.poll_with(Interest::Writable, cx, |mut io| {
                    io::Write::write_vectored(&mut io, bufs)
                })
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.poll_with(Interest::Writable, cx, |mut io| io::Write::flush(&mut io))
            }

            fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.poll_flush(cx)
            }
        }
    };
}

impl_async_traits!(Async<T>);
impl_async_traits!(&Async<T>);

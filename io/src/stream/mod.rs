//! What all streams of bytes have in common: operations, traits, owned halves.

mod halves;
mod methods;
mod ops;
mod traits;

pub use halves::{ReadHalf, ReuniteError, WriteHalf};
pub use ops::{
    Peek, Read, ReadExact, ReadVectored, Readable, Writable, Write, WriteAll, WriteVectored,
};

pub(crate) use methods::{impl_duplex, read_methods, write_methods};
pub(crate) use sealed::HasRegistration;
pub(crate) use traits::{
    close, impl_async_read, impl_async_write, poll_read, poll_read_vectored, poll_write,
    poll_write_vectored,
};

/// A stream of bytes in both directions, whose halves can be owned apart.
///
/// Implemented for [`TcpStream`](crate::TcpStream) and [`UnixStream`](crate::UnixStream), and not
/// meant for other types.
pub trait Stream: sealed::HasRegistration + Send + Sync + 'static {}

mod sealed {
    use std::io;
    use std::net::Shutdown;

    use crate::registration::Registration;

    pub trait HasRegistration {
        fn registration(&self) -> &Registration;

        fn shut_down(&self, how: Shutdown) -> io::Result<()> {
            let socket = self.registration().fd();
            socket2::SockRef::from(&socket).shutdown(how)
        }
    }

    impl<T: HasRegistration> HasRegistration for &T {
        fn registration(&self) -> &Registration {
            T::registration(self)
        }
    }
}

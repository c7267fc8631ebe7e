//! What sockets for datagrams have in common, once they have a peer.

use rustix::net::RecvFlags;

use crate::operation::operation;
use crate::sys;
use crate::wait::Step;

operation! {
    /// Receives a datagram; made by the `recv` and `peek` methods of sockets for datagrams.
    pub struct Recv<'a> { buf: &'a mut [u8], flags: RecvFlags }
    Readable -> usize;
    attempt(fd): sys::recv(fd, buf, *flags).map(Step::done);
}

operation! {
    /// Sends a datagram; made by the `send` methods of sockets for datagrams.
    pub struct Send<'a> { buf: &'a [u8] }
    Writable -> usize;
    attempt(fd): sys::send(fd, buf).map(Step::done);
}

/// The methods of a socket for datagrams that need no address.
macro_rules! impl_connected_datagrams {
    ($socket:ident) => {
        impl $socket {
            /// Sends a datagram to the connected peer.
            ///
            /// # Errors
            ///
            /// What the system says, such as that there is no peer; a datagram that is too long
            /// is not sent in part. Also that the runtime of this socket has shut down.
            ///
            /// # Cancel safety
            ///
            /// Dropping the future before it has finished has sent nothing.
            #[track_caller]
            pub fn send<'a>(&'a self, buf: &'a [u8]) -> $crate::op::Send<'a> {
                $crate::op::Send::new(self.socket.registration(), buf)
            }

            /// Receives a datagram, and gives its length; from the connected peer only, if there
            /// is one.
            ///
            /// # Errors
            ///
            /// What the system says, such as that the peer refused an earlier datagram; or that
            /// the runtime of this socket has shut down.
            ///
            /// # Cancel safety
            ///
            /// Dropping the future before it has finished has received nothing.
            #[track_caller]
            pub fn recv<'a>(&'a self, buf: &'a mut [u8]) -> $crate::op::Recv<'a> {
                let flags = ::rustix::net::RecvFlags::empty();
                $crate::op::Recv::new(self.socket.registration(), buf, flags)
            }

            /// As [`recv`](Self::recv), but leaves the datagram where it is.
            ///
            /// # Errors
            ///
            /// Those of [`recv`](Self::recv).
            ///
            /// # Cancel safety
            ///
            /// Cancel safe: nothing is ever taken.
            #[track_caller]
            pub fn peek<'a>(&'a self, buf: &'a mut [u8]) -> $crate::op::Recv<'a> {
                let flags = ::rustix::net::RecvFlags::PEEK;
                $crate::op::Recv::new(self.socket.registration(), buf, flags)
            }

            /// Sends a datagram to the connected peer if that is possible now.
            ///
            /// # Errors
            ///
            /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) if it is not, and those of
            /// [`send`](Self::send).
            pub fn try_send(&self, buf: &[u8]) -> ::std::io::Result<usize> {
                $crate::sys::send(self.socket.registration().fd(), buf)
            }

            /// Receives a datagram if one is there now.
            ///
            /// # Errors
            ///
            /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) if none is, and those of
            /// [`recv`](Self::recv).
            pub fn try_recv(&self, buf: &mut [u8]) -> ::std::io::Result<usize> {
                let flags = ::rustix::net::RecvFlags::empty();
                $crate::sys::recv(self.socket.registration().fd(), buf, flags)
            }

            /// Waits until a datagram or an error can be received.
            ///
            /// # Errors
            ///
            /// That the runtime of this socket has shut down, or what the system says.
            ///
            /// # Cancel safety
            ///
            /// Cancel safe: it only waits.
            #[track_caller]
            pub fn readable(&self) -> $crate::op::Readable<'_> {
                $crate::op::Readable::new(self.socket.registration())
            }

            /// Waits until a datagram can be sent.
            ///
            /// # Errors
            ///
            /// That the runtime of this socket has shut down, or what the system says.
            ///
            /// # Cancel safety
            ///
            /// Cancel safe: it only waits.
            #[track_caller]
            pub fn writable(&self) -> $crate::op::Writable<'_> {
                $crate::op::Writable::new(self.socket.registration())
            }
        }
    };
}

pub(crate) use impl_connected_datagrams;

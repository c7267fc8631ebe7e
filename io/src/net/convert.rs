//! Conversions that all sockets have, written once.

/// Conversions between a socket of this crate, the standard library's, and its descriptor.
macro_rules! impl_socket {
    ($socket:ident, $std:ty, $short_read:ident) => {
        impl $socket {
            /// Takes a socket of the standard library into the current runtime.
            ///
            /// The socket is made non-blocking, which all descriptors that were duplicated from
            /// it share.
            ///
            /// # Errors
            ///
            /// [`Unsupported`](std::io::ErrorKind::Unsupported) outside of a runtime, or in one
            /// without a reactor; else what the system says.
            pub fn from_std(socket: $std) -> ::std::io::Result<Self> {
                let reactor = $crate::registration::current_reactor()?;
                $crate::sys::set_nonblocking(&socket)?;
                Ok(Self::from_fd(reactor, socket.into()))
            }

            /// Gives the socket to the standard library; it stays non-blocking.
            ///
            /// # Errors
            ///
            /// What the system says when the socket's registration is ended; the socket is closed
            /// then.
            pub fn into_std(self) -> ::std::io::Result<$std> {
                self.socket.into_inner().map(<$std>::from)
            }

            /// The error that the system holds for this socket, which is taken out.
            ///
            /// # Errors
            ///
            /// What the system says.
            pub fn take_error(&self) -> ::std::io::Result<Option<::std::io::Error>> {
                self.options().take_error()
            }

            /// Takes a descriptor that does not block.
            pub(crate) fn from_fd(
                reactor: ::std::sync::Arc<dyn ::executor_core::driver::Reactor>,
                fd: ::std::os::fd::OwnedFd,
            ) -> Self {
                let short_read = $crate::registration::ShortRead::$short_read;
                let socket = $crate::registration::Registered::new(reactor, fd, short_read);
                Self::from_socket(socket)
            }

            fn options(&self) -> ::socket2::SockRef<'_> {
                ::socket2::SockRef::from(self.socket.get_ref())
            }
        }

        impl TryFrom<$std> for $socket {
            type Error = ::std::io::Error;

            /// As [`from_std`](Self::from_std).
            fn try_from(socket: $std) -> ::std::io::Result<Self> {
                Self::from_std(socket)
            }
        }

        impl TryFrom<$socket> for $std {
            type Error = ::std::io::Error;

            /// As `into_std`.
            fn try_from(socket: $socket) -> ::std::io::Result<Self> {
                socket.into_std()
            }
        }

        impl ::std::os::fd::AsFd for $socket {
            fn as_fd(&self) -> ::std::os::fd::BorrowedFd<'_> {
                self.socket.get_ref().as_fd()
            }
        }

        impl ::std::os::fd::AsRawFd for $socket {
            fn as_raw_fd(&self) -> ::std::os::fd::RawFd {
                self.socket.get_ref().as_raw_fd()
            }
        }
    };
}

pub(crate) use impl_socket;

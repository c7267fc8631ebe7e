//! The methods that several stream types share, written once.

/// The reading methods of a type that implements `HasRegistration`.
macro_rules! read_methods {
    () => {
        /// Reads once into `buf`, and gives the number of bytes; 0 is the end of the stream.
        ///
        /// An empty `buf` gives 0 at once.
        ///
        /// # Errors
        ///
        /// What the system says, such as a connection that was reset; or that the runtime of this
        /// stream has shut down.
        ///
        /// # Cancel safety
        ///
        /// Dropping the future before it has finished has read nothing.
        #[track_caller]
        pub fn read<'a>(&'a self, buf: &'a mut [u8]) -> $crate::op::Read<'a> {
            $crate::op::Read::new($crate::stream::HasRegistration::registration(self), buf)
        }

        /// Reads once into several buffers, filling each before the next.
        ///
        /// # Errors
        ///
        /// Those of [`read`](Self::read).
        ///
        /// # Cancel safety
        ///
        /// Dropping the future before it has finished has read nothing.
        #[track_caller]
        pub fn read_vectored<'a, 'b>(
            &'a self,
            bufs: &'a mut [::std::io::IoSliceMut<'b>],
        ) -> $crate::op::ReadVectored<'a, 'b> {
            $crate::op::ReadVectored::new($crate::stream::HasRegistration::registration(self), bufs)
        }

        /// Reads until `buf` is full.
        ///
        /// # Errors
        ///
        /// [`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof) if the stream ends before, and
        /// those of [`read`](Self::read). What was read until then is in `buf`.
        ///
        /// # Cancel safety
        ///
        /// Not cancel safe: what a dropped future has read is in `buf`, and how much that is,
        /// is lost.
        #[track_caller]
        pub fn read_exact<'a>(&'a self, buf: &'a mut [u8]) -> $crate::op::ReadExact<'a> {
            $crate::op::ReadExact::new($crate::stream::HasRegistration::registration(self), buf, 0)
        }

        /// Looks at the bytes that the next read would give, without taking them.
        ///
        /// # Errors
        ///
        /// Those of [`read`](Self::read).
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: nothing is ever taken.
        #[track_caller]
        pub fn peek<'a>(&'a self, buf: &'a mut [u8]) -> $crate::op::Peek<'a> {
            $crate::op::Peek::new($crate::stream::HasRegistration::registration(self), buf)
        }

        /// Waits until [`try_read`](Self::try_read) will give bytes, the end, or an error.
        ///
        /// # Errors
        ///
        /// That the runtime of this stream has shut down, or what the system says.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: it only waits.
        #[track_caller]
        pub fn readable(&self) -> $crate::op::Readable<'_> {
            $crate::op::Readable::new($crate::stream::HasRegistration::registration(self))
        }

        /// Reads once if that is possible now.
        ///
        /// # Errors
        ///
        /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) if there is nothing to read now, and
        /// those of [`read`](Self::read).
        pub fn try_read(&self, buf: &mut [u8]) -> ::std::io::Result<usize> {
            let registration = $crate::stream::HasRegistration::registration(self);
            $crate::sys::recv(registration.fd(), buf, ::rustix::net::RecvFlags::empty())
        }
    };
}

/// The writing methods of a type that implements `HasRegistration`.
macro_rules! write_methods {
    () => {
        /// Writes once from `buf`, and gives the number of bytes that were taken.
        ///
        /// An empty `buf` gives 0 at once.
        ///
        /// # Errors
        ///
        /// What the system says, such as a peer that is gone; or that the runtime of this stream
        /// has shut down.
        ///
        /// # Cancel safety
        ///
        /// Dropping the future before it has finished has written nothing.
        #[track_caller]
        pub fn write<'a>(&'a self, buf: &'a [u8]) -> $crate::op::Write<'a> {
            $crate::op::Write::new($crate::stream::HasRegistration::registration(self), buf)
        }

        /// Writes once from several buffers, using each up before the next.
        ///
        /// # Errors
        ///
        /// Those of [`write`](Self::write).
        ///
        /// # Cancel safety
        ///
        /// Dropping the future before it has finished has written nothing.
        #[track_caller]
        pub fn write_vectored<'a>(
            &'a self,
            bufs: &'a [::std::io::IoSlice<'a>],
        ) -> $crate::op::WriteVectored<'a> {
            $crate::op::WriteVectored::new(
                $crate::stream::HasRegistration::registration(self),
                bufs,
            )
        }

        /// Writes all of `buf`.
        ///
        /// # Errors
        ///
        /// Those of [`write`](Self::write); a part may have been written before.
        ///
        /// # Cancel safety
        ///
        /// Not cancel safe: how much a dropped future has written is lost.
        #[track_caller]
        pub fn write_all<'a>(&'a self, buf: &'a [u8]) -> $crate::op::WriteAll<'a> {
            $crate::op::WriteAll::new($crate::stream::HasRegistration::registration(self), buf, 0)
        }

        /// Waits until [`try_write`](Self::try_write) will take bytes or give an error.
        ///
        /// # Errors
        ///
        /// That the runtime of this stream has shut down, or what the system says.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: it only waits.
        #[track_caller]
        pub fn writable(&self) -> $crate::op::Writable<'_> {
            $crate::op::Writable::new($crate::stream::HasRegistration::registration(self))
        }

        /// Writes once if that is possible now.
        ///
        /// # Errors
        ///
        /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) if nothing can be taken now, and those
        /// of [`write`](Self::write).
        pub fn try_write(&self, buf: &[u8]) -> ::std::io::Result<usize> {
            let registration = $crate::stream::HasRegistration::registration(self);
            $crate::sys::send(registration.fd(), buf)
        }
    };
}

/// What a stream in both directions has beside the methods above.
macro_rules! impl_duplex {
    ($stream:ident) => {
        impl $stream {
            $crate::stream::read_methods!();
            $crate::stream::write_methods!();

            /// Ends the reading direction, the writing direction, or both.
            ///
            /// After the end of the writing direction the peer reads what was written before,
            /// then the end of the stream; this side still reads.
            ///
            /// # Errors
            ///
            /// What the system says; a connection that the peer has reset, for one, is no longer
            /// connected.
            pub fn shutdown(&self, how: ::std::net::Shutdown) -> ::std::io::Result<()> {
                $crate::stream::HasRegistration::shut_down(self, how)
            }

            /// Takes the stream apart into halves that different tasks can own.
            ///
            /// Dropping the writing half ends the writing direction. Two tasks can also share one
            /// stream by reference, or in an [`Arc`](std::sync::Arc): reading and writing
            /// take `&self`.
            pub fn into_split(
                self,
            ) -> (
                $crate::ReadHalf<$stream>,
                $crate::WriteHalf<$stream>,
            ) {
                $crate::stream::ReadHalf::split(self)
            }
        }

        impl $crate::stream::HasRegistration for $stream {
            fn registration(&self) -> &$crate::registration::Registration {
                self.socket.registration()
            }
        }

        impl $crate::stream::Stream for $stream {}

        $crate::stream::impl_async_read!([] $stream);
        $crate::stream::impl_async_read!([] &$stream);
        $crate::stream::impl_async_write!([] $stream);
        $crate::stream::impl_async_write!([] &$stream);
    };
}

pub(crate) use {impl_duplex, read_methods, write_methods};

//! The traits of futures-io, on the same loop as the named futures.
//!
//! A trait's methods are called by one task at a time for each direction: the latest waker wins.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::task::{Context, Poll};

use rustix::net::RecvFlags;

use executor_core::driver::Interest;

use super::HasRegistration;
use super::ops::is_short;
use crate::registration::Registration;
use crate::sys;
use crate::wait::{Place, Step};

pub(crate) fn poll_read(
    registration: &Registration,
    cx: &mut Context<'_>,
    buf: &mut [u8],
) -> Poll<io::Result<usize>> {
    if buf.is_empty() {
        return Poll::Ready(Ok(0));
    }
    registration.poll_io(Interest::Readable, cx, Place::Owner, |fd| {
        let length = sys::recv(fd, buf, RecvFlags::empty())?;
        Ok(Step::done(length).short(is_short(length, buf.len())))
    })
}

pub(crate) fn poll_read_vectored(
    registration: &Registration,
    cx: &mut Context<'_>,
    bufs: &mut [IoSliceMut<'_>],
) -> Poll<io::Result<usize>> {
    if bufs.iter().all(|buf| buf.is_empty()) {
        return Poll::Ready(Ok(0));
    }
    registration.poll_io(Interest::Readable, cx, Place::Owner, |fd| {
        sys::recv_vectored(fd, bufs).map(Step::done)
    })
}

pub(crate) fn poll_write(
    registration: &Registration,
    cx: &mut Context<'_>,
    buf: &[u8],
) -> Poll<io::Result<usize>> {
    if buf.is_empty() {
        return Poll::Ready(Ok(0));
    }
    registration.poll_io(Interest::Writable, cx, Place::Owner, |fd| {
        let length = sys::send(fd, buf)?;
        Ok(Step::done(length).short(is_short(length, buf.len())))
    })
}

pub(crate) fn poll_write_vectored(
    registration: &Registration,
    cx: &mut Context<'_>,
    bufs: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    if bufs.iter().all(|buf| buf.is_empty()) {
        return Poll::Ready(Ok(0));
    }
    registration.poll_io(Interest::Writable, cx, Place::Owner, |fd| {
        sys::send_vectored(fd, bufs).map(Step::done)
    })
}

/// Ends the writing direction; a connection that is gone is at its end already.
pub(crate) fn close(stream: &impl HasRegistration) -> io::Result<()> {
    match stream.shut_down(Shutdown::Write) {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
        outcome => outcome,
    }
}

/// Implements `AsyncRead` for a type that has a registration, or for a reference to one.
macro_rules! impl_async_read {
    ([$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> ::futures_io::AsyncRead for $type {
            fn poll_read(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                buf: &mut [u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                let registration = $crate::stream::HasRegistration::registration(&*self);
                $crate::stream::poll_read(registration, cx, buf)
            }

            fn poll_read_vectored(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                bufs: &mut [::std::io::IoSliceMut<'_>],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                let registration = $crate::stream::HasRegistration::registration(&*self);
                $crate::stream::poll_read_vectored(registration, cx, bufs)
            }
        }
    };
}

/// Implements `AsyncWrite` for a type that has a registration, or for a reference to one.
///
/// Flushing has nothing to do, and closing ends the writing direction.
macro_rules! impl_async_write {
    ([$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> ::futures_io::AsyncWrite for $type {
            fn poll_write(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                buf: &[u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                let registration = $crate::stream::HasRegistration::registration(&*self);
                $crate::stream::poll_write(registration, cx, buf)
            }

            fn poll_write_vectored(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                bufs: &[::std::io::IoSlice<'_>],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                let registration = $crate::stream::HasRegistration::registration(&*self);
                $crate::stream::poll_write_vectored(registration, cx, bufs)
            }

            fn poll_flush(
                self: ::std::pin::Pin<&mut Self>,
                _cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                ::std::task::Poll::Ready(Ok(()))
            }

            fn poll_close(
                self: ::std::pin::Pin<&mut Self>,
                _cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                ::std::task::Poll::Ready($crate::stream::close(&*self))
            }
        }
    };
}

pub(crate) use {impl_async_read, impl_async_write};

//! Unix sockets.

mod common;

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::{Context, Waker};

use anyloop_io::{UnixDatagram, UnixListener, UnixStream};
use common::{join, pattern, run};
use executor_core::spawn;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

/// A path that no other test uses; removed with the guard.
struct TempPath(PathBuf);

impl TempPath {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Relaxed);
        let name = format!("anyloop-io-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for TempPath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn connected(path: &TempPath) -> io::Result<(UnixStream, UnixStream)> {
    let listener = UnixListener::bind(&path.0)?;
    assert_eq!(listener.local_addr()?.as_pathname(), Some(&*path.0));
    let client = UnixStream::connect(&path.0).await?;
    let (server, peer) = listener.accept().await?;
    assert!(peer.is_unnamed());
    assert_eq!(client.peer_addr()?.as_pathname(), Some(&*path.0));
    Ok((client, server))
}

#[test]
fn a_stream_carries_much_and_ends() {
    run(|| async {
        let path = TempPath::new();
        let (client, server) = connected(&path).await?;
        let sent = pattern(2 << 20);
        let writer = spawn({
            let sent = sent.clone();
            async move {
                client.write_all(&sent).await?;
                client.shutdown(Shutdown::Write)?;
                let mut answer = [0; 2];
                client.read_exact(&mut answer).await?;
                Ok(answer)
            }
        });
        let (mut got, mut buf) = (Vec::new(), vec![0; 1 << 16]);
        loop {
            match server.read(&mut buf).await? {
                0 => break,
                length => got.extend_from_slice(&buf[..length]),
            }
        }
        assert!(got == sent);
        server.write_all(b"ok").await?;
        assert_eq!(join(writer).await?, *b"ok");
        Ok(())
    });
}

#[test]
fn a_path_that_exists_is_in_use() {
    run(|| async {
        let path = TempPath::new();
        drop(UnixListener::bind(&path.0)?);
        assert!(path.0.exists(), "the file is left to the user");
        let errors = [
            UnixListener::bind(&path.0).map(drop).unwrap_err(),
            UnixDatagram::bind(&path.0).map(drop).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::AddrInUse);
            let name = path.0.to_str().unwrap();
            assert!(error.to_string().contains(name), "{error}");
        }
        std::fs::remove_file(&path.0)?;
        UnixListener::bind(&path.0)?;
        Ok(())
    });
}

#[test]
fn connecting_to_nobody_is_an_error() {
    run(|| async {
        let path = TempPath::new();
        let error = UnixStream::connect(&path.0).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let name = path.0.to_str().unwrap();
        assert!(error.to_string().contains(name), "{error}");
        drop(UnixListener::bind(&path.0)?);
        let error = UnixStream::connect(&path.0).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let long = "x".repeat(200);
        let error = UnixStream::connect(&long).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(&long), "{error}");
        Ok(())
    });
}

#[test]
fn a_full_queue_is_waited_for() {
    run(|| async {
        let path = TempPath::new();
        let listener = UnixListener::bind(&path.0)?;
        rustix::net::listen(&listener, 0)?;
        let mut clients = vec![UnixStream::connect(&path.0).await?];
        let mut cx = Context::from_waker(Waker::noop());
        let mut connect = pin!(UnixStream::connect(&path.0));
        assert!(connect.as_mut().poll(&mut cx).is_pending());
        listener.accept().await?;
        clients.push(connect.await?);
        listener.accept().await?;
        Ok(())
    });
}

#[test]
fn abstract_names_leave_no_file() {
    run(|| async {
        let name = format!("anyloop-io-{}", std::process::id());
        let addr = SocketAddr::from_abstract_name(&name)?;
        let listener = UnixListener::bind_addr(&addr)?;
        let client = UnixStream::connect_addr(&addr).await?;
        let (server, _) = listener.accept().await?;
        assert_eq!(
            client.peer_addr()?.as_abstract_name(),
            Some(name.as_bytes())
        );
        client.write_all(b"x").await?;
        server.read_exact(&mut [0]).await?;
        let error = UnixListener::bind_addr(&addr).unwrap_err();
        assert!(error.to_string().contains(&name), "{error}");
        Ok(())
    });
}

#[test]
fn descriptors_that_come_along_hold_no_bytes_back() {
    run(|| async {
        let (a, b) = UnixStream::pair()?;
        let mut buf = [0; 64];
        let mut cx = Context::from_waker(Waker::noop());
        assert!(pin!(b.read(&mut buf)).poll(&mut cx).is_pending());
        // A read stops behind the bytes that a descriptor came with, although more is there.
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let fds = [std::os::fd::AsFd::as_fd(&a)];
        assert!(control.push(SendAncillaryMessage::ScmRights(&fds)));
        let bytes = [io::IoSlice::new(b"with a descriptor")];
        sendmsg(&a, &bytes, &mut control, SendFlags::empty())?;
        a.write_all(b" and without").await?;
        let mut got = Vec::new();
        while got.len() < 29 {
            let length = b.read(&mut buf).await?;
            got.extend_from_slice(&buf[..length]);
        }
        assert_eq!(got, b"with a descriptor and without");
        Ok(())
    });
}

#[test]
fn datagrams_with_and_without_an_address() {
    run(|| async {
        let (a, b) = UnixDatagram::pair()?;
        let mut buf = [0; 8];
        for datagram in [&b"whole"[..], b"", b"cut to eight"] {
            a.send(datagram).await?;
        }
        assert_eq!(b.peek(&mut buf).await?, 5);
        assert_eq!(b.recv(&mut buf).await?, 5);
        assert_eq!(b.recv(&mut buf).await?, 0);
        assert_eq!(b.recv(&mut buf).await?, 8);
        assert_eq!(&buf, b"cut to e");

        let (here, there) = (TempPath::new(), TempPath::new());
        let bound = UnixDatagram::bind(&here.0)?;
        let named = UnixDatagram::bind(&there.0)?;
        let nameless = UnixDatagram::unbound()?;
        named.send_to(b"1", &here.0)?.await?;
        nameless.send_to(b"22", &here.0)?.await?;
        let (length, from) = bound.recv_from(&mut buf).await?;
        assert_eq!((length, from.as_pathname()), (1, Some(&*there.0)));
        let (length, from) = bound.recv_from(&mut buf).await?;
        assert_eq!((length, from.is_unnamed()), (2, true));

        nameless.connect(&there.0)?;
        nameless.send(b"333").await?;
        assert_eq!(named.recv(&mut buf).await?, 3);
        let error = bound.send_to(b"x", "/no/such/socket")?.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        Ok(())
    });
}

#[test]
fn a_datagram_that_finds_no_room_waits() {
    run(|| async {
        let (a, b) = UnixDatagram::pair()?;
        let mut sent = 0_usize;
        while a.try_send(&[7; 1024]).is_ok() {
            sent += 1;
        }
        let sender = spawn(async move { a.send(b"the last").await });
        let mut buf = [0; 2048];
        for _ in 0..sent {
            assert_eq!(b.recv(&mut buf).await?, 1024);
        }
        assert_eq!(b.recv(&mut buf).await?, 8);
        join(sender).await?;
        Ok(())
    });
}

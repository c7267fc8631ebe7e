//! Any descriptor, through `Async`.

mod common;

use std::fs::File;
use std::future::Future;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use anyloop_io::Async;
use common::{join, pattern, run};
use executor_core::{Handle, spawn};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

#[test]
fn a_pipe_reads_and_writes_through_the_traits() {
    run(|| async {
        let (reader, writer) = rustix::pipe::pipe()?;
        let mut reader = Async::new(File::from(reader))?;
        let mut writer = Async::new(File::from(writer))?;
        let sent = pattern(1 << 20);
        let task = spawn({
            let sent = sent.clone();
            async move {
                writer.write_all(&sent).await?;
                writer.close().await
            }
        });
        let mut got = Vec::new();
        reader.read_to_end(&mut got).await?;
        assert!(got == sent);
        join(task).await
    });
}

#[test]
fn a_regular_file_is_refused_with_advice() {
    run(|| async {
        let file = File::open(std::env::current_exe()?)?;
        let error = Async::new(file).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let message = error.to_string();
        assert!(message.contains("regular file"), "{message}");
        assert!(message.contains("spawn_blocking"), "{message}");
        Ok(())
    });
}

#[test]
fn a_descriptor_that_is_watched_already_is_refused() {
    run(|| async {
        let (ours, _theirs) = UnixStream::pair()?;
        let ours = Async::new(ours)?;
        let error = Async::new(ours.as_fd()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        // Given back, it can be taken again.
        let ours = ours.into_inner()?;
        drop(Async::new(ours.as_fd())?);
        Async::new(ours)?;
        Ok(())
    });
}

#[test]
fn a_duplicate_is_watched_beside_the_original() {
    run(|| async {
        let (ours, mut theirs) = UnixStream::pair()?;
        let twin = Async::new(ours.try_clone()?)?;
        let ours = Async::new(ours)?;
        let mut cx = Context::from_waker(Waker::noop());
        assert!(pin!(twin.readable()).poll(&mut cx).is_pending());
        theirs.write_all(b"x")?;
        twin.readable().await?;
        ours.readable().await?;
        drop(twin);
        assert_eq!(ours.read_with(|mut io| io.read(&mut [0; 8])).await?, 1);
        theirs.write_all(b"y")?;
        assert_eq!(ours.read_with(|mut io| io.read(&mut [0; 8])).await?, 1);
        Ok(())
    });
}

#[test]
fn readiness_that_was_used_up_elsewhere_is_not_reported() {
    run(|| async {
        let (ours, mut theirs) = UnixStream::pair()?;
        let ours = Async::new(ours)?;
        theirs.write_all(b"x")?;
        ours.readable().await?;
        // The object is used past the reactor's back, which clears nothing.
        ours.get_ref().read_exact(&mut [0])?;
        let mut cx = Context::from_waker(Waker::noop());
        let mut readable = pin!(ours.readable());
        assert!(readable.as_mut().poll(&mut cx).is_pending());
        theirs.write_all(b"y")?;
        readable.await?;
        ours.writable().await
    });
}

#[test]
fn operations_wait_in_places_of_their_own() {
    run(|| async {
        let (ours, mut theirs) = UnixStream::pair()?;
        let ours = Arc::new(Async::new(ours)?);
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let ours = Arc::clone(&ours);
                spawn(async move { ours.read_with(|mut io| io.read(&mut [0])).await })
            })
            .collect();
        executor_core::task::yield_now().await;
        theirs.write_all(b"abc")?;
        for task in tasks {
            assert_eq!(join(task).await?, 1);
        }
        let filled = io::Error::other("filled");
        let mut written = 0;
        let outcome = ours
            .write_with(|mut io| match io.write(&[0; 4096]) {
                Ok(length) => {
                    written += length;
                    Err(io::ErrorKind::Interrupted.into())
                }
                Err(error) if written > 0 && error.kind() == ErrorKind::WouldBlock => {
                    Err(io::Error::other(filled.to_string()))
                }
                outcome => outcome,
            })
            .await;
        assert_eq!(outcome.unwrap_err().to_string(), "filled");
        Ok(())
    });
}

#[test]
fn new_in_needs_no_current_runtime() {
    let runtime = backend_epoll::Epoll::new().unwrap();
    let handle: Handle = runtime.handle();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let ours = Async::new_in(&handle, OwnedFd::from(ours)).unwrap();
    theirs.write_all(b"x").unwrap();
    runtime.block_on(ours.readable()).unwrap();
}

//! TCP streams and listeners over loopback.

mod common;

use std::future::Future;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use anyloop_io::{TcpListener, TcpStream};
use common::{join, pattern, run, tcp_pair};
use executor_core::spawn;
use executor_core::task::yield_now;

/// Reads until the stream ends.
async fn read_to_end(stream: &TcpStream) -> io::Result<Vec<u8>> {
    let (mut all, mut buf) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        match stream.read(&mut buf).await? {
            0 => return Ok(all),
            length => all.extend_from_slice(&buf[..length]),
        }
    }
}

#[test]
fn echo() {
    run(|| async {
        let (client, server) = tcp_pair().await?;
        let echo = spawn(async move {
            let mut buf = [0; 64];
            loop {
                match server.read(&mut buf).await? {
                    0 => return Ok(()),
                    length => server.write_all(&buf[..length]).await?,
                }
            }
        });
        for round in 0..100_u8 {
            client.write_all(&[round; 64]).await?;
            let mut buf = [0; 64];
            client.read_exact(&mut buf).await?;
            assert_eq!(buf, [round; 64]);
        }
        drop(client);
        join(echo).await
    });
}

#[test]
fn a_large_write_under_back_pressure_arrives_byte_for_byte() {
    run(|| async {
        let (client, server) = tcp_pair().await?;
        let sent = pattern(16 << 20);
        let writer = spawn({
            let sent = sent.clone();
            async move { client.write_all(&sent).await }
        });
        let got = read_to_end(&server).await?;
        assert!(got == sent);
        join(writer).await
    });
}

#[test]
fn vectored_writes_and_reads_keep_the_order() {
    run(|| async {
        let (client, server) = tcp_pair().await?;
        let sent = pattern(3 << 20);
        let writer = spawn({
            let sent = sent.clone();
            async move {
                let mut rest = &sent[..];
                while !rest.is_empty() {
                    // More slices than the system takes at once, some of them empty.
                    let slices: Vec<_> = rest.chunks(7).take(2000).map(IoSlice::new).collect();
                    let slices = [&[IoSlice::new(&[])], &slices[..]].concat();
                    rest = &rest[client.write_vectored(&slices).await?..];
                }
                client.shutdown(Shutdown::Write)
            }
        });
        let (mut got, mut a, mut b) = (Vec::new(), [0; 5], [0; 4000]);
        loop {
            let mut bufs = [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
            let length = server.read_vectored(&mut bufs).await?;
            if length == 0 {
                break;
            }
            got.extend_from_slice(&[&a[..], &b[..]].concat()[..length]);
        }
        assert!(got == sent);
        join(writer).await
    });
}

#[test]
fn half_close_ends_reads_and_leaves_writes() {
    run(|| async {
        let (client, server) = tcp_pair().await?;
        client.write_all(b"last words").await?;
        client.shutdown(Shutdown::Write)?;
        assert_eq!(read_to_end(&server).await?, b"last words");
        let mut buf = [0; 8];
        assert_eq!(server.read(&mut buf).await?, 0, "the end stays the end");

        server.write_all(b"an answer").await?;
        drop(server);
        assert_eq!(read_to_end(&client).await?, b"an answer");
        let error = client.write(b"more").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        Ok(())
    });
}

#[test]
fn the_end_of_the_stream_wakes_a_reader_that_waits() {
    run(|| async {
        let (client, server) = tcp_pair().await?;
        let reader = spawn(async move { read_to_end(&server).await });
        yield_now().await;
        client.write_all(b"data and the end").await?;
        drop(client);
        assert_eq!(join(reader).await?, b"data and the end");
        Ok(())
    });
}

#[test]
fn a_reset_is_an_error_for_the_reader_and_for_the_writer() {
    run(|| async {
        let (client, server) = tcp_pair().await?;
        let client = Arc::new(client);
        let reader = spawn({
            let client = Arc::clone(&client);
            async move { client.read(&mut [0; 8]).await }
        });
        let writer = spawn({
            let client = Arc::clone(&client);
            async move {
                loop {
                    client.write(&[0; 4096]).await?;
                }
            }
        });
        // The writer has filled the pipe, and both tasks wait.
        while client.try_write(&[0; 4096]).is_ok() {
            yield_now().await;
        }
        server.set_linger(Some(Duration::ZERO))?;
        drop(server);
        let writer: io::Result<()> = join(writer).await;
        let kinds = [
            join(reader).await.map(drop).unwrap_err().kind(),
            writer.unwrap_err().kind(),
        ];
        assert!(kinds.contains(&ErrorKind::ConnectionReset), "{kinds:?}");
        for kind in kinds {
            assert!(matches!(
                kind,
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
            ));
        }
        Ok(())
    });
}

#[test]
fn a_reader_task_and_a_writer_task_share_one_stream() {
    run(|| async {
        let (client, server) = tcp_pair().await?;
        let (client, server) = (Arc::new(client), Arc::new(server));
        let sent = pattern(4 << 20);
        let mut tasks = Vec::new();
        for stream in [client, server] {
            let (writer, bytes) = (Arc::clone(&stream), sent.clone());
            tasks.push(spawn(async move {
                writer.write_all(&bytes).await?;
                writer.shutdown(Shutdown::Write)
            }));
            let bytes = sent.clone();
            tasks.push(spawn(async move {
                assert!(read_to_end(&stream).await? == bytes);
                Ok(())
            }));
        }
        for task in tasks {
            join(task).await?;
        }
        Ok(())
    });
}

#[test]
fn peek_takes_nothing() {
    run(|| async {
        let (client, server) = tcp_pair().await?;
        client.write_all(b"abc").await?;
        let mut buf = [0; 8];
        for _ in 0..3 {
            assert_eq!(server.peek(&mut buf).await?, 3);
        }
        assert_eq!(server.read(&mut buf).await?, 3);
        assert_eq!(&buf[..3], b"abc");
        Ok(())
    });
}

#[test]
fn read_exact_says_how_far_it_came() {
    run(|| async {
        let (client, server) = tcp_pair().await?;
        client.write_all(b"abc").await?;
        drop(client);
        let error = server.read_exact(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        assert!(error.to_string().contains("3 of the 8 bytes"), "{error}");
        Ok(())
    });
}

#[test]
fn empty_buffers_are_done_at_once() {
    run(|| async {
        let (client, server) = tcp_pair().await?;
        let mut cx = Context::from_waker(Waker::noop());
        assert!(pin!(server.read(&mut [0])).poll(&mut cx).is_pending());
        // Nothing is there to read, and none of these waits for it.
        assert_eq!(server.read(&mut []).await?, 0);
        assert_eq!(server.peek(&mut []).await?, 0);
        assert_eq!(server.read_vectored(&mut []).await?, 0);
        server.read_exact(&mut []).await?;
        assert_eq!(client.write(&[]).await?, 0);
        assert_eq!(client.write_vectored(&[IoSlice::new(&[])]).await?, 0);
        client.write_all(&[]).await
    });
}

#[test]
fn readable_and_writable_tell_the_truth() {
    run(|| async {
        let (client, server) = tcp_pair().await?;
        let mut cx = Context::from_waker(Waker::noop());
        let nothing = server.try_read(&mut [0; 8]).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
        client.write_all(b"abc").await?;
        server.readable().await?;
        server.readable().await?;
        assert_eq!(server.try_read(&mut [0; 8])?, 3);
        assert!(pin!(server.readable()).poll(&mut cx).is_pending());

        client.writable().await?;
        while client.try_write(&[0; 65536]).is_ok() {}
        assert!(pin!(client.writable()).poll(&mut cx).is_pending());
        let reader = spawn(async move {
            while server.read(&mut [0; 65536]).await? > 0 {}
            Ok(())
        });
        client.writable().await?;
        drop(client);
        join(reader).await
    });
}

#[test]
fn a_task_whose_stream_is_always_ready_gives_way() {
    run(|| async {
        let (client, server) = tcp_pair().await?;
        client.write_all(b"x").await?;
        server.readable().await?;
        let busy = executor_core::spawn_local(async move {
            let mut peeks = 0_u32;
            loop {
                // Always ready: it never waits, and must be made to give way.
                server.peek(&mut [0]).await?;
                peeks += 1;
                if client.nodelay()? {
                    return Ok::<u32, io::Error>(peeks);
                }
                if peeks == 100_000 {
                    client.set_nodelay(true)?;
                }
            }
        });
        let mut turns = 0_u32;
        while !busy.is_finished() {
            yield_now().await;
            turns += 1;
        }
        let peeks = join(busy).await?;
        assert!(turns >= peeks / 1000, "{turns} turns beside {peeks} peeks");
        Ok(())
    });
}

#[test]
fn halves_work_apart_and_are_put_together_again() {
    run(|| async {
        let (client, server) = tcp_pair().await?;
        let (read, write) = client.into_split();
        let echo = spawn(async move {
            let all = read_to_end(&server).await?;
            server.write_all(&all).await
        });
        write.write_all(b"hello").await?;
        // Dropping the writing half ends the direction.
        drop(write);
        let mut buf = [0; 5];
        read.read_exact(&mut buf).await?;
        assert_eq!(&buf, b"hello");
        join(echo).await?;

        let (client, server) = tcp_pair().await?;
        let (a, b) = client.into_split();
        let (c, d) = server.into_split();
        let error = a.reunite(d).unwrap_err();
        assert!(error.to_string().contains("different streams"));
        let (client, server) = (b.reunite(error.0).unwrap(), c.reunite(error.1).unwrap());
        client.write_all(b"still open").await?;
        let mut buf = [0; 10];
        server.read_exact(&mut buf).await?;

        let (read, write) = client.into_split();
        write.forget();
        drop(read);
        assert_eq!(server.read(&mut buf).await?, 0);
        Ok(())
    });
}

#[test]
fn options_are_kept() {
    run(|| async {
        let (stream, _server) = tcp_pair().await?;
        assert!(!stream.nodelay()?);
        stream.set_nodelay(true)?;
        assert!(stream.nodelay()?);
        stream.set_linger(Some(Duration::from_secs(3)))?;
        assert_eq!(stream.linger()?, Some(Duration::from_secs(3)));
        stream.set_ttl(42)?;
        assert_eq!(stream.ttl()?, 42);
        stream.set_keepalive(Some(Duration::from_secs(60)))?;
        assert!(stream.keepalive()?);
        stream.set_keepalive(None)?;
        assert!(!stream.keepalive()?);
        assert!(stream.take_error()?.is_none());
        Ok(())
    });
}

#[test]
fn a_poll_after_the_result_is_no_panic() {
    run(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut connect = pin!(TcpStream::connect(listener.local_addr()?));
        connect.as_mut().await?;
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(Err(_)) = connect.as_mut().poll(&mut cx) else {
            panic!("an error says that the future has finished")
        };
        Ok(())
    });
}

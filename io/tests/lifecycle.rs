//! What a resource belongs to, and what is left when that is gone.

mod common;

use std::future::Future;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use anyloop_io::{
    Async, TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream,
};
use backend_epoll::Epoll;
use common::{run, tcp_pair};
use futures_lite::future::block_on as foreign_block_on;

#[test]
fn outside_of_a_runtime_everything_says_so() {
    let (std_stream, _other) = std::os::unix::net::UnixStream::pair().unwrap();
    let errors = foreign_block_on(async {
        [
            TcpListener::bind("127.0.0.1:0").await.map(drop),
            TcpStream::connect("127.0.0.1:1").await.map(drop),
            TcpStream::connect_timeout("127.0.0.1:1", Duration::MAX)
                .await
                .map(drop),
            UdpSocket::bind("127.0.0.1:0").await.map(drop),
            UnixListener::bind("/never/made").map(drop),
            UnixStream::connect("/never/made").await.map(drop),
            UnixStream::pair().map(drop),
            UnixDatagram::pair().map(drop),
            UnixStream::from_std(std_stream.try_clone().unwrap()).map(drop),
            Async::new(std_stream).map(drop),
        ]
    });
    for (index, outcome) in errors.into_iter().enumerate() {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{index}: {error}");
        assert!(error.to_string().contains("block_on"), "{index}: {error}");
    }
}

#[test]
fn a_runtime_without_a_reactor_says_so() {
    let runtime = executor_core::Runtime::without_io(executor_core::Fifo::new());
    let error = runtime
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("reactor"), "{error}");
}

#[test]
fn a_future_made_outside_belongs_to_the_runtime_that_polls_it() {
    let runtime = Epoll::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let addr = listener.local_addr().unwrap();
    let client = runtime.block_on(TcpStream::connect(addr)).unwrap();
    let (_, peer) = runtime.block_on(listener.accept()).unwrap();
    assert_eq!(peer, client.local_addr().unwrap());
}

#[test]
fn a_socket_works_inside_a_foreign_executor() {
    let runtime = Epoll::new().unwrap();
    let (a, b) = runtime.handle().enter(UnixStream::pair).unwrap();
    let foreign = std::thread::spawn(move || {
        foreign_block_on(async {
            let mut buf = [0; 4];
            a.read_exact(&mut buf).await?;
            a.write_all(&buf).await
        })
    });
    runtime.block_on(async {
        b.write_all(b"ping").await.unwrap();
        b.read_exact(&mut [0; 4]).await.unwrap();
    });
    foreign.join().unwrap().unwrap();
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

#[test]
fn after_the_runtime_operations_fail_and_do_not_hang() {
    for portable in [false, true] {
        let runtime = Epoll::builder().portable(portable).build().unwrap();
        let (a, b) = runtime.block_on(tcp_pair()).unwrap();
        let flag = Arc::new(Flag(AtomicBool::new(false)));
        let waker = Waker::from(Arc::clone(&flag));
        let mut cx = Context::from_waker(&waker);
        let mut buf = [0; 8];
        let mut read = Box::pin(a.read(&mut buf));
        assert!(read.as_mut().poll(&mut cx).is_pending());
        drop(runtime);
        assert!(
            flag.0.load(SeqCst),
            "the end of the runtime wakes who waits"
        );
        let Poll::Ready(Err(error)) = read.as_mut().poll(&mut cx) else {
            panic!("a read without a runtime must fail")
        };
        assert!(error.to_string().contains("has shut down"), "{error}");
        drop(read);

        // This one was never registered.
        b.try_write(b"still a socket").unwrap();
        let mut buf = [0; 8];
        let Poll::Ready(Err(error)) = pin!(b.read(&mut buf)).poll(&mut cx) else {
            panic!("a read without a runtime must fail")
        };
        assert!(error.to_string().contains("has shut down"), "{error}");

        // What is left of them is a socket of the standard library.
        let mut a = a.into_std().unwrap();
        let mut buf = [0; 14];
        a.read_exact(&mut buf).unwrap();
        assert_eq!(&buf, b"still a socket");
        b.into_std().unwrap();
    }
}

#[test]
fn sockets_go_to_the_standard_library_and_come_back() {
    run(|| async {
        let (client, server) = tcp_pair().await?;
        let mut cx = Context::from_waker(Waker::noop());
        let mut buf = [0; 4];
        assert!(pin!(server.read(&mut buf)).poll(&mut cx).is_pending());
        let mut server = server.into_std()?;
        let error = server.read(&mut buf).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "it stays non-blocking");
        server.set_nonblocking(false)?;
        client.write_all(b"ping").await?;
        server.read_exact(&mut buf)?;

        // A blocking one is made non-blocking, and registered anew.
        let server = TcpStream::try_from(server)?;
        assert!(pin!(server.read(&mut buf)).poll(&mut cx).is_pending());
        client.write_all(b"pong").await?;
        server.read_exact(&mut buf).await?;
        assert_eq!(&buf, b"pong");

        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let listener = TcpListener::from_std(listener)?;
        TcpStream::connect(listener.local_addr()?).await?;
        listener.accept().await?;
        let (a, b) = std::os::unix::net::UnixDatagram::pair()?;
        let (a, b) = (UnixDatagram::from_std(a)?, UnixDatagram::from_std(b)?);
        a.send(b"x").await?;
        assert_eq!(b.recv(&mut buf).await?, 1);
        Ok(())
    });
}

#[test]
fn a_reused_descriptor_gets_no_stale_readiness() {
    run(|| async {
        let mut cx = Context::from_waker(Waker::noop());
        let mut last = None;
        let mut reused = 0;
        for _ in 0..200 {
            let (ours, mut theirs) = std::os::unix::net::UnixStream::pair()?;
            let ours = UnixStream::from_std(ours)?;
            assert!(pin!(ours.read(&mut [0; 8])).poll(&mut cx).is_pending());
            reused += usize::from(last.replace(ours.as_raw_fd()) == Some(ours.as_raw_fd()));
            // The event of this byte is under way when the descriptor is closed.
            theirs.write_all(b"x")?;
        }
        assert!(
            reused > 0,
            "no descriptor was used again, so nothing was tested"
        );
        let (a, b) = UnixStream::pair()?;
        a.write_all(b"fresh").await?;
        let mut buf = [0; 8];
        assert_eq!(b.read(&mut buf).await?, 5);
        Ok(())
    });
}

#[test]
fn every_descriptor_is_non_blocking_and_close_on_exec() {
    run(|| async {
        let (client, server) = tcp_pair().await?;
        let listener = TcpListener::bind("[::1]:0").await?;
        let udp = UdpSocket::bind("127.0.0.1:0").await?;
        let (a, b) = UnixStream::pair()?;
        let (c, _) = UnixDatagram::pair()?;
        let dir = std::env::temp_dir();
        let path = dir.join(format!("anyloop-io-flags-{}", std::process::id()));
        let bound = UnixListener::bind(&path)?;
        let connected = UnixStream::connect(&path).await?;
        std::fs::remove_file(&path)?;
        let (accepted, _) = bound.accept().await?;
        let fds = [
            client.as_fd(),
            server.as_fd(),
            listener.as_fd(),
            udp.as_fd(),
            a.as_fd(),
            b.as_fd(),
            c.as_fd(),
            bound.as_fd(),
            connected.as_fd(),
            accepted.as_fd(),
        ];
        for (index, fd) in fds.into_iter().enumerate() {
            let flags = rustix::io::fcntl_getfd(fd)?;
            assert!(flags.contains(rustix::io::FdFlags::CLOEXEC), "{index}");
            let socket = socket2::SockRef::from(&fd);
            assert!(socket.nonblocking()?, "{index}");
        }
        Ok(())
    });
}

//! Names, addresses, and connections that do not come about.

mod common;

use std::future::Future;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use anyloop_io::{TcpListener, TcpStream, UdpSocket, lookup_host};
use common::run;
use socket2::{Domain, Socket, Type};

/// An address where nothing listens.
fn closed_port() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// A listener whose queue is full, and the clients that fill it.
fn full_listener() -> (SocketAddr, Vec<Socket>) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    listener.bind(&any.into()).unwrap();
    listener.listen(0).unwrap();
    let addr = listener.local_addr().unwrap();
    let mut sockets = vec![listener];
    // One connection fits in the queue; the others wait for an answer that never comes.
    for _ in 0..3 {
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        client.set_nonblocking(true).unwrap();
        let _ = client.connect(&addr);
        sockets.push(client);
    }
    (addr.as_socket().unwrap(), sockets)
}

#[test]
fn a_refused_connection_is_an_error_of_connect() {
    run(|| async {
        let addr = closed_port();
        let error = TcpStream::connect(addr).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let message = error.to_string();
        assert!(message.contains(&addr.to_string()), "{message}");
        assert!(message.contains("nothing listens there"), "{message}");
        Ok(())
    });
}

#[test]
fn a_connection_without_an_answer_ends_with_its_time() {
    run(|| async {
        let (addr, _sockets) = full_listener();
        let (start, limit) = (Instant::now(), Duration::from_millis(50));
        let error = TcpStream::connect_timeout(addr, limit).await.unwrap_err();
        assert!(start.elapsed() >= limit);
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let message = error.to_string();
        assert!(message.contains(&addr.to_string()), "{message}");
        assert!(message.contains("50ms"), "{message}");
        Ok(())
    });
}

#[test]
fn a_connection_in_time_is_a_connection() {
    run(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let stream = TcpStream::connect_timeout(addr, Duration::from_secs(60)).await?;
        assert_eq!(stream.peer_addr()?, addr);
        let error = TcpStream::connect_timeout(closed_port(), Duration::from_secs(60))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        Ok(())
    });
}

#[test]
fn a_connection_that_waits_is_made_when_there_is_room() {
    run(|| async {
        let (addr, mut sockets) = full_listener();
        let mut connect = pin!(TcpStream::connect(addr));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(connect.as_mut().poll(&mut cx).is_pending());
        let listener = sockets.remove(0);
        drop(sockets);
        listener.accept()?;
        // The system asks again after a second; nothing here sleeps.
        let stream = connect.await?;
        assert_eq!(stream.peer_addr()?, addr);
        Ok(())
    });
}

#[test]
fn addresses_are_tried_in_turn() {
    run(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let good = listener.local_addr()?;
        let addrs = [closed_port(), closed_port(), good];
        let stream = TcpStream::connect(&addrs[..]).await?;
        assert_eq!(stream.peer_addr()?, good);

        let bad = [closed_port(), closed_port()];
        let error = TcpStream::connect(bad).await.unwrap_err();
        assert!(error.to_string().contains(&bad[1].to_string()), "{error}");

        let free = TcpListener::bind([good, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))]).await?;
        assert_ne!(free.local_addr()?.port(), good.port());
        Ok(())
    });
}

#[test]
fn a_port_that_is_taken_says_so() {
    run(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        let errors = [
            (addr, TcpListener::bind(addr).await.unwrap_err()),
            (
                socket.local_addr()?,
                UdpSocket::bind(socket.local_addr()?).await.unwrap_err(),
            ),
        ];
        for (addr, error) in errors {
            assert_eq!(error.kind(), ErrorKind::AddrInUse);
            let message = error.to_string();
            assert!(message.contains(&format!("bind {addr}")), "{message}");
            assert!(message.contains("choose another address"), "{message}");
            let source = error.get_ref().and_then(|inner| inner.source()).unwrap();
            let source: &std::io::Error = source.downcast_ref().unwrap();
            assert!(source.raw_os_error().is_some());
        }
        Ok(())
    });
}

#[test]
fn names_are_looked_up() {
    run(|| async {
        for host in ["localhost:0", "localhost:443"] {
            let addrs = lookup_host(host).await?;
            assert!(!addrs.is_empty());
            for addr in addrs {
                assert!(addr.ip().is_loopback(), "{addr}");
                assert_eq!(addr.port().to_string(), host.rsplit_once(':').unwrap().1);
            }
        }
        let listener = TcpListener::bind("localhost:0").await?;
        let port = listener.local_addr()?.port();
        let stream = TcpStream::connect(("localhost", port)).await?;
        assert_eq!(stream.peer_addr()?.port(), port);
        Ok(())
    });
}

#[test]
fn literal_addresses_need_no_runtime_to_look_them_up() {
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 80));
    let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
    // Outside of a runtime there is no blocking pool that could have been asked.
    futures_lite::future::block_on(async {
        assert_eq!(lookup_host("[::1]:80").await.unwrap(), [v6]);
        assert_eq!(lookup_host(("::1", 80)).await.unwrap(), [v6]);
        assert_eq!(lookup_host("127.0.0.1:80").await.unwrap(), [v4]);
        assert_eq!(lookup_host((Ipv4Addr::LOCALHOST, 80)).await.unwrap(), [v4]);
        assert_eq!(lookup_host(vec![v6, v4]).await.unwrap(), [v6, v4]);
        let error = lookup_host("localhost:80").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    });
}

#[test]
fn nonsense_is_not_resolved() {
    run(|| async {
        for host in ["no-such-host.invalid:80", "not a host:80", "a\0b:80"] {
            let error = lookup_host(host).await.unwrap_err();
            let name = format!("{:?}", host.rsplit_once(':').unwrap().0);
            let message = error.to_string();
            assert!(message.contains("no such host"), "{message}");
            assert!(message.contains(&name), "{message}");
            let error = TcpStream::connect(host).await.unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        for (host, hint) in [
            ("localhost", "has no port"),
            ("localhost:http", "does not end in a port"),
            ("localhost:65536", "does not end in a port"),
            (":80", "name is empty"),
            ("", "has no port"),
        ] {
            let error = lookup_host(host).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains(hint), "{error}");
        }
        let none: [SocketAddr; 0] = [];
        let error = TcpStream::connect(&none[..]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        Ok(())
    });
}

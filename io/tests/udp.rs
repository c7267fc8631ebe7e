//! UDP over loopback.

mod common;

use std::future::Future;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use anyloop_io::UdpSocket;
use common::{join, run};
use executor_core::spawn;
use executor_core::task::yield_now;

async fn pair() -> std::io::Result<(UdpSocket, UdpSocket)> {
    let a = UdpSocket::bind("127.0.0.1:0").await?;
    let b = UdpSocket::bind("127.0.0.1:0").await?;
    Ok((a, b))
}

#[test]
fn datagrams_go_both_ways() {
    run(|| async {
        let (a, b) = pair().await?;
        let (here, there) = (a.local_addr()?, b.local_addr()?);
        let mut buf = [0; 64];
        let echo = spawn(async move {
            let mut buf = [0; 64];
            let (length, from) = b.recv_from(&mut buf).await?;
            b.send_to(&buf[..length], from).await?;
            b.connect(from).await?;
            assert_eq!(b.peer_addr()?, from);
            b.send(b"connected").await
        });
        yield_now().await;
        assert_eq!(a.send_to(b"hello", there).await?, 5);
        assert_eq!(a.peek_from(&mut buf).await?, (5, there));
        assert_eq!(a.recv_from(&mut buf).await?, (5, there));
        assert_eq!(&buf[..5], b"hello");
        assert_eq!(a.peek(&mut buf).await?, 9);
        assert_eq!(a.recv(&mut buf).await?, 9);
        assert_eq!(&buf[..9], b"connected");
        assert_eq!(join(echo).await?, 9);
        assert_eq!(a.local_addr()?, here);
        Ok(())
    });
}

#[test]
fn a_long_datagram_is_cut_and_an_empty_one_is_no_end() {
    run(|| async {
        let (a, b) = pair().await?;
        let (from, to) = (a.local_addr()?, b.local_addr()?);
        for datagram in [&b"long datagram"[..], b"", b"next"] {
            a.send_to(datagram, to).await?;
        }
        let mut buf = [0; 4];
        assert_eq!(b.recv_from(&mut buf).await?, (4, from));
        assert_eq!(&buf, b"long");
        assert_eq!(b.recv_from(&mut buf).await?, (0, from));
        assert_eq!(b.recv_from(&mut buf).await?, (4, from));
        assert_eq!(&buf, b"next");
        Ok(())
    });
}

#[test]
fn a_refusal_reaches_the_connected_sender() {
    run(|| async {
        let (a, b) = pair().await?;
        a.connect(b.local_addr()?).await?;
        let mut buf = [0; 4];
        let mut cx = Context::from_waker(Waker::noop());
        assert!(pin!(a.recv(&mut buf)).poll(&mut cx).is_pending());
        drop(b);
        a.send(b"anyone?").await?;
        let error = a.recv(&mut buf).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        // It was one error, not a state.
        assert!(pin!(a.recv(&mut buf)).poll(&mut cx).is_pending());
        Ok(())
    });
}

#[test]
fn several_tasks_receive_from_one_socket() {
    run(|| async {
        let (a, b) = pair().await?;
        let to = b.local_addr()?;
        let b = Arc::new(b);
        let receivers: Vec<_> = (0..4)
            .map(|_| {
                let b = Arc::clone(&b);
                spawn(async move { b.recv_from(&mut [0; 8]).await })
            })
            .collect();
        yield_now().await;
        for _ in 0..4 {
            a.send_to(b"x", to).await?;
        }
        for receiver in receivers {
            assert_eq!(join(receiver).await?, (1, a.local_addr()?));
        }
        Ok(())
    });
}

#[test]
fn what_cannot_be_sent_is_an_error() {
    run(|| async {
        let (a, b) = pair().await?;
        let error = a.send_to(&[0; 70_000], b.local_addr()?).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(90), "EMSGSIZE: {error}");
        let error = a.send(b"to nobody").await.unwrap_err();
        assert!(error.raw_os_error().is_some());
        let nothing = b.try_recv_from(&mut [0; 8]).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
        Ok(())
    });
}

#[test]
fn options_and_groups() {
    run(|| async {
        let (a, _) = pair().await?;
        a.set_broadcast(true)?;
        assert!(a.broadcast()?);
        a.set_ttl(3)?;
        assert_eq!(a.ttl()?, 3);
        a.set_multicast_loop_v4(false)?;
        assert!(!a.multicast_loop_v4()?);
        a.set_multicast_ttl_v4(2)?;
        assert_eq!(a.multicast_ttl_v4()?, 2);

        let group = Ipv4Addr::new(239, 1, 2, 3);
        a.join_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
        a.leave_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
        let error = a
            .leave_multicast_v4(group, Ipv4Addr::LOCALHOST)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
        let no_group = a.join_multicast_v4(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST);
        assert_eq!(no_group.unwrap_err().kind(), ErrorKind::InvalidInput);
        assert!(a.join_multicast_v6(Ipv6Addr::LOCALHOST, 0).is_err());
        Ok(())
    });
}

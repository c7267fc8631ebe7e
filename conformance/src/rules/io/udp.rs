//! I15: datagrams.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::pin::pin;
use std::time::Duration;

use super::stream::once;
use crate::Case;
use crate::adapter::Udp;
use crate::devices::Stage;

/// The most that a datagram can hold over IPv4.
const LARGEST: usize = 65_507;

/// After this time a datagram over loopback counts as never sent.
const LOST: Duration = Duration::from_secs(5);

/// I15: a datagram is received as it was sent, cut where declared; an empty one is no end.
pub fn i15_must_datagrams_keep_their_bounds<E: Udp>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    executor.block_on(stage.watch(async {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let socket = E::bind(&handle, any).await.expect("a port is free");
        let address = E::local_addr(&socket).expect("it is bound");
        let peer = UdpSocket::bind(any).expect("a port is free");
        let from = peer.local_addr().expect("it is bound");
        peer.set_read_timeout(Some(LOST))
            .expect("a socket has options");
        let send = |bytes: &[u8]| {
            let sent = peer.send_to(bytes, address).expect("loopback takes it");
            assert_eq!(sent, bytes.len());
        };
        let mut buffer = vec![0; LARGEST + 1];

        stage.at("a datagram came while the receiver waited");
        {
            let mut receiving = pin!(E::recv_from(&socket, &mut buffer));
            let early = once(receiving.as_mut()).await;
            assert!(early.is_pending(), "nothing was sent, and {early:?} came");
            send(b"first");
            assert_eq!(receiving.await.expect("no error"), (5, from));
        }
        assert_eq!(&buffer[..5], b"first");

        stage.at("an empty datagram, and one after it");
        send(b"");
        send(b"after");
        let got = E::recv_from(&socket, &mut buffer).await;
        let got = got.expect("an empty datagram is no error");
        assert_eq!(got, (0, from), "an empty datagram is received, too");
        let got = E::recv_from(&socket, &mut buffer).await;
        let got = got.expect("an empty datagram is no end");
        assert_eq!(got, (5, from), "the datagram after an empty one");
        assert_eq!(&buffer[..5], b"after");

        stage.at("a datagram that is longer than the buffer, and one after it");
        send(&[7; 100]);
        send(b"whole");
        let mut short = [0; 10];
        let got = E::recv_from(&socket, &mut short).await;
        if E::TRUNCATES {
            assert_eq!(got.expect("declared is that it is cut"), (10, from));
            assert_eq!(short, [7; 10]);
        } else {
            assert!(got.is_err(), "declared is an error, and it gave {got:?}");
        }
        let got = E::recv_from(&socket, &mut buffer).await;
        let what = "the rest of a datagram is not the next one";
        assert_eq!(got.expect("no error"), (5, from), "{what}");
        assert_eq!(&buffer[..5], b"whole", "{what}");

        stage.at("the largest datagram in either direction, and an empty one");
        let largest: Vec<u8> = (0..LARGEST).map(|at| at as u8).collect();
        send(&largest);
        let got = E::recv_from(&socket, &mut buffer).await;
        assert_eq!(got.expect("no error"), (LARGEST, from));
        assert!(buffer[..LARGEST] == largest, "the largest datagram changed");
        for sent in [&largest[..], b""] {
            let length = E::send_to(&socket, sent, from).await.expect("no error");
            assert_eq!(length, sent.len());
            // It has been sent, and loopback does not delay.
            let got = peer.recv_from(&mut buffer);
            let got = got.expect("a datagram that was sent arrives, also an empty one");
            assert_eq!(got, (sent.len(), address));
            assert!(buffer[..sent.len()] == *sent, "a datagram changed");
        }
    }));
}

//! TCP's urgent data, at which a read stops short.

mod common;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Waker};

use anyloop_io::TcpStream;
use common::{run, tcp_pair};
use socket2::SockRef;

/// A read that stopped at the urgent byte was taken for one that had emptied the socket, and the
/// reader then waited for ever for what was behind it.
#[test]
fn what_follows_urgent_data_is_read() {
    run(|| async {
        let (client, server) = tcp_pair().await?;
        for _ in 0..3 {
            wait_in_the_reactor(&server);
            // All of it is there before the reactor looks, so one event stands for it.
            let sends = SockRef::from(&client);
            sends.send(b"abc")?;
            sends.send_out_of_band(b"!")?;
            sends.send(b"def")?;
            assert_eq!(read(&server, 6).await?, b"abcdef");
        }
        Ok(())
    });
}

/// Has the stream registered, and its readiness known to be used up.
fn wait_in_the_reactor(stream: &TcpStream) {
    let mut buf = [0; 8];
    let mut cx = Context::from_waker(Waker::noop());
    assert!(pin!(stream.read(&mut buf)).poll(&mut cx).is_pending());
}

/// Reads until there are `length` bytes; each read has room for more than there is.
async fn read(stream: &TcpStream, length: usize) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    while all.len() < length {
        let mut buf = [0; 64];
        let count = stream.read(&mut buf).await?;
        assert_ne!(count, 0, "it ended after {all:?}");
        all.extend_from_slice(&buf[..count]);
    }
    Ok(all)
}

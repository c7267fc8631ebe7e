//! S5, S6: tasks that are always ready leave the drivers their turn.

use std::future::{Future, poll_fn};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};

use super::load::{Caller, Load, crowds};
use crate::Case;
use crate::adapter::{Spawn, Tcp, Timers};

/// How long the timer is that must fire.
const SOON: Duration = Duration::from_millis(1);

/// S5: tasks that yield, or a root that does, do not starve timers.
pub fn s05_should_yield_loops_do_not_starve_timers<E: Spawn + Timers>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        for crowd in crowds() {
            for _ in 0..5 {
                case.event(format_args!("{crowd} tasks yield; a timer is set"));
                let load = Load::until(1);
                let sleep = ringing::<E>(&handle, &load);
                let tasks = load.spawn::<E>(&handle, crowd);
                load.finish(tasks, "a timer of 1 ms").await;
                drop(sleep);
            }
        }
        for _ in 0..5 {
            case.event("the root yields; a timer is set");
            let load = Load::until(1);
            let sleep = ringing::<E>(&handle, &load);
            load.spin().await;
            load.judge("a timer of 1 ms, held by a root that yields,");
            drop(sleep);

            case.event("a task yields; the root sleeps");
            let load = Load::until(1);
            let tasks = load.spawn::<E>(&handle, 1);
            E::sleep(&handle, SOON).await;
            load.done();
            load.finish(tasks, "a root that sleeps for 1 ms").await;
        }
    });
}

/// A sleep whose wake, and not its next poll, makes the load's thing done: so a starved root is
/// not mistaken for a starved timer.
fn ringing<E: Timers>(handle: &E::Handle, load: &Load) -> Pin<Box<E::Sleep>> {
    let mut sleep = Box::pin(E::sleep(handle, SOON));
    let bell = load.bell();
    if sleep
        .as_mut()
        .poll(&mut Context::from_waker(&bell))
        .is_ready()
    {
        load.done();
    }
    sleep
}

/// S6: tasks that yield do not starve sockets.
pub fn s06_should_yield_loops_do_not_starve_sockets<E: Spawn + Tcp>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut listener = E::listen(&handle, any).await.expect("a port is free");
        let address = E::local_addr(&listener).expect("a listener has an address");
        let (send, sent) = mpsc::channel();
        let peer = Caller::new(move || echo(address, &sent));
        let mut stream = E::accept(&mut listener).await.expect("a connection");
        for crowd in crowds() {
            for _ in 0..5 {
                case.event(format_args!("{crowd} tasks yield; a peer sends"));
                let load = Load::until(1);
                let bell = load.bell();
                let polled =
                    Pin::new(&mut stream).poll_read(&mut Context::from_waker(&bell), &mut [0]);
                assert!(polled.is_pending(), "read what was not sent: {polled:?}");
                let tasks = load.spawn::<E>(&handle, crowd);
                send.send(()).expect("the peer listens");
                load.finish(tasks, "a socket whose peer had sent").await;

                case.event("the root reads and answers");
                let load = Load::until(1);
                let tasks = load.spawn::<E>(&handle, crowd);
                answer(&mut stream).await;
                load.done();
                load.finish(tasks, "a root that reads from a socket and answers")
                    .await;
            }
        }
        drop(send);
        peer.join();
    });
}

/// Sends a byte when it is told to, and waits for the answer.
fn echo(address: SocketAddr, told: &mpsc::Receiver<()>) {
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    for () in told {
        stream.write_all(b"?").expect("the stream is open");
        stream.read_exact(&mut [0]).expect("an answer");
    }
}

/// Reads a byte and sends one.
async fn answer<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    let mut byte = [0];
    let read = poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, &mut byte)).await;
    assert_eq!(read.expect("the stream is open"), 1);
    let written = poll_fn(|cx| Pin::new(&mut *stream).poll_write(cx, b"!")).await;
    assert_eq!(written.expect("the stream is open"), 1);
    let flushed = poll_fn(|cx| -> Poll<_> { Pin::new(&mut *stream).poll_flush(cx) }).await;
    flushed.expect("the stream is open");
}

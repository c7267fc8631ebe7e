//! Bad input: a clear error that says what to do, and never a panic or a hang.

#![cfg(feature = "epoll")]

use std::error::Error;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyloop::io::Async;
use anyloop::net::{
    TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream, lookup_host,
};
use anyloop::time::{interval, sleep, timeout};
use anyloop::{BlockOnError, Epoll, JoinError, Runtime};
use futures_lite::future::{block_on as outside, poll_once};

const SHORT: Duration = Duration::from_millis(1);

/// Checks that `result` is an error of that kind whose message has these words.
#[track_caller]
fn refused<T>(result: io::Result<T>, kind: ErrorKind, words: &[&str]) {
    let Err(error) = result else {
        panic!("it was accepted, in place of an error that says {words:?}");
    };
    assert_eq!(error.kind(), kind, "{error}");
    says(&error, words);
}

#[track_caller]
fn says(error: &dyn Error, words: &[&str]) {
    let message = error.to_string();
    for word in words {
        assert!(message.contains(word), "no {word:?} in: {message}");
    }
}

/// Runs a test that would hang if it failed; after a minute it fails instead.
fn must_end(test: fn()) {
    let (sender, receiver) = mpsc::channel();
    let thread = thread::spawn(move || {
        let result = panic::catch_unwind(AssertUnwindSafe(test));
        let _ = sender.send(());
        result
    });
    let ended = receiver.recv_timeout(Duration::from_secs(60));
    assert!(ended.is_ok(), "it hangs");
    if let Err(payload) = thread.join().unwrap() {
        panic::resume_unwind(payload);
    }
}

/// Runs a test in a runtime.
fn inside<F: AsyncFn() -> io::Result<()>>(test: F) {
    anyloop::block_on(test()).unwrap().unwrap();
}

/// An address where nothing listens.
fn closed_port() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

#[test]
fn a_port_that_is_taken() {
    inside(async || {
        let words = |addr: SocketAddr| [addr.to_string(), "choose another address".to_owned()];
        let tcp = TcpListener::bind("127.0.0.1:0").await?;
        let [addr, advice] = words(tcp.local_addr()?);
        let again = TcpListener::bind(tcp.local_addr()?).await;
        refused(again, ErrorKind::AddrInUse, &[&addr, &advice]);
        let udp = UdpSocket::bind("127.0.0.1:0").await?;
        let [addr, advice] = words(udp.local_addr()?);
        let again = UdpSocket::bind(udp.local_addr()?).await;
        refused(again, ErrorKind::AddrInUse, &[&addr, &advice]);
        Ok(())
    });
}

#[test]
fn a_port_where_nothing_listens() {
    inside(async || {
        let addr = closed_port();
        let words = [&*addr.to_string(), "nothing listens there"];
        let refusal = ErrorKind::ConnectionRefused;
        refused(TcpStream::connect(addr).await, refusal, &words);
        let limited = TcpStream::connect_timeout(addr, Duration::from_secs(9)).await;
        refused(limited, refusal, &words);
        Ok(())
    });
}

#[test]
fn an_address_of_no_interface_here() {
    inside(async || {
        let elsewhere = TcpListener::bind("192.0.2.1:0").await;
        let words = ["192.0.2.1", "no interface of this machine"];
        refused(elsewhere, ErrorKind::AddrNotAvailable, &words);
        Ok(())
    });
}

#[test]
fn names_that_make_no_sense() {
    must_end(|| {
        inside(async || {
            let nonsense = ["", "localhost", "localhost:", "localhost:http", "a:65536"];
            for name in nonsense {
                let quoted = format!("{name:?}");
                let words = [&*quoted, "write host:port"];
                refused(lookup_host(name).await, ErrorKind::InvalidInput, &words);
                refused(
                    TcpStream::connect(name).await,
                    ErrorKind::InvalidInput,
                    &words,
                );
                refused(
                    TcpListener::bind(name).await,
                    ErrorKind::InvalidInput,
                    &words,
                );
            }
            let invalid = ErrorKind::InvalidInput;
            refused(lookup_host(":80").await, invalid, &["give a name"]);
            let none: [SocketAddr; 0] = [];
            refused(lookup_host(none).await, invalid, &["at least one"]);
            // The resolver decides on the kind; a name with a zero in it never leaves the process.
            let error = lookup_host("no\0where:80").await.unwrap_err();
            says(&error, &["no such host", "where"]);
            Ok(())
        });
    });
}

#[test]
fn paths_that_make_no_sense() {
    inside(async || {
        let nowhere = UnixStream::connect("/nonexistent/anyloop").await;
        refused(nowhere, ErrorKind::NotFound, &["/nonexistent/anyloop"]);
        let nowhere = UnixListener::bind("/nonexistent/anyloop");
        refused(nowhere, ErrorKind::NotFound, &["/nonexistent/anyloop"]);
        let long = "x".repeat(200);
        refused(UnixDatagram::bind(&long), ErrorKind::InvalidInput, &[&long]);
        Ok(())
    });
}

#[test]
fn a_descriptor_that_cannot_be_waited_for() {
    let words = ["regular files", "use spawn_blocking"];
    for portable in [false, true] {
        let runtime = Epoll::builder().portable(portable).build().unwrap();
        runtime.block_on(async {
            let file = File::open(std::env::current_exe().unwrap()).unwrap();
            refused(Async::new(file), ErrorKind::Unsupported, &words);
            let folder = File::open("/").unwrap();
            refused(Async::new(folder), ErrorKind::Unsupported, &words);
        });
    }
}

#[test]
fn time_outside_of_a_runtime() {
    let kind = ErrorKind::Unsupported;
    let words = ["needs a runtime", "`block_on`", "`Handle::enter`"];
    refused(outside(sleep(SHORT)), kind, &words);
    refused(outside(timeout(SHORT, pending())), kind, &words);
    refused(outside(interval(SHORT).tick()), kind, &words);
    assert_eq!(outside(timeout(SHORT, async { 7 })).unwrap(), 7, "no wait");
}

#[test]
fn sockets_outside_of_a_runtime() {
    let kind = ErrorKind::Unsupported;
    let words = ["needs a runtime", "`block_on`", "`Handle::enter`"];
    refused(outside(TcpListener::bind("127.0.0.1:0")), kind, &words);
    refused(outside(TcpStream::connect(closed_port())), kind, &words);
    refused(outside(UdpSocket::bind("127.0.0.1:0")), kind, &words);
    refused(outside(lookup_host("localhost:80")), kind, &words);
    refused(UnixDatagram::unbound(), kind, &words);
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    refused(Async::new(socket), kind, &words);
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    refused(TcpListener::from_std(socket), kind, &words);
}

#[test]
fn sockets_in_a_runtime_without_io() {
    let runtime = Runtime::without_io(anyloop::Fifo::new());
    let bound = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
    let words = ["the reactor driver is missing", "use a backend"];
    refused(bound, ErrorKind::Unsupported, &words);
}

#[test]
fn tasks_outside_of_a_runtime() {
    let words = ["no runtime is current", "through a `Handle`"];
    for task in [
        anyloop::spawn(async {}),
        anyloop::spawn_local(async {}),
        anyloop::spawn_blocking(|| ()),
    ] {
        never_started(outside(task), &words);
    }
}

#[test]
fn a_local_task_on_a_thread_without_a_loop() {
    must_end(|| {
        let runtime = Epoll::new().unwrap();
        let handle = runtime.handle();
        let task = thread::spawn(move || handle.enter(|| anyloop::spawn_local(async {})));
        let words = ["`spawn_local` works only on", "use `spawn`"];
        never_started(outside(task.join().unwrap()), &words);
    });
}

#[track_caller]
fn never_started(result: Result<(), JoinError>, words: &[&str]) {
    let error = result.expect_err("it was started");
    assert!(error.is_cancelled(), "{error}");
    says(&error, words);
}

#[test]
fn options_of_zero() {
    let invalid = ErrorKind::InvalidInput;
    let no_threads = Epoll::builder().blocking_threads(0).build();
    let words = ["`blocking_threads(0)`", "at least one thread"];
    refused(no_threads, invalid, &words);
    let no_events = Epoll::builder().events(0).build();
    refused(no_events, invalid, &["`events(0)`", "at least one event"]);
}

#[test]
fn an_interval_of_zero() {
    inside(async || {
        let words = ["interval of zero", "give a period above zero"];
        let mut ticks = interval(Duration::ZERO);
        for _ in 0..2 {
            refused(ticks.tick().await, ErrorKind::InvalidInput, &words);
        }
        Ok(())
    });
}

#[test]
fn block_on_inside_block_on() {
    must_end(|| {
        let words = ["`block_on` was called inside", "`.await` the future"];
        let (outer, other) = (Epoll::new().unwrap(), Epoll::new().unwrap());
        outer.block_on(async {
            for runtime in [&outer, &other] {
                let error = runtime.try_block_on(async {}).unwrap_err();
                assert!(matches!(error, BlockOnError::Nested), "{error}");
                says(&error, &words);
            }
            let nested = anyloop::block_on(async {});
            refused(nested, ErrorKind::Deadlock, &words);
            let goes_on = anyloop::spawn(sleep(SHORT));
            goes_on.await.unwrap().unwrap();
        });
        other.block_on(sleep(SHORT)).unwrap();
    });
}

#[test]
fn a_socket_whose_runtime_is_gone() {
    must_end(|| {
        let (_listener, client) = sockets_left_over();
        let read = || outside(client.read(&mut [0; 8]));
        refused(read(), ErrorKind::NotConnected, &OF_A_RUNTIME_THAT_IS_GONE);
        let ready = outside(client.readable());
        refused(ready, ErrorKind::NotConnected, &OF_A_RUNTIME_THAT_IS_GONE);
        let elsewhere = anyloop::block_on(async { client.read(&mut [0; 8]).await }).unwrap();
        refused(
            elsewhere,
            ErrorKind::NotConnected,
            &OF_A_RUNTIME_THAT_IS_GONE,
        );
    });
}

/// The reactor hears of a socket when it would block for the first time, which is too late here.
#[test]
fn a_socket_that_never_waited_before_its_runtime_was_gone() {
    must_end(|| {
        let (listener, _client) = sockets_left_over();
        let (accepted, _) = listener.try_accept().expect("it was connected");
        let accept = outside(listener.accept()).map(drop);
        let read = outside(accepted.read(&mut [0; 8])).map(drop);
        for result in [accept, read] {
            refused(result, ErrorKind::NotConnected, &OF_A_RUNTIME_THAT_IS_GONE);
        }
    });
}

const OF_A_RUNTIME_THAT_IS_GONE: [&str; 2] = ["has shut down", "keep the runtime"];

/// A listener that has never waited, and a client that has, of a runtime that is gone.
fn sockets_left_over() -> (TcpListener, TcpStream) {
    let made = anyloop::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let client = TcpStream::connect(listener.local_addr()?).await?;
        let nothing = poll_once(client.read(&mut [0; 8])).await;
        assert!(nothing.is_none(), "nothing was sent: {nothing:?}");
        Ok::<_, io::Error>((listener, client))
    });
    made.unwrap().unwrap()
}

#[test]
fn a_sleep_and_a_task_whose_runtime_is_gone() {
    must_end(|| {
        let runtime = Epoll::new().unwrap();
        let handle = runtime.handle();
        let long = Duration::from_secs(3600);
        let fresh = handle.sleep(long);
        let mut waiting = handle.sleep(long);
        let limited = runtime.block_on(timeout(SHORT, &mut waiting));
        assert_eq!(limited.unwrap_err().kind(), ErrorKind::TimedOut);
        drop(runtime);
        let kind = ErrorKind::NotConnected;
        let words = ["sleeping failed", "has shut down"];
        refused(outside(fresh), kind, &words);
        refused(outside(&mut waiting), kind, &words);
        let elsewhere = anyloop::block_on(&mut waiting);
        refused(elsewhere.unwrap(), kind, &words);
        let words = ["its runtime has shut down"];
        never_started(outside(handle.spawn(async {})), &words);
        never_started(outside(handle.spawn_blocking(|| ())), &words);
    });
}

async fn pending() {
    std::future::pending().await
}

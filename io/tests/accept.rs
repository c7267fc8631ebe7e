//! Accepting connections.

mod common;

use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Waker};

use anyloop_io::{TcpListener, TcpStream};
use common::{join, run};
use executor_core::spawn;
use executor_core::task::yield_now;

#[test]
fn several_tasks_accept_from_one_listener() {
    run(|| async {
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").await?);
        let acceptors: Vec<_> = (0..4)
            .map(|_| {
                let listener = Arc::clone(&listener);
                spawn(async move {
                    for _ in 0..5 {
                        let (stream, _) = listener.accept().await?;
                        stream.write_all(b"!").await?;
                    }
                    Ok(())
                })
            })
            .collect();
        yield_now().await;
        let addr = listener.local_addr()?;
        for _ in 0..20 {
            let client = TcpStream::connect(addr).await?;
            client.read_exact(&mut [0]).await?;
        }
        for acceptor in acceptors {
            join(acceptor).await?;
        }
        let nobody = listener.try_accept().unwrap_err();
        assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
        Ok(())
    });
}

#[test]
fn dropping_an_accept_loses_no_connection() {
    run(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..3 {
            assert!(pin!(listener.accept()).poll(&mut cx).is_pending());
        }
        let client = TcpStream::connect(listener.local_addr()?).await?;
        // Woken or not, an accept that is dropped without its result has taken nothing.
        drop(listener.accept());
        let (_, peer) = listener.accept().await?;
        assert_eq!(peer, client.local_addr()?);
        assert!(pin!(listener.accept()).poll(&mut cx).is_pending());
        Ok(())
    });
}

#[test]
fn a_burst_of_connections_is_accepted_to_the_last() {
    run(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut cx = Context::from_waker(Waker::noop());
        assert!(pin!(listener.accept()).poll(&mut cx).is_pending());
        let addr = listener.local_addr()?;
        let mut clients = Vec::new();
        for _ in 0..3 {
            // One edge may stand for all of them.
            for _ in 0..10 {
                clients.push(TcpStream::connect(addr).await?);
            }
            for _ in 0..10 {
                listener.accept().await?;
            }
            assert!(pin!(listener.accept()).poll(&mut cx).is_pending());
        }
        Ok(())
    });
}

const CHILD: &str = "ANYLOOP_IO_FEW_DESCRIPTORS";

/// Runs in a process of its own: the limit is for all of a process.
#[test]
fn without_descriptors_accept_fails_per_call_and_recovers() {
    if std::env::var_os(CHILD).is_none() {
        let name = "without_descriptors_accept_fails_per_call_and_recovers";
        let output = Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        assert!(said.contains("recovered"), "{said}");
        return;
    }
    run(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let clients = [
            TcpStream::connect(listener.local_addr()?).await?,
            TcpStream::connect(listener.local_addr()?).await?,
        ];
        let taken = take_all_descriptors()?;
        for _ in 0..3 {
            let error = listener.accept().await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(24), "EMFILE: {error}");
        }
        drop(taken);
        for client in clients {
            let (_, peer) = listener.accept().await?;
            assert_eq!(peer, client.local_addr()?);
        }
        // With none left again, only an accept that is not even tried can wait.
        let _taken = take_all_descriptors()?;
        let mut cx = Context::from_waker(Waker::noop());
        assert!(pin!(listener.accept()).poll(&mut cx).is_pending());
        eprintln!("recovered");
        Ok(())
    });
}

/// Lowers the limit, and opens descriptors until there is none left.
fn take_all_descriptors() -> io::Result<Vec<std::fs::File>> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = Rlimit {
        current: Some(64),
        maximum: getrlimit(Resource::Nofile).maximum,
    };
    setrlimit(Resource::Nofile, limit)?;
    let mut taken = Vec::new();
    loop {
        match std::fs::File::open("/dev/null") {
            Ok(file) => taken.push(file),
            Err(error) if error.raw_os_error() == Some(24) => return Ok(taken),
            Err(error) => return Err(error),
        }
    }
}

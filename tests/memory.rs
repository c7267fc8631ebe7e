//! A program that runs for long ends with the memory, descriptors and threads that it began with.
//!
//! Each check runs in a process of its own, so that nothing else allocates beside it.

#![cfg(all(feature = "epoll", target_os = "linux"))]

use std::error::Error;
use std::fs;
use std::io;
use std::process::Command;
use std::time::Duration;

use anyloop::net::{TcpListener, TcpStream};
use futures_lite::future::poll_once;

const CHILD: &str = "ANYLOOP_MEMORY_CHILD";

/// What the child says when it has done all of its checks.
const FLAT: &str = "memory, descriptors and threads stayed flat";

/// What the allocator and the system's bookkeeping may add: 2 MiB where a page has 4 KiB.
const SLACK_PAGES: usize = 512;

type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn a_million_tasks_leave_nothing_behind() {
    const BATCH: usize = 100;
    in_a_child("a_million_tasks_leave_nothing_behind", || {
        anyloop::block_on(stays_flat(1_000_000 / BATCH, async || {
            let tasks: [_; BATCH] = std::array::from_fn(|n| anyloop::spawn(async move { n }));
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await?, n);
            }
            Ok(())
        }))?
    });
}

#[test]
fn many_connections_leave_nothing_behind() {
    let connections = if cfg!(debug_assertions) {
        20_000
    } else {
        100_000
    };
    in_a_child("many_connections_leave_nothing_behind", move || {
        anyloop::block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            stays_flat(connections, async || connect_and_close(&listener).await).await
        })?
    });
}

/// A connection in whose life each end is registered once.
async fn connect_and_close(listener: &TcpListener) -> Outcome {
    let addr = listener.local_addr()?;
    let (client, accepted) =
        futures_lite::future::try_zip(async { TcpStream::connect(addr).await }, async {
            listener.accept().await
        })
        .await?;
    let (server, _) = accepted;
    for end in [&client, &server] {
        let nothing = poll_once(end.read(&mut [0; 8])).await;
        assert!(nothing.is_none(), "nothing was sent: {nothing:?}");
    }
    // Otherwise each connection would keep its port for a minute, and there are not enough.
    client.set_linger(Some(Duration::ZERO))?;
    Ok(())
}

/// Runs `round` so often, and compares what is in use then with what was after a warm-up.
async fn stays_flat(rounds: usize, round: impl AsyncFn() -> Outcome) -> Outcome {
    for _ in 0..rounds / 10 {
        round().await?;
    }
    let before = Usage::now()?;
    for _ in 0..rounds {
        round().await?;
    }
    let after = Usage::now()?;
    assert_eq!(before.descriptors, after.descriptors, "descriptors");
    assert_eq!(before.threads, after.threads, "threads");
    let most = before.pages + SLACK_PAGES;
    assert!(after.pages <= most, "pages: {before:?}, then {after:?}");
    Ok(())
}

/// What this process has in use.
#[derive(Debug)]
struct Usage {
    pages: usize,
    descriptors: usize,
    threads: usize,
}

impl Usage {
    fn now() -> Result<Self, Box<dyn Error>> {
        let memory = fs::read_to_string("/proc/self/statm")?;
        let resident = memory.split(' ').nth(1).expect("the second number");
        Ok(Self {
            pages: resident.parse()?,
            descriptors: entries("/proc/self/fd")?,
            threads: entries("/proc/self/task")?,
        })
    }
}

fn entries(folder: &str) -> io::Result<usize> {
    Ok(fs::read_dir(folder)?.count())
}

/// Runs the check of the test `name` in a process of its own.
fn in_a_child(name: &str, check: impl FnOnce() -> Outcome) {
    if std::env::var_os(CHILD).is_some() {
        check().unwrap_or_else(|error| panic!("{error}"));
        println!("{FLAT}");
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{failed}");
    assert!(said.contains(FLAT), "{said}{failed}");
}

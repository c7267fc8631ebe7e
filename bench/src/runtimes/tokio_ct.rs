//! tokio's current_thread flavour.
//!
//! A `LocalRuntime` is the same scheduler without the detour of a `LocalSet`, which is the fastest
//! that tokio has for tasks that stay on their thread.

use std::future::Future;
use std::io;
use std::net;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::{JoinHandle, spawn_local};

use super::Runtime;
use crate::scenarios::tcp::ECHO_BUFFER;

/// The runtime of that name.
pub(crate) struct TokioCt;

impl Runtime for TokioCt {
    type Join<T: 'static> = JoinHandle<T>;
    type Sleep = tokio::time::Sleep;

    fn block_on<T>(main: impl Future<Output = T>) -> T {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default())
            .expect("tokio cannot build its runtime");
        runtime.block_on(main)
    }

    fn spawn<T: 'static>(task: impl Future<Output = T> + 'static) -> JoinHandle<T> {
        spawn_local(task)
    }

    fn spawn_detached(task: impl Future<Output = ()> + 'static) {
        spawn_local(task);
    }

    fn yield_now() -> impl Future<Output = ()> {
        tokio::task::yield_now()
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        tokio::time::sleep(duration)
    }

    fn serve_echo(listener: net::TcpListener) -> io::Result<()> {
        Self::block_on(async {
            let listener = TcpListener::from_std(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                spawn_local(echo(stream));
            }
        })
    }

    fn serve_accept(listener: net::TcpListener) -> io::Result<()> {
        Self::block_on(async {
            let listener = TcpListener::from_std(listener)?;
            loop {
                drop(listener.accept().await?);
            }
        })
    }
}

/// Ends at the end of the stream, or when the client has gone away.
pub(super) async fn echo(mut stream: TcpStream) {
    let mut buffer = [0; ECHO_BUFFER];
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..n]).await.is_err() {
            return;
        }
    }
}

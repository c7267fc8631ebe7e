//! anyloop's own backend of one thread: backend-epoll with its FIFO.

use std::future::Future;
use std::io;
use std::net;
use std::time::Duration;

use anyloop_io::{TcpListener, TcpStream};
use backend_epoll::Epoll;
use executor_core::{JoinHandle, spawn_local, task, time};

use super::Runtime;
use crate::scenarios::tcp::ECHO_BUFFER;

/// The runtime of that name; `SPIN` says whether it may spin for a little before it blocks.
pub(crate) struct Ours<const SPIN: bool>;

impl<const SPIN: bool> Runtime for Ours<SPIN> {
    type Join<T: 'static> = JoinHandle<T>;
    type Sleep = time::Sleep;

    fn block_on<T>(main: impl Future<Output = T>) -> T {
        let builder = Epoll::builder();
        let builder = if SPIN {
            builder
        } else {
            builder.spin(Duration::ZERO)
        };
        builder
            .build()
            .expect("anyloop cannot build its runtime")
            .block_on(main)
    }

    fn spawn<T: 'static>(task: impl Future<Output = T> + 'static) -> JoinHandle<T> {
        spawn_local(task)
    }

    fn spawn_detached(task: impl Future<Output = ()> + 'static) {
        drop(spawn_local(task));
    }

    fn yield_now() -> impl Future<Output = ()> {
        task::yield_now()
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        time::sleep(duration)
    }

    fn serve_echo(listener: net::TcpListener) -> io::Result<()> {
        Self::block_on(async {
            let listener = TcpListener::try_from(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                Self::spawn_detached(echo(stream));
            }
        })
    }

    fn serve_accept(listener: net::TcpListener) -> io::Result<()> {
        Self::block_on(async {
            let listener = TcpListener::try_from(listener)?;
            loop {
                drop(listener.accept().await?);
            }
        })
    }
}

/// Ends at the end of the stream, or when the client has gone away.
pub(super) async fn echo(stream: TcpStream) {
    let mut buffer = [0; ECHO_BUFFER];
    while let Ok(n @ 1..) = TcpStream::read(&stream, &mut buffer).await {
        if stream.write_all(&buffer[..n]).await.is_err() {
            return;
        }
    }
}

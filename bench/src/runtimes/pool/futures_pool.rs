//! The `ThreadPool` of the futures crates: one queue for all, and nothing but tasks.

use std::future::Future;
use std::sync::OnceLock;

use futures_executor::ThreadPool;
use futures_util::future::RemoteHandle;
use futures_util::task::SpawnExt;

use super::{Pool, WORKERS};

/// The runtime of that name.
pub(crate) struct FuturesPool;

/// It lives as long as the process.
fn pool() -> &'static ThreadPool {
    static POOL: OnceLock<ThreadPool> = OnceLock::new();
    POOL.get_or_init(|| {
        let pool = ThreadPool::builder().pool_size(WORKERS).create();
        pool.expect("futures cannot build its pool")
    })
}

impl Pool for FuturesPool {
    type Join<T: Send + 'static> = RemoteHandle<T>;
    type Handle = ();

    fn block_on<T>(main: impl Future<Output = T>) -> T {
        futures_executor::block_on(main)
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> RemoteHandle<T> {
        let join = pool().spawn_with_handle(task);
        join.expect("the pool lives as long as the process")
    }

    fn spawn_from<T: Send + 'static>(
        (): &(),
        task: impl Future<Output = T> + Send + 'static,
    ) -> RemoteHandle<T> {
        Self::spawn(task)
    }

    fn spawn_detached(task: impl Future<Output = ()> + Send + 'static) {
        pool().spawn_ok(task);
    }

    fn handle() {}

    fn yield_now() -> impl Future<Output = ()> + Send {
        futures_lite::future::yield_now()
    }
}

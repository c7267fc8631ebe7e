//! What is special about the backend of several threads.

use std::future::Future;
use std::time::Duration;

use backend_threadpool::ThreadPool;
use executor_conformance::adapter::{Parallel, SharedBlockOn};
use executor_core::{Handle, PoolScheduler};

use super::{Backend, On};

/// Enough for tasks to run side by side, and few enough for a small machine.
const WORKERS: usize = 2;

fn make<P: PoolScheduler + Default>(
    workers: usize,
    blocking_threads: Option<usize>,
) -> ThreadPool<P> {
    let mut builder = ThreadPool::builder()
        .workers(workers)
        .scheduler(P::default());
    if let Some(threads) = blocking_threads {
        builder = builder.blocking_threads(threads);
    }
    builder.build().expect("a reactor and threads")
}

impl<P: PoolScheduler + Default> Backend for ThreadPool<P> {
    const NAME: &'static str = "anyloop-threadpool";

    fn make(blocking_threads: Option<usize>) -> Self {
        make(WORKERS, blocking_threads)
    }

    fn handle(&self) -> Handle {
        (**self).handle()
    }

    fn block_on<F: Future>(&self, root: F) -> F::Output {
        (**self).block_on(root)
    }

    fn nested_block_on<F: Future>(root: F) -> Result<F::Output, String> {
        Self::make(None)
            .try_block_on(root)
            .map_err(|error| error.to_string())
    }

    fn shutdown_timeout(self, timeout: Duration) {
        self.shutdown_timeout(timeout);
    }
}

impl<P: PoolScheduler + Default> Parallel for On<ThreadPool<P>> {
    fn with_workers(workers: usize) -> Self {
        Self(make(workers, None))
    }
}

impl<P: PoolScheduler + Default> SharedBlockOn for On<ThreadPool<P>> {
    fn block_on_shared<F: Future>(&self, root: F) -> F::Output {
        self.0.block_on(root)
    }
}

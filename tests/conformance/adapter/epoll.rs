//! What is special about the single-threaded backend.

use std::future::Future;
use std::time::Duration;

use backend_epoll::Epoll;
use executor_core::{Handle, Scheduler};

use super::Backend;

impl<S: Scheduler + Default> Backend for Epoll<S> {
    const NAME: &'static str = "anyloop-epoll";

    fn make(blocking_threads: Option<usize>) -> Self {
        let mut builder = Epoll::builder().scheduler(S::default());
        if let Some(threads) = blocking_threads {
            builder = builder.blocking_threads(threads);
        }
        builder.build().expect("a reactor")
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

//! `ThreadPool`, whose root is driven by `futures_executor::block_on`.

use std::future::Future;
use std::sync::{Arc, Weak};

use executor_conformance::adapter::{OnHandleDrop, Parallel, Remote, SharedBlockOn, Spawn};
use executor_conformance::{Executor, JoinError, JoinHandle};
use futures_executor::ThreadPool;
use futures_util::task::SpawnExt;

use super::Joined;

pub(crate) struct Pool(Arc<ThreadPool>);

impl Executor for Pool {
    const NAME: &'static str = "futures-executor ThreadPool";
    type Handle = Weak<ThreadPool>;

    fn new() -> Self {
        Self::with_workers(2)
    }

    fn handle(&self) -> Self::Handle {
        Arc::downgrade(&self.0)
    }

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        futures_executor::block_on(root)
    }
}

impl Spawn for Pool {
    const ON_HANDLE_DROP: OnHandleDrop = OnHandleDrop::Cancels;

    fn spawn<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let pool = handle.upgrade();
        match pool.map(|pool| pool.spawn_with_handle(future)) {
            Some(Ok(handle)) => JoinHandle::of(Joined(handle)),
            _ => JoinHandle::new(async { Err(JoinError::Cancelled) }),
        }
    }
}

impl Remote for Pool {}

impl Parallel for Pool {
    fn with_workers(workers: usize) -> Self {
        let pool = ThreadPool::builder().pool_size(workers).create();
        Self(Arc::new(pool.expect("threads")))
    }
}

impl SharedBlockOn for Pool {
    fn block_on_shared<F: Future>(&self, root: F) -> F::Output {
        futures_executor::block_on(root)
    }
}

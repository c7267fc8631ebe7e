//! `LocalPool`.

use std::future::Future;
use std::rc::Rc;

use executor_conformance::adapter::{OnHandleDrop, OnThread, Spawn, SpawnLocal};
use executor_conformance::{Executor, JoinError, JoinHandle};
use futures_executor::{LocalPool, LocalSpawner};
use futures_util::task::LocalSpawnExt;

use super::Joined;

pub(crate) struct Local {
    pool: LocalPool,
    spawner: Rc<LocalSpawner>,
}

impl Executor for Local {
    const NAME: &'static str = "futures-executor LocalPool";
    type Handle = OnThread<LocalSpawner>;

    fn new() -> Self {
        let pool = LocalPool::new();
        let spawner = Rc::new(pool.spawner());
        Self { pool, spawner }
    }

    fn handle(&self) -> Self::Handle {
        OnThread::new(&self.spawner)
    }

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        self.pool.run_until(root)
    }
}

impl Spawn for Local {
    const ON_HANDLE_DROP: OnHandleDrop = OnHandleDrop::Cancels;

    fn spawn<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Self::spawn_local(handle, future)
    }
}

impl SpawnLocal for Local {
    fn spawn_local<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let spawner = handle.try_get();
        match spawner.map(|spawner| spawner.spawn_local_with_handle(future)) {
            Some(Ok(handle)) => JoinHandle::of(Joined(handle)),
            _ => JoinHandle::new(async { Err(JoinError::Cancelled) }),
        }
    }
}

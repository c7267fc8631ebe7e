//! `TaskPool` of bevy_tasks, whose root is driven by its `block_on`.

use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use bevy_tasks::{TaskPool, TaskPoolBuilder};
use executor_conformance::adapter::{Abort, OnHandleDrop, Parallel, Remote, SharedBlockOn, Spawn};
use executor_conformance::{Executor, JoinError, JoinHandle};

use crate::smol::Joined;

/// A pool joins its threads when it is dropped, so no handle may own it on one of them.
pub(crate) struct Bevy(Arc<RwLock<Option<TaskPool>>>);

impl Drop for Bevy {
    fn drop(&mut self) {
        let pool = self
            .0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(pool);
    }
}

impl Executor for Bevy {
    const NAME: &'static str = "bevy_tasks TaskPool";
    type Handle = Weak<RwLock<Option<TaskPool>>>;

    fn new() -> Self {
        Self::with_workers(2)
    }

    fn handle(&self) -> Self::Handle {
        Arc::downgrade(&self.0)
    }

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        bevy_tasks::block_on(root)
    }
}

impl Spawn for Bevy {
    const ON_HANDLE_DROP: OnHandleDrop = OnHandleDrop::Cancels;

    fn spawn<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let spawned = handle.upgrade().and_then(|pool| {
            let pool = pool.read().unwrap_or_else(PoisonError::into_inner);
            pool.as_ref().map(|pool| pool.spawn(future))
        });
        match spawned {
            Some(task) => JoinHandle::of(Joined::new(task)),
            None => JoinHandle::new(async { Err(JoinError::Cancelled) }),
        }
    }
}

impl Remote for Bevy {}

impl Abort for Bevy {}

impl Parallel for Bevy {
    fn with_workers(workers: usize) -> Self {
        let pool = TaskPoolBuilder::new().num_threads(workers).build();
        Self(Arc::new(RwLock::new(Some(pool))))
    }
}

impl SharedBlockOn for Bevy {
    fn block_on_shared<F: Future>(&self, root: F) -> F::Output {
        bevy_tasks::block_on(root)
    }
}

//! async-executor's `LocalExecutor`.

use std::future::Future;
use std::rc::Rc;

use async_executor::LocalExecutor;
use executor_conformance::adapter::{Abort, OnHandleDrop, OnThread, Spawn, SpawnLocal};
use executor_conformance::{Executor, JoinError, JoinHandle};

use super::Joined;

pub(crate) struct Local(Rc<LocalExecutor<'static>>);

impl Executor for Local {
    const NAME: &'static str = "async-executor LocalExecutor";
    type Handle = OnThread<LocalExecutor<'static>>;

    fn new() -> Self {
        Self(Rc::new(LocalExecutor::new()))
    }

    fn handle(&self) -> Self::Handle {
        OnThread::new(&self.0)
    }

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        async_io::block_on(self.0.run(root))
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

impl Abort for Local {}

impl SpawnLocal for Local {
    fn spawn_local<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        match handle.try_get() {
            Some(executor) => JoinHandle::of(Joined::new(executor.spawn(future))),
            None => JoinHandle::new(async { Err(JoinError::Cancelled) }),
        }
    }
}

//! Tasks of a `LocalSet` on the current-thread runtime.

use std::future::Future;
use std::rc::Rc;

use executor_conformance::adapter::{Abort, OnThread, Spawn, SpawnLocal};
use executor_conformance::{Executor, JoinHandle};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

use super::Joined;

pub(crate) struct InLocalSet {
    set: Rc<LocalSet>,
    runtime: Runtime,
}

impl Executor for InLocalSet {
    const NAME: &'static str = "tokio LocalSet";
    type Handle = OnThread<LocalSet>;

    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        Self {
            set: Rc::new(LocalSet::new()),
            runtime: runtime.expect("a runtime"),
        }
    }

    fn handle(&self) -> Self::Handle {
        OnThread::new(&self.set)
    }

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        self.set.block_on(&self.runtime, root)
    }
}

impl Spawn for InLocalSet {
    fn spawn<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Self::spawn_local(handle, future)
    }
}

impl Abort for InLocalSet {}

impl SpawnLocal for InLocalSet {
    fn spawn_local<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        // While the set is being dropped it can only be reached as the ambient one.
        let joined = match handle.try_get() {
            Some(set) => set.spawn_local(future),
            None => tokio::task::spawn_local(future),
        };
        JoinHandle::of(Joined(joined))
    }
}

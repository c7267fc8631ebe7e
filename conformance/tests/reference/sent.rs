//! An executor of one thread that says it can be sent to another.

use std::future::Future;

use executor_conformance::adapter::{Spawn, SpawnLocal};
use executor_conformance::{Executor, JoinHandle};

use super::unsound::Claimed;
use super::{OneThread, Reference};

/// The reference executor in a type that is `Send`.
pub(crate) type Sent = Claimed<Reference<OneThread>>;

type Inner = Reference<OneThread>;

impl Executor for Sent {
    const NAME: &'static str = "reference-sent";
    type Handle = <Inner as Executor>::Handle;

    fn new() -> Self {
        Self(Inner::new())
    }

    fn handle(&self) -> Self::Handle {
        self.0.handle()
    }

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        self.0.block_on(root)
    }
}

impl Spawn for Sent {
    fn spawn<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Inner::spawn(handle, future)
    }
}

impl SpawnLocal for Sent {
    fn spawn_local<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        Inner::spawn_local(handle, future)
    }
}

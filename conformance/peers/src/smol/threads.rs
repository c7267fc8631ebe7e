//! Two threads that run one `async-executor`, as smol's documentation shows it.

use std::future::Future;
use std::sync::{Arc, Weak};
use std::thread;

use async_executor::Executor as AsyncExecutor;
use executor_conformance::adapter::{Abort, OnHandleDrop, Parallel, Remote, SharedBlockOn, Spawn};
use executor_conformance::{Executor, JoinHandle};
use futures_channel::oneshot::{self, Sender};

use super::spawn_on;

pub(crate) struct Threads {
    executor: Arc<AsyncExecutor<'static>>,
    workers: Vec<Worker>,
}

struct Worker {
    /// Dropping it stops the thread.
    stop: Option<Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Worker {
    fn start(executor: &Arc<AsyncExecutor<'static>>) -> Self {
        let executor = Arc::clone(executor);
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            // It ends with an error, for nobody sends anything.
            let _ = async_io::block_on(executor.run(stopped));
        });
        Self {
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            drop(worker.stop.take());
        }
        for worker in &mut self.workers {
            let thread = worker.thread.take().expect("joined once");
            // A worker that panicked has told so by the hook.
            let _ = thread.join();
        }
    }
}

impl Executor for Threads {
    const NAME: &'static str = "async-executor on 2 threads";
    type Handle = Weak<AsyncExecutor<'static>>;

    fn new() -> Self {
        Self::with_workers(2)
    }

    fn handle(&self) -> Self::Handle {
        Arc::downgrade(&self.executor)
    }

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        async_io::block_on(root)
    }
}

impl Spawn for Threads {
    const ON_HANDLE_DROP: OnHandleDrop = OnHandleDrop::Cancels;

    fn spawn<F>(handle: &Self::Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_on(handle, future)
    }
}

impl Remote for Threads {}

impl Abort for Threads {}

impl Parallel for Threads {
    fn with_workers(workers: usize) -> Self {
        let executor = Arc::new(AsyncExecutor::new());
        let workers = (0..workers).map(|_| Worker::start(&executor));
        Self {
            workers: workers.collect(),
            executor,
        }
    }
}

impl SharedBlockOn for Threads {
    fn block_on_shared<F: Future>(&self, root: F) -> F::Output {
        async_io::block_on(root)
    }
}

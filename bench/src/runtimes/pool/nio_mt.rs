//! nio: a loop with a queue of its own on each thread, and new tasks go to the least loaded.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use nio::{JoinHandle, RuntimeBuilder, RuntimeContext};

use super::{Pool, WORKERS};

/// The runtime of that name.
pub(crate) struct NioMt;

/// It lives as long as the process, and so do its threads.
fn runtime() -> &'static Arc<RuntimeContext> {
    static RUNTIME: OnceLock<Arc<RuntimeContext>> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let runtime = RuntimeBuilder::new().worker_threads(WORKERS as u8).rt();
        runtime.expect("nio cannot build its runtime").context()
    })
}

impl Pool for NioMt {
    type Join<T: Send + 'static> = JoinHandle<T>;
    type Handle = ();

    fn block_on<T>(main: impl Future<Output = T>) -> T {
        Arc::clone(runtime()).enter();
        futures_lite::future::block_on(main)
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        nio::spawn(task)
    }

    fn spawn_from<T: Send + 'static>(
        (): &(),
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        runtime().spawn(task)
    }

    fn spawn_detached(task: impl Future<Output = ()> + Send + 'static) {
        drop(nio::spawn(task));
    }

    fn handle() {}

    fn yield_now() -> impl Future<Output = ()> + Send {
        futures_lite::future::yield_now()
    }
}

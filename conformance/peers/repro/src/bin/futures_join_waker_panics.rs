//! futures-executor 0.3.34: the panic of a joiner's waker hits the executor that ran the task.
//!
//! Rules: futures-executor LocalPool P7
//! Rules: futures-executor ThreadPool P7
//!
//! `Remote::poll` in futures-util (`future/future/remote_handle.rs`) catches the future's panic, then
//! sends the output, and with that calls the waker of who awaits the `RemoteHandle`. Its panic comes
//! out of `LocalPool::run_until`, or ends a thread of a `ThreadPool`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use futures_executor::LocalPool;
use futures_util::task::LocalSpawnExt;

struct PanicsInWake;

impl Wake for PanicsInWake {
    fn wake(self: Arc<Self>) {
        panic!("a waker's panic");
    }
}

fn main() {
    let mut pool = LocalPool::new();
    let task = pool.spawner().spawn_local_with_handle(async {});
    let task = pin!(task.expect("the pool is there"));
    let waker = Waker::from(Arc::new(PanicsInWake));
    assert!(task.poll(&mut Context::from_waker(&waker)).is_pending());
    let ran = catch_unwind(AssertUnwindSafe(|| pool.run_until_stalled()));
    println!("expected: the pool contains the panic of a waker that it was given");
    println!("happened: `run_until_stalled` panicked: {}", ran.is_err());
    std::process::exit(i32::from(ran.is_err()));
}

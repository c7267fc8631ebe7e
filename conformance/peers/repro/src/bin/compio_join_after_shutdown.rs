//! compio 0.19.2: dropping the runtime does not wake who awaits one of its tasks.
//!
//! Rules: compio J17
//!
//! The shutdown marks the task as cancelled and drops its future and the waker of its handle
//! (`Task::drop` in `task/mod.rs` of compio-executor 0.1.4), but does not call that waker. The
//! handle would give `Cancelled` if it were polled again.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Wake, Waker};

use compio::runtime::Runtime;

struct Called(AtomicBool);

impl Wake for Called {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let mut task = pin!(runtime.spawn(pending::<()>()));
    let called = Arc::new(Called(AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&called));
    let polled = task.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending(), "the task never ends");
    drop(runtime);
    let woken = called.0.load(SeqCst);
    println!("expected: who awaits a task is woken when the runtime is dropped");
    println!("happened: it was woken: {woken}");
    std::process::exit(i32::from(!woken));
}

//! compio 0.19.2: the panic of a joiner's waker comes out of `block_on`.
//!
//! Rules: compio P7
//!
//! A task that ends calls the waker of who awaits it (`Task::run` in `task/mod.rs` of
//! compio-executor 0.1.4), and a panic in there unwinds through the executor, past all other tasks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use compio::runtime::Runtime;

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker's panic");
    }
}

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let entered = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let mut task = pin!(compio::runtime::spawn(async {}));
            let waker = Waker::from(Arc::new(Panics));
            let _ = task.as_mut().poll(&mut Context::from_waker(&waker));
            compio::time::sleep(Duration::from_millis(10)).await;
        });
    }));
    println!("expected: a panic in the waker of who awaits a task does not end `block_on`");
    println!("happened: `block_on` panicked: {}", entered.is_err());
    std::process::exit(i32::from(entered.is_err()));
}

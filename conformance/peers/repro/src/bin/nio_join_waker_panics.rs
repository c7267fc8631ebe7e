//! nio 0.1.4: the panic of a joiner's waker comes out of `block_on`.
//!
//! Rules: nio P7
//!
//! A task that ends calls the waker of who awaits it outside of what catches its own panics
//! (`RawTaskVTable::poll` in `task.rs` of nio-task 0.2.0), so the panic unwinds through the event loop.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use nio::RuntimeBuilder;

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker's panic");
    }
}

fn main() {
    let builder = RuntimeBuilder::new().worker_threads(1);
    let mut runtime = builder.build().expect("a runtime");
    let entered = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let mut task = pin!(nio::spawn(async {}));
            let waker = Waker::from(Arc::new(Panics));
            let _ = task.as_mut().poll(&mut Context::from_waker(&waker));
            nio::sleep(Duration::from_millis(10)).await;
        });
    }));
    println!("expected: a panic in the waker of who awaits a task does not end `block_on`");
    println!("happened: `block_on` panicked: {}", entered.is_err());
    std::process::exit(i32::from(entered.is_err()));
}

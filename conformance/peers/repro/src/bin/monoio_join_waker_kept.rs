//! monoio 0.2.4: a handle that was polled and dropped leaves its waker in the task.
//!
//! Rules: monoio J14 J20
//!
//! The waker of who awaited a task stays in the task (`Trailer` in `task/core.rs`) until the task's
//! memory is given back, whether the handle is dropped or the task ends.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use monoio::{LegacyDriver, RuntimeBuilder};

struct Joiner;

impl Wake for Joiner {
    fn wake(self: Arc<Self>) {}
}

fn main() {
    let builder = RuntimeBuilder::<LegacyDriver>::new().enable_timer();
    let mut runtime = builder.build().expect("a runtime");
    let joiner = Arc::new(Joiner);
    let kept = runtime.block_on(async {
        {
            let mut task = pin!(monoio::spawn(monoio::time::sleep(Duration::from_secs(60))));
            let waker = Waker::from(Arc::clone(&joiner));
            let polled = task.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(polled.is_pending(), "the task takes a minute");
        }
        monoio::time::sleep(Duration::from_millis(10)).await;
        Arc::strong_count(&joiner) - 1
    });
    println!("expected: a handle that is gone has left no waker behind");
    println!("happened: the task holds {kept}");
    std::process::exit(i32::from(kept != 0));
}

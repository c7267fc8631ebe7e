//! glommio 0.9.0: a handle that was polled and dropped leaves its waker in the task.
//!
//! Rules: glommio J14
//!
//! Dropping the `JoinHandle` clears a flag only (`task/join_handle.rs`); the waker, and all that it
//! holds, stay until the task ends.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use glommio::LocalExecutor;

struct Joiner;

impl Wake for Joiner {
    fn wake(self: Arc<Self>) {}
}

fn main() {
    let executor = LocalExecutor::default();
    let joiner = Arc::new(Joiner);
    let kept = executor.run(async {
        {
            let mut task = pin!(glommio::spawn_local(pending::<()>()).detach());
            let waker = Waker::from(Arc::clone(&joiner));
            let polled = task.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(polled.is_pending(), "the task never ends");
        }
        glommio::yield_if_needed().await;
        Arc::strong_count(&joiner) - 1
    });
    println!("expected: a handle that is gone has left no waker behind");
    println!("happened: the task holds {kept}");
    std::process::exit(i32::from(kept != 0));
}

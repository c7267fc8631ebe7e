//! Giving way to other tasks.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Gives way once: the task goes back to the policy, and others may run first.
///
/// # Cancel safety
///
/// Dropping it has no effect.
///
/// ```
/// # let runtime = executor_core::Runtime::without_io(executor_core::Fifo::new());
/// # runtime.block_on(async {
/// for _chunk in 0..3 {
///     // ... compute for a while ...
///     executor_core::task::yield_now().await;
/// }
/// # });
/// ```
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// The future of [`yield_now`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

//! The cooperative budget: a task whose I/O is always ready still yields.

use std::task::{Context, Poll};

use crate::context;

/// Takes one operation from the running task's budget.
///
/// Leaf futures that can complete again and again without waiting (reading a socket that always
/// has data, say) call it before each attempt. When the budget of this poll is used up, it wakes
/// the task and returns `Pending`, which the leaf future returns in turn: the task gives way and
/// gets a new budget with its next poll. A task has 128 operations a poll, and
/// so has the future given to `block_on`. Where neither is polled the budget is unlimited.
///
/// ```
/// use std::future::poll_fn;
/// use std::task::Poll;
///
/// # let runtime = executor_core::Runtime::without_io(executor_core::Fifo::new());
/// let granted = runtime.block_on(async {
///     executor_core::spawn(poll_fn(|cx| {
///         let granted = (0..1000).filter(|_| executor_core::coop::poll_proceed(cx).is_ready());
///         Poll::Ready(granted.count())
///     }))
///     .await
///     .unwrap()
/// });
/// assert_eq!(granted, 128);
/// ```
pub fn poll_proceed(cx: &mut Context<'_>) -> Poll<()> {
    if context::spend() {
        return Poll::Ready(());
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

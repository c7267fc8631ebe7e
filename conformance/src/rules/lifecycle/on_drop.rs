//! Code of the user's that runs in a drop.

use std::future::{Future, poll_fn};
use std::task::{Context, Poll};

/// Runs a closure when it is dropped.
pub(in crate::rules) struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> OnDrop<F> {
    pub(in crate::rules) fn new(run: F) -> Self {
        Self(Some(run))
    }
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(|run| run());
    }
}

/// A future that polls by `poll`, and runs `on_drop` when the executor drops it.
///
/// The locals of an `async` block would be dropped before it is ready, inside of the poll.
pub(in crate::rules) fn with_drop<T>(
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    on_drop: impl FnOnce(),
) -> impl Future<Output = T> {
    let on_drop = OnDrop::new(on_drop);
    poll_fn(move |cx| {
        let _kept = &on_drop;
        poll(cx)
    })
}

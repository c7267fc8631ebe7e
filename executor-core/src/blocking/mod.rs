//! Threads for closures that block.

mod pool;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

pub(crate) use pool::BlockingPool;

/// A closure as a future: its one poll runs it to the end.
pub(crate) struct BlockingJob<F>(Option<F>);

impl<F> BlockingJob<F> {
    pub(crate) fn new(f: F) -> Self {
        Self(Some(f))
    }
}

// The closure is moved out and called, never pinned.
impl<F> Unpin for BlockingJob<F> {}

impl<F, T> Future for BlockingJob<F>
where
    F: FnOnce() -> T,
{
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        let f = self.0.take().expect("a closure is run once");
        Poll::Ready(f())
    }
}

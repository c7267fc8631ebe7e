//! Telling what happens inside a call of `wake` from what happens because of it.

use crate::lock::lock;
use std::cell::Cell;
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

thread_local! {
    static WAKING: Cell<usize> = const { Cell::new(0) };
}

/// Calls `wake`, whose calls of wakers are watched on this thread.
pub(crate) fn waking<T>(wake: impl FnOnce() -> T) -> T {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            WAKING.with(|depth| depth.set(depth.get() - 1));
        }
    }
    WAKING.with(|depth| depth.set(depth.get() + 1));
    let _leave = Leave;
    wake()
}

/// What happened to futures inside a watched call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inline(Arc<Mutex<Vec<String>>>);

impl Inline {
    /// A future that reports here if it is polled or dropped inside a watched call.
    pub(crate) fn future<F>(&self, what: impl Display, future: F) -> InlineFuture<F> {
        InlineFuture {
            future: Box::pin(future),
            what: what.to_string(),
            found: self.clone(),
        }
    }

    /// What was found so far, as one line.
    pub(crate) fn found(&self) -> Option<String> {
        let found = lock(&self.0);
        (!found.is_empty()).then(|| found.join("; "))
    }

    fn report(&self, verb: &str, what: &str) {
        if WAKING.with(Cell::get) > 0 {
            let mut found = lock(&self.0);
            found.push(format!("{what} was {verb}"));
        }
    }
}

/// A future that knows whether it is inside a watched call; made by [`Inline::future`].
pub(crate) struct InlineFuture<F> {
    future: Pin<Box<F>>,
    what: String,
    found: Inline,
}

impl<F: Future> Future for InlineFuture<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.found.report("polled", &self.what);
        self.future.as_mut().poll(cx)
    }
}

impl<F> Drop for InlineFuture<F> {
    fn drop(&mut self) {
        self.found.report("dropped", &self.what);
    }
}

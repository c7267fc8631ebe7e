//! A future that tells when, how often and where it was dropped.

use crate::lock::lock;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread::{self, ThreadId};

/// Wraps `future` so that its drop is recorded.
///
/// The record is made by the drop of the wrapper itself. An `async` block drops its locals before
/// it returns `Ready`, so that a sentinel among them proves nothing about the executor.
pub fn sentinel<F>(future: F) -> (Sentinel<F>, Drops) {
    let drops = Drops::default();
    let sentinel = Sentinel {
        future: Box::pin(future),
        drops: drops.clone(),
    };
    (sentinel, drops)
}

/// A future whose drop is recorded; made by [`sentinel`].
#[derive(Debug)]
pub struct Sentinel<F> {
    future: Pin<Box<F>>,
    drops: Drops,
}

impl<F: Future> Future for Sentinel<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.future.as_mut().poll(cx)
    }
}

impl<F> Drop for Sentinel<F> {
    fn drop(&mut self) {
        self.drops.record();
    }
}

/// The drops of one or more values, in order.
#[derive(Clone, Debug, Default)]
pub struct Drops(Arc<Mutex<Vec<ThreadId>>>);

impl Drops {
    /// A value of no other use whose drop is recorded here.
    pub fn token(&self) -> DropToken {
        DropToken(self.clone())
    }

    /// How many drops there were.
    pub fn count(&self) -> usize {
        self.threads().len()
    }

    /// The threads on which they happened.
    pub fn threads(&self) -> Vec<ThreadId> {
        lock(&self.0).clone()
    }

    fn record(&self) {
        let mut drops = lock(&self.0);
        drops.push(thread::current().id());
    }
}

/// A value whose drop is recorded; made by [`Drops::token`].
#[derive(Debug)]
pub struct DropToken(Drops);

impl Drop for DropToken {
    fn drop(&mut self) {
        self.0.record();
    }
}

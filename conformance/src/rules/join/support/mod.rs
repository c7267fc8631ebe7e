//! Instruments of the rules about handles and panics.
//!
//! What they have in common: whatever they see happen they tell at once, so that a root waits for
//! it as it would for anything else, and an executor of any order gets to run what it has.

mod aside;
mod patience;
mod raising;
mod seen;

pub(in crate::rules) use aside::{Aim, Answer, Aside, StartLine, spin};
pub(in crate::rules) use patience::{block_on, briefly, in_time, patiently, races};
pub(in crate::rules) use raising::{Bomb, contained, is_expected, persist, raise};
pub(in crate::rules) use seen::{Seen, Tally, Token, probe};

use std::fmt::Display;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use self::seen::News;
use crate::adapter::Spawn;
use crate::devices::gate;
use crate::lock::lock;
use crate::{JoinError, JoinHandle};

/// What a handle gives.
pub(in crate::rules) type Outcome<T> = Result<T, JoinError>;

/// A place to hand a value over by, to another task or thread.
pub(in crate::rules) struct Slot<T>(Arc<(Mutex<Option<T>>, News)>);

impl<T> Slot<T> {
    pub(in crate::rules) fn new() -> Self {
        Self(Arc::new((Mutex::new(None), News::default())))
    }

    pub(in crate::rules) fn put(&self, value: T) {
        let former = lock(&self.0.0).replace(value);
        // Outside the lock: it may be a handle, whose drop is the executor's code.
        drop(former);
        self.0.1.tell();
    }

    pub(in crate::rules) fn take(&self) -> Option<T> {
        lock(&self.0.0).take()
    }

    /// Waits until there is a value, for ever.
    pub(in crate::rules) async fn filled(&self) {
        self.0.1.heard(|| lock(&self.0.0).is_some()).await;
    }

    /// Waits for the value, and fails with `what` where it takes too long.
    pub(in crate::rules) async fn handed(&self, what: impl Display) -> T {
        in_time(what, self.filled()).await;
        self.take().expect("each value is waited for once")
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Polls a handle once, with a waker of the rule's.
pub(in crate::rules) fn poll_with<T: 'static>(
    handle: &mut JoinHandle<T>,
    waker: &Waker,
) -> Poll<Outcome<T>> {
    Pin::new(handle).poll(&mut Context::from_waker(waker))
}

/// A task that has ended, with its handle unjoined.
pub(in crate::rules) async fn ended<E: Spawn, T: Send + 'static>(
    handle: &E::Handle,
    output: T,
) -> JoinHandle<T> {
    let (gate, opener) = gate();
    let (probe, seen) = probe(async move {
        gate.await;
        output
    });
    let mut task = E::spawn(handle, probe);
    let woken = Tally::new();
    let polled = poll_with(&mut task, &woken.waker());
    assert!(polled.is_pending(), "the handle of a waiting task is ready");
    opener.open();
    seen.dropped("a task that was woken never ends").await;
    let what = "a task ended, and the waker with which its handle was polled is never woken";
    woken.reach(1, what).await;
    task
}

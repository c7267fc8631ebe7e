//! Futures that note on which threads they are polled and dropped.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll};
use std::thread::{self, ThreadId};

use crate::JoinHandle;
use crate::adapter::SpawnLocal;
use crate::devices::Opener;
use crate::rules::wakers::kit::{Bell, park_future};

/// The thread to which futures belong, and what happened to them there and elsewhere.
#[derive(Clone)]
pub(super) struct Home(Arc<Notes>);

struct Notes {
    owner: ThreadId,
    made: AtomicUsize,
    dropped: AtomicUsize,
    polled_elsewhere: AtomicUsize,
    dropped_elsewhere: AtomicUsize,
}

impl Home {
    /// This thread.
    pub(super) fn here() -> Self {
        Self(Arc::new(Notes {
            owner: thread::current().id(),
            made: AtomicUsize::new(0),
            dropped: AtomicUsize::new(0),
            polled_elsewhere: AtomicUsize::new(0),
            dropped_elsewhere: AtomicUsize::new(0),
        }))
    }

    /// A future that belongs here.
    pub(super) fn future<F: Future>(&self, future: F) -> AtHome<F> {
        self.0.made.fetch_add(1, SeqCst);
        AtHome {
            future: Box::pin(future),
            home: self.clone(),
            _not_send: Rc::new(()),
        }
    }

    /// Fails if a future was polled or dropped on another thread.
    pub(super) fn judge(&self, when: &str) {
        let (polled, dropped) = (&self.0.polled_elsewhere, &self.0.dropped_elsewhere);
        let polled = polled.load(SeqCst);
        assert_eq!(
            polled, 0,
            "local futures were polled on another thread: {when}"
        );
        let dropped = dropped.load(SeqCst);
        assert!(
            dropped == 0,
            "local futures were dropped on another thread: {when}"
        );
    }

    /// How many futures have not been dropped; negative if some were dropped twice.
    pub(super) fn left(&self) -> isize {
        self.0.made.load(SeqCst) as isize - self.0.dropped.load(SeqCst) as isize
    }

    fn is_elsewhere(&self) -> bool {
        thread::current().id() != self.0.owner
    }
}

/// A future that is not `Send`; made by [`Home::future`].
pub(super) struct AtHome<F> {
    future: Pin<Box<F>>,
    home: Home,
    _not_send: Rc<()>,
}

impl<F: Future> Future for AtHome<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if self.home.is_elsewhere() {
            self.home.0.polled_elsewhere.fetch_add(1, SeqCst);
        }
        self.future.as_mut().poll(cx)
    }
}

impl<F> Drop for AtHome<F> {
    fn drop(&mut self) {
        self.home.0.dropped.fetch_add(1, SeqCst);
        if self.home.is_elsewhere() {
            self.home.0.dropped_elsewhere.fetch_add(1, SeqCst);
        }
    }
}

/// A local task that waits at a gate.
pub(super) struct LocalParked {
    pub(super) handle: JoinHandle<()>,
    pub(super) gate: Opener,
}

/// Spawns a local task, and waits until it waits at its gate.
pub(super) async fn park_local<E: SpawnLocal>(handle: &E::Handle, home: &Home) -> LocalParked {
    let waits = Bell::default();
    let (parking, gate) = park_future(&waits);
    let task = E::spawn_local(handle, home.future(parking));
    waits.heard(1).await;
    LocalParked { handle: task, gate }
}

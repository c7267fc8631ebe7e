//! The future given to `block_on`, and its waker.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::task::{Context, Poll, Wake, Waker};

use crate::context;
use crate::runtime::Core;
use crate::task::root_scope;

/// The future that the loop is turned for.
pub(super) struct Root<'a, F: Future> {
    future: Pin<&'a mut F>,
    waker: Waker,
    output: Option<F::Output>,
}

impl<'a, F: Future> Root<'a, F> {
    pub(super) fn new(future: Pin<&'a mut F>, waker: &Arc<RootWaker>) -> Self {
        waker.here.store(true, Relaxed);
        Self {
            future,
            waker: Waker::from(Arc::clone(waker)),
            output: None,
        }
    }

    /// Polls the future; `true` when it has ended.
    pub(super) fn poll(&mut self) -> bool {
        let mut cx = Context::from_waker(&self.waker);
        let polled = root_scope(|| self.future.as_mut().poll(&mut cx));
        if let Poll::Ready(output) = polled {
            self.output = Some(output);
        }
        self.output.is_some()
    }

    pub(super) fn take_output(&mut self) -> Option<F::Output> {
        self.output.take()
    }
}

/// Wakes the root: on the loop's own thread it sets a flag and unparks nobody.
pub(super) struct RootWaker {
    /// By the loop's own thread.
    here: AtomicBool,
    /// By the others.
    away: AtomicBool,
    core: Arc<Core>,
}

impl RootWaker {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self {
            here: AtomicBool::new(false),
            away: AtomicBool::new(false),
            core,
        }
    }

    pub(super) fn is_woken(&self) -> bool {
        // Relaxed: `take_woken` comes before the poll. A notification has come before the loop
        // relies on a flag that is not set.
        self.here.load(Relaxed) || self.away.load(Relaxed)
    }

    /// Takes the flags back; a wake that comes later is for the next poll.
    pub(super) fn take_woken(&self) -> bool {
        // Relaxed: one thread writes and reads it.
        let here = self.here.load(Relaxed);
        if here {
            self.here.store(false, Relaxed);
        }
        // The look spares the exchange where nothing happened. Acquire pairs with the Release in
        // `wake_by_ref`, of all who woke since the last time.
        let away = self.away.load(Relaxed) && self.away.swap(false, Acquire);
        here || away
    }
}

impl Wake for RootWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let here = context::with_local(|local| local.is_some_and(|local| local.is_of(&self.core)));
        if here {
            return self.here.store(true, Relaxed);
        }
        // An exchange also where the flag is set: a store would hide what an earlier waker did
        // from the Acquire in `take_woken`. It comes before the unpark, so the loop sees the flag
        // when it wakes.
        self.away.swap(true, Release);
        self.core.unpark();
    }
}

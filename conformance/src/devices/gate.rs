//! A leaf future that completes only by a wake.

use crate::lock::lock;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// A gated leaf and what opens it.
///
/// The leaf is ready when its gate is open, however often it is polled before: a leaf that would
/// complete on its second poll could not tell a wake from a busy loop.
pub fn gate() -> (Gate, Opener) {
    let state = Arc::new(Mutex::new(State::default()));
    (Gate(Arc::clone(&state)), Opener(state))
}

#[derive(Debug, Default)]
struct State {
    open: bool,
    polls: usize,
    waker: Option<Waker>,
}

/// A future that is ready once its [`Opener`] has opened it; made by [`gate`].
#[derive(Debug)]
pub struct Gate(Arc<Mutex<State>>);

/// Opens a [`Gate`] and tells how often that was polled.
#[derive(Clone, Debug)]
pub struct Opener(Arc<Mutex<State>>);

impl Future for Gate {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.0);
        state.polls += 1;
        if state.open {
            return Poll::Ready(());
        }
        let former = state.waker.replace(cx.waker().clone());
        drop(state);
        // Outside the lock: dropping a waker may run code of the executor.
        drop(former);
        Poll::Pending
    }
}

impl Opener {
    /// Opens the gate and wakes whoever waits at it; says whether somebody did.
    pub fn open(&self) -> bool {
        let waker = {
            let mut state = lock(&self.0);
            state.open = true;
            state.waker.take()
        };
        waker.map(Waker::wake).is_some()
    }

    /// How often the gate was polled.
    pub fn polls(&self) -> usize {
        lock(&self.0).polls
    }

    /// Whether somebody waits at the gate.
    pub fn is_awaited(&self) -> bool {
        lock(&self.0).waker.is_some()
    }

    /// Takes the waker that waits at the gate; the rule will call it, or not.
    pub fn take_waker(&self) -> Option<Waker> {
        lock(&self.0).waker.take()
    }
}

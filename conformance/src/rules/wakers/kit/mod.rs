//! What the rules about wakers, `block_on` and local tasks have in common.

mod at_exit;
mod bell;
mod inline;
mod memory;
mod parked;
mod patient;
mod storm;

use std::any::Any;
use std::future::{Future, poll_fn};
use std::hint;
use std::task::{Poll, Waker};
use std::thread::JoinHandle;

pub(crate) use at_exit::{Slot, at_exit};
pub(crate) use bell::Bell;
pub(crate) use inline::{Inline, waking};
pub(crate) use memory::{grows, leaks_anyway};
pub(crate) use parked::{Parked, park, park_future, park_one};
pub(crate) use patient::Patient;
pub(crate) use storm::{Storm, linger};

/// The waker of the task that awaits this.
pub(crate) fn own_waker() -> impl Future<Output = Waker> {
    poll_fn(|cx| Poll::Ready(cx.waker().clone()))
}

/// Polls `future` once, as the task that awaits this; says whether it was ready.
pub(crate) async fn poll_as_task<F: Future + Unpin>(future: &mut F) -> bool {
    poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx).is_ready())).await
}

/// Wakes by value, and keeps the waker.
pub(crate) fn wake_a_clone(waker: &Waker) {
    let clone = waker.clone();
    clone.wake();
}

/// What a panic said.
pub(crate) fn said(payload: &(dyn Any + Send)) -> &str {
    crate::harness::message(payload).unwrap_or("a panic without a message")
}

/// What a thread that uses wakers gives, when it has ended.
///
/// # Panics
///
/// If it panicked, with what that said.
pub(crate) fn joined<T>(thread: JoinHandle<T>) -> T {
    thread.join().unwrap_or_else(|payload| {
        panic!(
            "an operation of another thread panicked: {}",
            said(payload.as_ref())
        )
    })
}

/// Lets about `steps` steps of a spinning processor pass.
pub(crate) fn spin(steps: usize) {
    for _ in 0..steps {
        hint::spin_loop();
    }
}

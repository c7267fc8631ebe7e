//! Progress of an executor, counted in tasks that it has run.

use std::future::poll_fn;
use std::mem;
use std::task::Poll;

use crate::adapter::Spawn;

/// Waits until the executor has run a task that is spawned now.
///
/// A rule that must let an executor go on does this a number of times, and never sleeps: on an
/// executor that is fair, whatever was ready before the turn has been polled after a few.
pub async fn turn<E: Spawn>(handle: &E::Handle) {
    let joined = E::spawn(handle, async {}).await;
    assert!(joined.is_ok(), "an empty task gave no output: {joined:?}");
}

/// Waits for `count` turns, one after the other.
pub async fn turns<E: Spawn>(handle: &E::Handle, count: usize) {
    for _ in 0..count {
        turn::<E>(handle).await;
    }
}

/// Wakes the task that awaits it, and is ready when that is polled again.
pub async fn yield_once() {
    let mut yielded = false;
    poll_fn(|cx| {
        if mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

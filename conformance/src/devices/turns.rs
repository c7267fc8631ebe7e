//! Progress of an executor, counted in tasks that it has run.

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

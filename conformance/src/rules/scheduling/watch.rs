//! Finding out that nothing will come, with a message that says what.

use crate::lock::lock;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::thread;
use std::time::Duration;

/// How long nothing happens before it is taken that nothing will: far longer than a machine that
/// is busy with other things keeps a thread waiting.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);
/// It is counted in steps, so that a machine that pauses is not taken for one where nothing happens.
const STEP: Duration = Duration::from_millis(10);

/// Gives what `future` gives; fails the rule with `failure` when `progress` has stayed the same for
/// as long as `patience`.
///
/// A thread watches, which needs nothing of the executor but that the root can be woken. If that
/// does not work either, the time limit of the rule remains.
pub(crate) async fn watch<F: Future>(
    patience: Duration,
    progress: impl Fn() -> usize + Send + 'static,
    failure: impl Fn() -> String,
    future: F,
) -> F::Output {
    let alarm = Arc::new(Mutex::new(Alarm::default()));
    let (_ended, has_ended) = mpsc::channel();
    let watching = Arc::clone(&alarm);
    thread::spawn(move || {
        if stays_the_same(patience, &progress, &has_ended) {
            raise(&watching);
        }
    });
    let mut future = pin!(future);
    poll_fn(|cx| {
        {
            let mut alarm = lock(&alarm);
            // Looked at first: a future may well be ready now that the alarm has had it polled.
            assert!(!alarm.raised, "{}", failure());
            alarm.root = Some(cx.waker().clone());
        }
        future.as_mut().poll(cx)
    })
    .await
}

#[derive(Default)]
struct Alarm {
    raised: bool,
    root: Option<Waker>,
}

fn raise(alarm: &Mutex<Alarm>) {
    let root = {
        let mut alarm = lock(alarm);
        alarm.raised = true;
        alarm.root.take()
    };
    if let Some(root) = root {
        root.wake();
    }
}

/// Whether `progress` stayed the same for `patience`; not if the future ended.
fn stays_the_same(
    patience: Duration,
    progress: &impl Fn() -> usize,
    has_ended: &Receiver<()>,
) -> bool {
    let (mut seen, mut waited) = (progress(), Duration::ZERO);
    while waited < patience {
        if has_ended.recv_timeout(STEP) == Err(RecvTimeoutError::Disconnected) {
            return false;
        }
        waited += STEP;
        let now = progress();
        if now != seen {
            (seen, waited) = (now, Duration::ZERO);
        }
    }
    true
}

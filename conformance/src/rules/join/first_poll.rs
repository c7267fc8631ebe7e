//! Cancelling before the first poll.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Condvar, Mutex};
use std::task::Poll;
use std::thread::{self, ThreadId};

use super::cancel::{UNRESOLVED, assert_cancelled};
use super::support::{patiently, probe};
use crate::Case;
use crate::adapter::Abort;
use crate::devices::poll_once;
use crate::lock::lock;

/// J8: a task that is cancelled before its first poll is never polled.
pub fn j08_must_not_poll_what_was_cancelled_first<E: Abort>(_: &Case) {
    const TASKS: usize = 1_000;
    let mut executor = E::new();
    let handle = executor.handle();
    let late = Arc::new(Mutex::new(Vec::new()));
    executor.block_on(async {
        let root = thread::current().id();
        let hold = Arc::new(Hold::default());
        let release = Release(Arc::clone(&hold));
        let mut tasks = Vec::new();
        for _ in 0..TASKS {
            let cancelled = Arc::new(AtomicBool::new(false));
            let watched = watch(root, Arc::clone(&cancelled), Arc::clone(&late), &hold);
            let (probe, seen) = probe(watched);
            tasks.push((E::spawn(&handle, probe), seen, cancelled));
        }
        let mut early = Vec::new();
        for (task, _, cancelled) in &mut tasks {
            task.abort();
            // Some executors' cancelling begins when the handle is awaited.
            early.push(poll_once(task));
            cancelled.store(true, SeqCst);
        }
        drop(release);
        let joining = async {
            for ((task, seen, _), early) in tasks.into_iter().zip(early) {
                let outcome = match early {
                    Poll::Ready(outcome) => outcome,
                    Poll::Pending => task.await,
                };
                assert_cancelled(outcome, "a new task was cancelled");
                let drops = seen.drops();
                assert_eq!(drops, 1, "a new task was cancelled; drops of its future");
            }
        };
        let joined = patiently(joining).await;
        check_late_polls(&lock(&late), root);
        assert!(joined.is_some(), "{UNRESOLVED}");
    });
}

/// A future that notes on which threads it is polled after it was cancelled.
///
/// The executor's other threads stay in its poll until all tasks were cancelled.
fn watch(
    root: ThreadId,
    cancelled: Arc<AtomicBool>,
    late: Arc<Mutex<Vec<ThreadId>>>,
    hold: &Arc<Hold>,
) -> impl Future<Output = ()> + Send + use<> {
    let hold = Arc::clone(hold);
    poll_fn(move |_| {
        let thread = thread::current().id();
        if cancelled.load(SeqCst) {
            lock(&late).push(thread);
        }
        if thread != root {
            hold.wait();
        }
        Poll::Pending
    })
}

/// On each thread but the root's one task may have been on its way to its poll.
fn check_late_polls(late: &[ThreadId], root: ThreadId) {
    let mut by_thread = HashMap::new();
    for &thread in late {
        *by_thread.entry(thread).or_insert(0) += 1;
    }
    for (thread, polls) in by_thread {
        let excused = usize::from(thread != root);
        assert!(
            polls <= excused,
            "{polls} tasks were polled on one thread, for the first time, after they had been \
             cancelled"
        );
    }
}

/// Holds threads back until it is released.
#[derive(Default)]
struct Hold(Mutex<bool>, Condvar);

impl Hold {
    fn wait(&self) {
        let released = lock(&self.0);
        drop(self.1.wait_while(released, |released| !*released));
    }
}

/// Releases a [`Hold`] when it is dropped, also by a panic.
struct Release(Arc<Hold>);

impl Drop for Release {
    fn drop(&mut self) {
        *lock(&self.0.0) = true;
        self.0.1.notify_all();
    }
}

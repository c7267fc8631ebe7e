//! A loop that turns a watched policy.

use std::future::{Future, poll_fn};
use std::mem;
use std::panic::panic_any;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use executor_core::task::GroupId;
use executor_core::{JoinHandle, Runtime, TaskOptions};

use super::{Log, MakePolicy, Watch};
use crate::devices::{DropToken, Drops};

/// A runtime on a watched policy.
///
/// It is not dropped while a rule fails: a runtime waits for the tasks that its policy has lost.
pub(super) struct Rig<M: MakePolicy> {
    runtime: Option<Runtime<Watch<M::Policy>>>,
    log: Log,
}

impl<M: MakePolicy> Rig<M> {
    pub(super) fn new() -> Self {
        Self::with_batch(u32::MAX)
    }

    /// Whose batches end after so many polls.
    pub(super) fn with_batch(polls: u32) -> Self {
        let watch = Watch::new(M::make()).batch(polls);
        let log = watch.log();
        Self {
            runtime: Some(Runtime::without_io(watch)),
            log,
        }
    }

    pub(super) fn runtime(&self) -> &Runtime<Watch<M::Policy>> {
        self.runtime
            .as_ref()
            .expect("it is there until it is closed")
    }

    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    /// Runs `future`, and fails if the policy was at fault meanwhile.
    pub(super) fn block_on<F: Future>(&self, future: F) -> F::Output {
        let output = self.runtime().block_on(future);
        if let Some(fault) = self.log.fault() {
            panic_any(fault);
        }
        output
    }

    /// Drops the runtime, with nothing in it, and fails if the policy was at fault at any time.
    pub(super) fn close(self) {
        if let Err(reason) = self.close_with::<()>(&[], &Drops::default()) {
            panic_any(reason);
        }
    }

    /// Drops the runtime; the reason if the policy was at fault at any time, or one of `tasks`,
    /// whose futures' drops are noted in `drops`, was not let go.
    pub(super) fn close_with<T>(
        mut self,
        tasks: &[JoinHandle<T>],
        drops: &Drops,
    ) -> Result<(), String> {
        let dropped = self.runtime().policy_faults();
        self.runtime = None;
        self.log.fault().map_or(Ok(()), Err)?;
        all_let_go(tasks, drops)?;
        self.log.miscount().map_or(Ok(()), Err)?;
        match dropped {
            0 => Ok(()),
            _ => Err(format!("the policy dropped {dropped} `Ready`s")),
        }
    }
}

impl<M: MakePolicy> Drop for Rig<M> {
    fn drop(&mut self) {
        if thread::panicking() {
            mem::forget(self.runtime.take());
        }
    }
}

/// Options that vary with `number`, in all that policies may look at.
pub(super) fn options(number: usize) -> TaskOptions {
    let plain = TaskOptions::new();
    // Of every range both ends are reached.
    match number % 6 {
        0 => plain,
        1 => plain.priority([0, 1, 7, 8, 127, 128, 255][number % 7]),
        2 => plain.weight([1, 2, 1000, u32::MAX][number % 4]),
        3 => plain.group(GroupId([0, 1, 6, u32::MAX][number % 4])),
        4 => plain.deadline(Instant::now() + Duration::from_micros(number as u64)),
        _ => plain
            .name("with a name")
            .priority(7)
            .weight(3)
            .group(GroupId(5)),
    }
}

/// Waits for tasks that neither panic nor are cancelled.
pub(super) async fn join_all<T>(tasks: Vec<JoinHandle<T>>) {
    for task in tasks {
        let joined = task.await;
        assert!(
            joined.is_ok(),
            "a task was not run to its end: {:?}",
            joined.err()
        );
    }
}

/// Lets the loop go round once, without a task.
pub(super) async fn yield_root() {
    let mut polled = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut polled, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A future whose drop is noted in `drops`; the drops of several are noted in one place.
pub(super) fn recorded<F: Future>(future: F, drops: &Drops) -> Recorded<F> {
    Recorded {
        future: Box::pin(future),
        _token: drops.token(),
    }
}

/// Made by [`recorded`].
pub(super) struct Recorded<F> {
    future: Pin<Box<F>>,
    _token: DropToken,
}

impl<F: Future> Future for Recorded<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.future.as_mut().poll(cx)
    }
}

/// Whether all futures were dropped, here, and all handles know it.
fn all_let_go<T>(tasks: &[JoinHandle<T>], drops: &Drops) -> Result<(), String> {
    let (all, dropped) = (tasks.len(), drops.count());
    if dropped != all {
        return Err(format!(
            "{dropped} of {all} futures were dropped when their runtime was: the policy has \
             leaked tasks, or keeps them elsewhere"
        ));
    }
    let here = thread::current().id();
    if drops.threads().iter().any(|thread| *thread != here) {
        return Err("a future was dropped on another thread than its loop's".to_owned());
    }
    match tasks.iter().filter(|task| !task.is_finished()).count() {
        0 => Ok(()),
        open => Err(format!("{open} of {all} handles never resolve")),
    }
}

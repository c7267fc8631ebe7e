//! Sleeps by the number, each with a waker of its own.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use crate::devices::yield_once;
use crate::lock::lock;
use crate::rules::scheduling::{PATIENCE, watch};

/// Deadlines so far apart are told apart by every executor, however coarse its ticks.
pub(super) const APART: Duration = Duration::from_millis(10);
/// How many sleeps are polled before others get their turn: budgets for a poll must not run out.
const BATCH: usize = 50;

/// Gives what `future` gives, which ends within `longest`; fails the rule if it is far overdue.
pub(super) async fn in_time<F: Future>(longest: Duration, what: &str, future: F) -> F::Output {
    let failure = || format!("{what} had not ended {PATIENCE:?} after its time");
    watch(longest + PATIENCE, || 0, failure, future).await
}

/// Sleeps that are polled when their own waker was called, and only then.
///
/// No deadline of theirs is missed by the luck of another one's wake, and the order in which they
/// are woken is known. That none ends early is checked throughout.
pub(super) struct Alarms<S> {
    alarms: Vec<Alarm<S>>,
    calls: Arc<Mutex<Calls>>,
    /// How many calls have been followed up.
    seen: usize,
    /// How many sleeps have not ended.
    left: usize,
}

struct Alarm<S> {
    added: Instant,
    deadline: Instant,
    sleep: Option<Pin<Box<S>>>,
    waker: Waker,
}

#[derive(Default)]
struct Calls {
    /// Who was called, and when.
    log: Vec<(usize, Instant)>,
    root: Option<Waker>,
}

/// Calls on behalf of one sleep.
struct Bell {
    index: usize,
    calls: Arc<Mutex<Calls>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let root = {
            let mut calls = lock(&self.calls);
            calls.log.push((self.index, Instant::now()));
            calls.root.take()
        };
        if let Some(root) = root {
            root.wake();
        }
    }
}

impl<S: Future<Output = ()>> Alarms<S> {
    pub(super) fn new() -> Self {
        Self {
            alarms: Vec::new(),
            calls: Arc::default(),
            seen: 0,
            left: 0,
        }
    }

    /// Adds a sleep till `deadline` and polls it; gives its index.
    pub(super) fn add(&mut self, deadline: Instant, sleep: S) -> usize {
        self.add_pinned(deadline, Box::pin(sleep))
    }

    /// As [`add`](Self::add), for a sleep that may have been polled.
    pub(super) fn add_pinned(&mut self, deadline: Instant, sleep: Pin<Box<S>>) -> usize {
        let index = self.alarms.len();
        let waker = Waker::from(Arc::new(Bell {
            index,
            calls: Arc::clone(&self.calls),
        }));
        self.alarms.push(Alarm {
            added: Instant::now(),
            deadline,
            sleep: Some(sleep),
            waker,
        });
        self.left += 1;
        self.poll(index);
        index
    }

    /// Polls a sleep with another waker, and then with its own again.
    pub(super) fn disturb(&mut self, index: usize, other: &Waker) {
        if let Some(sleep) = &mut self.alarms[index].sleep {
            if sleep
                .as_mut()
                .poll(&mut Context::from_waker(other))
                .is_ready()
            {
                self.end(index);
            }
        }
        self.poll(index);
    }

    /// Gives a sleep that has not ended another deadline, by `reset`, and does not poll it.
    pub(super) fn move_to(
        &mut self,
        index: usize,
        deadline: Instant,
        reset: impl FnOnce(Pin<&mut S>, Instant),
    ) {
        let alarm = &mut self.alarms[index];
        if let Some(sleep) = &mut alarm.sleep {
            alarm.deadline = deadline;
            reset(sleep.as_mut(), deadline);
        }
    }

    /// Drops a sleep.
    pub(super) fn cancel(&mut self, index: usize) {
        if self.alarms[index].sleep.take().is_some() {
            self.left -= 1;
        }
    }

    /// Lets those be polled again that were called already: on an executor that bounds how much is
    /// done in one poll, not all that are added in one can be registered.
    pub(super) async fn settle(&mut self) {
        for _ in 0..=self.alarms.len() / BATCH {
            // Whether more were called is not waited for.
            let _ = poll_fn(|cx| Poll::Ready(self.ring(cx))).await;
            yield_once().await;
        }
    }

    /// Waits until all have ended; fails the rule if one is far overdue.
    pub(super) async fn all(&mut self, what: &str) {
        let deadlines = self.alarms.iter().map(|alarm| alarm.deadline);
        let last = deadlines.max().unwrap_or_else(Instant::now);
        let longest = last.saturating_duration_since(Instant::now());
        let calls = Arc::clone(&self.calls);
        let progress = move || lock(&calls).log.len();
        let failure = || format!("{what}: one was not woken within {PATIENCE:?} after its time");
        let ringing = poll_fn(|cx| self.ring(cx));
        watch(longest + PATIENCE, progress, failure, ringing).await;
    }

    /// Polls a batch of those that were called.
    fn ring(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        lock(&self.calls).root = Some(cx.waker().clone());
        for _ in 0..BATCH {
            let next = lock(&self.calls).log.get(self.seen).copied();
            let Some((index, _)) = next else {
                return if self.left > 0 {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                };
            };
            self.seen += 1;
            self.poll(index);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll(&mut self, index: usize) {
        let alarm = &mut self.alarms[index];
        if let Some(sleep) = &mut alarm.sleep {
            let polled = sleep.as_mut().poll(&mut Context::from_waker(&alarm.waker));
            if polled.is_ready() {
                self.end(index);
            }
        }
    }

    fn end(&mut self, index: usize) {
        not_early(self.alarms[index].deadline);
        self.cancel(index);
    }

    /// Whether they were woken in the order of their deadlines, as far as these are apart.
    ///
    /// What counts is the first call after the deadline, if the sleep was there before. Any other
    /// call means nothing: wakers may be called too often.
    pub(super) fn in_order(&self) -> Result<(), String> {
        let mut counted = vec![false; self.alarms.len()];
        let mut latest: Option<Instant> = None;
        for &(index, called) in &lock(&self.calls).log {
            let alarm = &self.alarms[index];
            if called < alarm.deadline || alarm.deadline <= alarm.added || counted[index] {
                continue;
            }
            counted[index] = true;
            let behind = latest.map(|latest| latest.saturating_duration_since(alarm.deadline));
            if let Some(behind) = behind.filter(|behind| *behind >= APART) {
                return Err(format!(
                    "a sleep was woken after another one whose deadline is {behind:?} later"
                ));
            }
            latest = latest.max(Some(alarm.deadline));
        }
        Ok(())
    }
}

/// Fails the rule if it is not yet `deadline`, at which something has ended.
pub(super) fn not_early(deadline: Instant) {
    let early = deadline.saturating_duration_since(Instant::now());
    assert!(
        early.is_zero(),
        "a sleep ended {early:?} before its deadline"
    );
}

/// Does something several times, until it succeeds: what a busy machine may spoil once.
///
/// # Panics
///
/// If it never did; with the first failure.
pub(super) async fn at_best<F>(tries: usize, mut attempt: impl FnMut(usize) -> F)
where
    F: Future<Output = Result<(), String>>,
{
    let mut first = None;
    for number in 0..tries {
        match attempt(number).await {
            Ok(()) => return,
            Err(reason) => {
                first.get_or_insert(reason);
            }
        }
    }
    if let Some(first) = first {
        panic!("each of {tries} times: {first}");
    }
}

//! Waiting for what must come, but not for ever.

use std::fmt::Display;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::Case;
use crate::harness::Others;
use crate::lock::lock;

/// How long a watcher pauses between two looks.
const PAUSE: Duration = Duration::from_millis(10);
/// How many looks in a row must find every thread asleep: nobody is left to wake anybody.
const QUIET_LOOKS: usize = 50;
/// How many looks there are where threads move. They are counted, rather than time, so that a
/// machine that stands still takes no patience.
const LOOKS: u32 = 500;
/// From which look on the other threads are looked at; most waits are over by then.
const FIRST_LOOK: u32 = 5;

/// Waits for `future`, and fails with `what` where it takes too long.
///
/// It is a watchdog with a better message: what it waits for needs microseconds.
pub(in crate::rules) async fn in_time<F: Future>(what: impl Display, future: F) -> F::Output {
    match patiently(future).await {
        Some(output) => output,
        None => panic!("{what}"),
    }
}

/// Waits for `future`; `None` if it takes too long.
pub(in crate::rules) async fn patiently<F: Future>(future: F) -> Option<F::Output> {
    wait_for(future, LOOKS).await
}

/// Waits for `future` for a moment; `None` if it takes longer, which is nobody's fault.
pub(in crate::rules) async fn briefly<F: Future>(future: F) -> Option<F::Output> {
    wait_for(future, 4 * FIRST_LOOK).await
}

async fn wait_for<F: Future>(future: F, looks: u32) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut watcher: Option<Watcher> = None;
    poll_fn(move |cx| {
        // Before another look at `future`: it may be ready and have told nobody, which is what a
        // lost wake is.
        if watcher.as_ref().is_some_and(Watcher::has_expired) {
            return Poll::Ready(None);
        }
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        let watcher = watcher.get_or_insert_with(|| Watcher::start(looks));
        match watcher.will_tell(cx.waker()) {
            true => Poll::Pending,
            false => Poll::Ready(None),
        }
    })
    .await
}

/// A thread that wakes the one who waits when patience is at its end.
///
/// Two watchers see each other move; where one waits for another's wait, only one should watch.
struct Watcher {
    watch: Arc<Watch>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Watch {
    expired: AtomicBool,
    dismissed: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Watcher {
    fn start(looks: u32) -> Self {
        let watch = Arc::new(Watch::default());
        let shared = Arc::clone(&watch);
        let thread = thread::spawn(move || shared.run(looks));
        Self {
            watch,
            thread: Some(thread),
        }
    }

    /// Whether patience is at its end.
    fn has_expired(&self) -> bool {
        self.watch.expired.load(SeqCst)
    }

    /// Leaves a waker for when patience ends; whether it has not ended yet.
    fn will_tell(&self, waker: &Waker) -> bool {
        let former = lock(&self.watch.waker).replace(waker.clone());
        drop(former);
        !self.has_expired()
    }
}

impl Watch {
    fn run(&self, looks: u32) {
        let mut others = Others::default();
        for look in 0..looks {
            if self.dismissed.load(SeqCst) {
                return;
            }
            if look >= FIRST_LOOK && others.unmoved() >= QUIET_LOOKS {
                break;
            }
            thread::park_timeout(PAUSE);
        }
        self.expired.store(true, SeqCst);
        let waker = lock(&self.waker).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.watch.dismissed.store(true, SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A watcher panics only if the executor's waker does, and then its panic was shown.
            let _ = thread.join();
        }
    }
}

/// The most foreign executor there is: one future, on this thread, without the executor's help.
pub(in crate::rules) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        thread::park();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Tries something `times` times, as [`Case::trials`] does, but stops after a few failures, and when
/// it has taken long.
///
/// A trial fails by waiting in vain; a hundred such would end at the time limit. And on a machine that
/// is busy with other things, threads that are to meet wait for each other most of the time.
pub(in crate::rules) fn races<F>(case: &Case, times: usize, mut trial: F)
where
    F: FnMut(&mut fastrand::Rng) -> Result<(), String>,
{
    const ENOUGH: usize = 3;
    const LONG: Duration = Duration::from_secs(5);
    let (times, long) = (case.repeat(times), LONG.saturating_mul(case.stress()));
    let started = Instant::now();
    let mut failures = Vec::new();
    let mut tried = 0;
    while tried < times && failures.len() < ENOUGH && started.elapsed() < long {
        case.event(format_args!("trial {tried}"));
        if let Err(reason) = trial(&mut case.rng(tried as u64)) {
            failures.push(format!("trial {tried}: {reason}"));
        }
        tried += 1;
    }
    if tried < times && failures.is_empty() {
        case.note(format_args!("{tried} of {times} trials, in {long:?}"));
    }
    assert!(
        failures.is_empty(),
        "{} of {tried} trials failed (seed {}); {}",
        failures.len(),
        case.seed(),
        failures[0]
    );
}

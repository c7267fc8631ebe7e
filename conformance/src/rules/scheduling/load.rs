//! Tasks that yield for as long as what is tried beside them takes, within measure.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use super::watch::{PATIENCE, watch};
use crate::adapter::{JoinHandle, Spawn};
use crate::devices::{gate, yield_once};
use crate::lock::lock;

/// A load gives up after so many polls without progress beside it, and
const POLLS: u64 = 100_000;
/// after so much time in which it was polled. Both must be reached: an executor of several threads
/// may poll very often while the system starts another thread, and a slow one may need the time.
const TIME: Duration = Duration::from_secs(1);
/// What the time between two polls counts at most, so that a machine that pauses is no starvation.
const STEP: Duration = Duration::from_millis(1);

/// How often what is tried beside a load yields.
const ROUNDS: usize = 50;
/// How often it is woken by a thread, which the system must run for that.
const CALLS: usize = 20;

/// Busy tasks, and what they wait for: so many calls of [`done`](Self::done).
///
/// A rule about starvation must end on an executor that starves: the load stops by itself if
/// nothing has got on for very many polls, and [`judge`](Self::judge) then fails the rule.
#[derive(Clone)]
pub(crate) struct Load(Arc<Mutex<State>>);

struct State {
    /// What is still to be done before the load stops.
    awaited: usize,
    polls: u64,
    /// Polls and progress since the beginning.
    total: usize,
    ran: Duration,
    polled: Instant,
    gave_up: bool,
}

impl Load {
    /// A load that stops when `awaited` things are done.
    pub(crate) fn until(awaited: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            awaited,
            polls: 0,
            total: 0,
            ran: Duration::ZERO,
            polled: Instant::now(),
            gave_up: false,
        })))
    }

    /// Counts a poll of the load; says whether to go on.
    pub(crate) fn bear(&self) -> bool {
        let mut state = self.state();
        let now = Instant::now();
        let since = now.saturating_duration_since(state.polled);
        state.ran += since.min(STEP);
        state.polled = now;
        state.polls += 1;
        state.total += 1;
        state.gave_up |= state.polls >= POLLS && state.ran >= TIME;
        state.goes_on()
    }

    /// Whether the load has ended.
    pub(crate) fn has_stopped(&self) -> bool {
        !self.state().goes_on()
    }

    /// Something beside the load has got on.
    pub(crate) fn progress(&self) {
        let mut state = self.state();
        state.total += 1;
        // What is found when it gave up is what it will be judged by.
        if !state.gave_up {
            state.polls = 0;
            state.ran = Duration::ZERO;
        }
    }

    /// One of the awaited things is done.
    pub(crate) fn done(&self) {
        self.progress();
        let mut state = self.state();
        state.awaited = state.awaited.saturating_sub(1);
    }

    /// Waits for the tasks of a load and those beside it; fails the rule if `what` did not get on.
    pub(crate) async fn finish(&self, tasks: Tasks, what: &str) {
        let load = self.clone();
        let progress = move || load.state().total;
        let failure = || format!("{what} never ended, nor did the tasks that kept it busy");
        watch(PATIENCE, progress, failure, join(tasks)).await;
        self.judge(what);
    }

    /// Fails the rule if `what` did not get on.
    pub(crate) fn judge(&self, what: &str) {
        let state = self.state();
        assert!(
            !state.gave_up,
            "{what} did not get on, while what kept the executor busy was polled {} times in {:?}",
            state.polls, state.ran
        );
    }

    /// Yields until the load stops.
    pub(crate) fn spin(&self) -> impl Future<Output = ()> + Send + 'static {
        let load = self.clone();
        async move {
            while load.bear() {
                yield_once().await;
            }
        }
    }

    /// Starts `count` tasks that yield until the load stops.
    pub(crate) fn spawn<E: Spawn>(&self, handle: &E::Handle, count: usize) -> Tasks {
        (0..count).map(|_| E::spawn(handle, self.spin())).collect()
    }

    /// A task that yields a number of times, and is done.
    pub(crate) fn yielder<E: Spawn>(&self, handle: &E::Handle) -> JoinHandle<()> {
        let load = self.clone();
        E::spawn(handle, async move {
            for _ in 0..ROUNDS {
                yield_once().await;
                load.progress();
            }
            load.done();
        })
    }

    /// A future that another thread wakes a number of times, and is done; and that thread.
    pub(crate) fn woken_by_a_thread(&self) -> (impl Future<Output = ()> + Send + 'static, Caller) {
        let (gates, openers): (Vec<_>, Vec<_>) = (0..CALLS).map(|_| gate()).unzip();
        let calling = self.clone();
        let caller = Caller::new(move || {
            for opener in openers {
                // The wake must come from outside while its future waits, not before.
                while !opener.is_awaited() && !calling.has_stopped() {
                    thread::yield_now();
                }
                opener.open();
            }
        });
        let load = self.clone();
        let woken = async move {
            for gate in gates {
                gate.await;
                load.progress();
            }
            load.done();
        };
        (woken, caller)
    }

    /// A waker whose call makes a thing done.
    pub(crate) fn bell(&self) -> Waker {
        Waker::from(Arc::new(Bell(self.clone())))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

impl State {
    fn goes_on(&self) -> bool {
        self.awaited > 0 && !self.gave_up
    }
}

struct Bell(Load);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.done();
    }
}

/// A thread that calls into the executor from outside.
pub(crate) struct Caller(thread::JoinHandle<()>);

impl Caller {
    /// Starts the thread.
    pub(crate) fn new(calls: impl FnOnce() + Send + 'static) -> Self {
        Self(thread::spawn(calls))
    }

    /// Waits for the thread, which must be about to end.
    pub(crate) fn join(self) {
        self.0.join().expect("no panic in what a thread calls");
    }
}

/// Handles of tasks without output.
pub(crate) type Tasks = Vec<JoinHandle<()>>;

/// Waits for tasks that cannot fail.
pub(crate) async fn join(tasks: Tasks) {
    for task in tasks {
        let joined = task.await;
        assert!(joined.is_ok(), "a task gave no output: {joined:?}");
    }
}

/// One busy task, and enough of them to keep every thread of an executor of several busy.
pub(crate) fn crowds() -> [usize; 2] {
    let threads = thread::available_parallelism().map_or(2, usize::from);
    [1, (2 * threads).clamp(4, 256)]
}

//! X: memory, and counters that wrap.

use std::future::{Future, poll_fn};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;

use super::lifecycle::{Progress, STUCK, Track, with_drop};
use super::shutdown::{assert_dropped_once, shut_down};
use crate::adapter::{JoinHandle, NearWrap, Spawn};
use crate::devices::{Opener, allocated, gate, turns};
use crate::harness::Settings;
use crate::lock::lock;
use crate::{Case, Rule};

/// The rules of the group.
pub static RULES: &[Rule] = &[
    Rule {
        name: "x01_must_finished_tasks_leave_no_memory",
        statement: "What 100,000 tasks needed is free again when they have ended.",
        rationale: "A server spawns a task for each request and runs for months: one byte that a \
            task leaves behind is a leak. Tasks are joined, and lose their handles before and after \
            their end, a hundred at a time; the memory in use must not grow with their number over \
            two windows, of which the second is twice as long, so that a table which grows by \
            doubling is seen and one that grows once is not.",
        bugs: &[],
    },
    Rule {
        name: "x02_must_repeated_wakes_do_not_grow_the_queue",
        statement: "Waking a task that is already woken, running or finished takes no memory.",
        rationale: "A channel may wake its reader for each message: an executor that queues a task \
            for each wake grows without bound while the task waits its turn, and polls it as often. \
            The root's, a peer's, a running and a finished task's wakers are called 60,000 times \
            each, inside of one poll, by the same and by another thread; and a task yields as often.",
        bugs: &[],
    },
    Rule {
        name: "x03_must_counters_survive_their_wrap",
        statement: "Tasks, outputs and wakers are told apart although ids and ticks have wrapped.",
        rationale: "A counter of 32 bits wraps within a day, and then a stale waker may be taken for \
            a live one. An executor whose counters are about to wrap runs thousands of tasks; some \
            live through the wrap, others leave wakers behind, which are called afterwards; what is left \
            is dropped by shutdown.",
        bugs: &["tokio#8331"],
    },
];

/// Lists the rules with the capabilities that they need.
#[doc(hidden)]
#[macro_export]
macro_rules! __memory {
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } memory
            x01_must_finished_tasks_leave_no_memory [spawn];
            x02_must_repeated_wakes_do_not_grow_the_queue [spawn];
            x03_must_counters_survive_their_wrap [spawn wrap];
        }
    };
}

/// Something that is in use, read in the course of more and more operations.
pub(super) struct Growth {
    window: usize,
    now: fn() -> usize,
    readings: Vec<usize>,
}

impl Growth {
    /// Of what `now` tells, with a first window of so many operations.
    pub(super) fn of(now: fn() -> usize, window: usize) -> Self {
        // Room for all readings is made here: they must not be what grows.
        let readings = Vec::with_capacity(3);
        Self {
            window,
            now,
            readings,
        }
    }

    /// Of the memory in use; `None` where it is not known.
    pub(super) fn of_memory(window: usize) -> Option<Self> {
        allocated()?;
        Some(Self::of(|| allocated().map_or(0, |now| now.bytes), window))
    }

    /// Takes a reading: at the start, after one window, and after three.
    pub(super) fn read(&mut self) {
        self.readings.push((self.now)());
    }

    /// Takes the last reading again, if it is lower now: threads of the executor's may be behind.
    pub(super) fn read_lower(&mut self) {
        let now = (self.now)();
        if let Some(last) = self.readings.last_mut() {
            *last = now.min(*last);
        }
    }

    /// The least growth of both windows, in units for each operation, and what to say about it.
    fn per_operation(&self) -> (f64, String) {
        let &[start, first, second] = self.readings.as_slice() else {
            panic!(
                "three readings are to be taken, not {}",
                self.readings.len()
            );
        };
        let (first, second) = (first.saturating_sub(start), second.saturating_sub(first));
        let windows = [self.window, 2 * self.window];
        let least = (first as f64 / windows[0] as f64).min(second as f64 / windows[1] as f64);
        let told = format!(
            "by {first} over the first {}, by {second} over the next {}",
            windows[0], windows[1]
        );
        (least, told)
    }

    /// Fails if each operation of both windows has left at least so much behind.
    ///
    /// A table that grows by doubling grows in the second window, which is twice as long as what
    /// was before it; one that grows once grows in one of them only.
    pub(super) fn assert_less_than(&self, limit: f64, of_what: &str, with_what: &str) {
        let (least, told) = self.per_operation();
        assert!(least < limit, "{of_what} grow with {with_what}: {told}");
    }
}

/// Skips the rule where memory cannot be told, or other rules use it too.
fn memory_or_skip(case: &Case, window: usize) -> Growth {
    if Settings::from_env().in_process {
        case.skip("other rules use memory in this process");
    }
    Growth::of_memory(window).unwrap_or_else(|| {
        case.skip("the memory in use is not known: add `executor_conformance::allocator!();`")
    })
}

/// X1: what 100,000 tasks needed is free again when they have ended.
pub fn x01_must_finished_tasks_leave_no_memory<E: Spawn>(case: &Case) {
    const WINDOW: usize = 25_000;
    let mut growth = memory_or_skip(case, WINDOW);
    let progress = Progress::new();
    let mut executor = E::new();
    let handle = executor.handle();
    let root = async {
        for tasks in [WINDOW, WINDOW, 2 * WINDOW] {
            batches::<E>(&progress, &handle, tasks).await;
            growth.read();
            for _ in 0..10 {
                turns::<E>(&handle, 1).await;
                growth.read_lower();
            }
        }
    };
    case.watch(STUCK, || executor.block_on(root));
    growth.assert_less_than(1.0, "bytes in use", "the number of tasks that have ended");
}

/// Runs so many tasks, a hundred at a time.
async fn batches<E: Spawn>(progress: &Progress, handle: &E::Handle, tasks: usize) {
    const BATCH: usize = 100;
    let gone = Arc::new(AtomicUsize::new(0));
    for batch in 1..=tasks / BATCH {
        let mut joined = Vec::new();
        let mut kept = Vec::new();
        for number in 0..BATCH {
            let task = short_task::<E>(progress, handle, number % 3, &gone);
            match number % 5 {
                0 => drop(task),
                1 => kept.push(task),
                _ => joined.push(task),
            }
        }
        for task in joined {
            task.await
                .expect("the task has neither panicked nor been cancelled");
        }
        let all_gone = || gone.load(SeqCst) == batch * BATCH;
        progress.until("every future is dropped", all_gone).await;
        drop(kept);
    }
}

fn short_task<E: Spawn>(
    progress: &Progress,
    handle: &E::Handle,
    yields: usize,
    gone: &Arc<AtomicUsize>,
) -> JoinHandle<()> {
    let notifier = progress.notifier();
    let gone = Arc::clone(gone);
    let on_drop = move || {
        gone.fetch_add(1, SeqCst);
        notifier.notify();
    };
    E::spawn(handle, with_drop(yielding(yields), on_drop))
}

/// Yields so often, and is ready.
fn yielding(mut left: usize) -> impl FnMut(&mut Context<'_>) -> Poll<()> {
    move |cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// How often a waker is called in the first window of X2.
const WAKES: usize = 20_000;

/// X2: waking a task that is already woken, running or finished takes no memory.
pub fn x02_must_repeated_wakes_do_not_grow_the_queue<E: Spawn>(case: &Case) {
    let readings = || memory_or_skip(case, WAKES);
    let of_root = readings();
    let mut executor = E::new();
    let handle = executor.handle();
    let root = async {
        case.event("the root's waker, in the root's poll");
        let growth = with_own_waker(|waker| storm(of_root, waker)).await;
        assert_flat(&growth, "wakes of the root while it is polled");

        let (task, opener, waker) = waiting::<E>(&handle).await;
        case.event("a waiting peer's waker, in the root's poll");
        let growth = storm(readings(), &waker);
        assert_flat(&growth, "wakes of a task that waits for its turn");
        turns::<E>(&handle, 2).await;
        case.event("a waiting peer's waker, by another thread, which the root joins");
        let (growth, remote) = (readings(), waker.clone());
        match thread::spawn(move || storm(growth, &remote)).join() {
            Ok(growth) => assert_flat(&growth, "wakes of a task by another thread"),
            Err(_) => case.note("a wake on another thread panicked; see W10"),
        }
        opener.open();
        task.await.expect("the task has not been cancelled");
        case.event("a finished task's waker, in the root's poll");
        let growth = storm(readings(), &waker);
        assert_flat(&growth, "wakes of a task that has ended");

        case.event("a task's own waker, in its poll");
        let growth = readings();
        let task = E::spawn(&handle, with_own_waker(|waker| storm(growth, waker)));
        let growth = task.await.expect("the task has not been cancelled");
        assert_flat(&growth, "wakes of a task while it is polled");

        case.event("a task that yields");
        let growth = E::spawn(&handle, yield_storm(readings())).await;
        let growth = growth.expect("the task has not been cancelled");
        assert_flat(&growth, "polls of a task that wakes itself");
    };
    case.watch(STUCK, || executor.block_on(root));
}

fn assert_flat(growth: &Growth, with_what: &str) {
    growth.assert_less_than(1.0, "bytes in use", with_what);
}

/// Calls a waker again and again, and reads the memory in use meanwhile.
fn storm(mut growth: Growth, waker: &Waker) -> Growth {
    let wake = |times: usize| {
        for _ in 0..times / 2 {
            waker.wake_by_ref();
            let clone = waker.clone();
            clone.wake();
        }
    };
    wake(1_000);
    growth.read();
    wake(WAKES);
    growth.read();
    wake(2 * WAKES);
    growth.read();
    growth
}

async fn yield_storm(mut growth: Growth) -> Growth {
    poll_fn(yielding(1_000)).await;
    growth.read();
    poll_fn(yielding(WAKES)).await;
    growth.read();
    poll_fn(yielding(2 * WAKES)).await;
    growth.read();
    growth
}

async fn with_own_waker<T>(with: impl FnOnce(&Waker) -> T) -> T {
    let mut with = Some(with);
    poll_fn(move |cx| {
        let with = with.take().expect("polled once");
        Poll::Ready(with(cx.waker()))
    })
    .await
}

/// A task that waits at a gate, and its waker.
async fn waiting<E: Spawn>(handle: &E::Handle) -> (JoinHandle<()>, Opener, Waker) {
    let progress = Progress::new();
    let (gate, opener) = gate();
    let waker = Arc::new(Mutex::new(None));
    let (left, mut gate) = (Arc::clone(&waker), Box::pin(gate));
    let (future, track) = progress.watch(poll_fn(move |cx| {
        let clone = cx.waker().clone();
        let former = lock(&left).replace(clone);
        drop(former);
        gate.as_mut().poll(cx)
    }));
    let task = E::spawn(handle, future);
    let polled = || track.polls() > 0;
    progress.until("a task is polled", polled).await;
    let waker = lock(&waker).take();
    (task, opener, waker.expect("the poll left it"))
}

/// X3: tasks, outputs and wakers are told apart although ids and ticks have wrapped.
pub fn x03_must_counters_survive_their_wrap<E: Spawn + NearWrap>(case: &Case) {
    const ROUNDS: usize = 3_000;
    const LIVE: usize = 16;
    let progress = Progress::new();
    let mut executor = E::near_wrap();
    let handle = executor.handle();
    let mut lasting = Vec::new();
    let root = async {
        let mut stale = Vec::new();
        for number in 0..LIVE {
            let (task, opener, waker) = waiting::<E>(&handle).await;
            opener.open();
            task.await.expect("the task has not been cancelled");
            stale.push(waker);
            let (gate, opener) = gate();
            let (future, track) = progress.watch(async move {
                gate.await;
                number
            });
            let task = E::spawn(&handle, future);
            let polled = || track.polls() > 0;
            progress.until("a task is polled", polled).await;
            lasting.push((task, opener, track));
        }
        case.event("spawning until the counters have wrapped");
        for round in 0..ROUNDS {
            let task = E::spawn(&handle, async move {
                poll_fn(yielding(1)).await;
                round
            });
            stale[round % LIVE].wake_by_ref();
            let output = task.await.expect("the task has not been cancelled");
            assert_eq!(output, round, "a handle gave the output of another task");
        }
        case.event("a half of the tasks that lived through the wrap end");
        let polls = || lasting.iter().map(|(_, _, track)| track.polls());
        let most = polls().max();
        assert_eq!(
            most,
            Some(1),
            "tasks were polled though only finished ones were woken"
        );
        let ending = lasting.split_off(LIVE / 2);
        for (number, (task, opener, _)) in ending.into_iter().enumerate() {
            opener.open();
            let joined = progress.wait("a task older than the wrap ends", task).await;
            let output = joined.expect("the task has not been cancelled");
            let right = LIVE / 2 + number;
            assert_eq!(output, right, "a handle gave the output of another task");
        }
    };
    case.watch(STUCK, || executor.block_on(root));
    case.event("the other half is dropped by shutdown");
    shut_down(case, executor);
    let tracks: Vec<Track> = lasting.iter().map(|(_, _, track)| track.clone()).collect();
    assert_dropped_once("of tasks older than the wrap", &tracks);
}

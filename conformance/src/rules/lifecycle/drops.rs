//! When a future and its output are dropped.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use super::{Progress, STUCK, Track, Wakers, with_drop};
use crate::adapter::{JoinHandle, OnHandleDrop, Spawn};
use crate::devices::{gate, poll_once};
use crate::harness::eventually;
use crate::lock::lock;
use crate::{Case, JoinError};

/// L5: a future is dropped when it is ready, although wakers of its task live on.
pub fn l05_must_drop_at_completion_although_wakers_live<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        for number in 0..10 {
            case.event("the handle is awaited, while a waker is kept");
            kept_by_a_waker::<E>(&handle, number % 2 == 0, true).await;
            case.event("the handle is kept and not awaited, and so is a waker");
            kept_by_a_waker::<E>(&handle, number % 2 == 0, false).await;
        }
    });
}

async fn kept_by_a_waker<E: Spawn>(handle: &E::Handle, yields: bool, awaited: bool) {
    // Short, since what keeps the future can be found by letting go of it.
    let progress = Progress::with_patience(Duration::from_secs(1));
    let left = Wakers::default();
    let (future, track) = progress.watch(leaving(yields, left.clone()));
    let mut task = Some(E::spawn(handle, future));
    if awaited {
        let joined = task.take().expect("it is there").await;
        joined.expect("the task has neither panicked nor been cancelled");
    }
    let dropped = || track.drops() > 0;
    let is_dropped = || {
        poll_fn(|_| {
            if dropped() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
    };
    if progress.try_wait(is_dropped()).await.is_some() {
        return;
    }
    let here = thread::current().id();
    left.clear();
    let by_waker = track.drop_threads().contains(&here);
    assert!(!by_waker, "the future was dropped by its last waker's drop");
    drop(task);
    let by_handle = track.drop_threads().contains(&here);
    assert!(!by_handle, "the future was dropped by its handle's drop");
    // A thread of the executor's may have been held up.
    for _ in 0..4 {
        if progress.try_wait(is_dropped()).await.is_some() {
            return;
        }
    }
    assert!(track.has_ended(), "the future was not polled to its end");
    panic!("the future was ready, and was never dropped");
}

/// Leaves two wakers behind.
fn leaving(mut yields: bool, left: Wakers) -> impl Future<Output = ()> {
    poll_fn(move |cx| {
        left.push(cx.waker());
        left.push(cx.waker());
        if yields {
            yields = false;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
}

/// L6: when a handle gives the output, the future has been dropped.
pub fn l06_must_drop_before_join_resolves<E: Spawn>(case: &Case) {
    let rounds = case.repeat(200);
    let mut executor = E::new();
    let handle = executor.handle();
    let progress = Progress::new();
    let spawn = |yields: usize| {
        let mut left = yields;
        let (future, track) = progress.watch(poll_fn(move |cx| {
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        (E::spawn(&handle, future), track)
    };
    let mut early = [0, 0];
    let root = async {
        for round in 0..rounds {
            let (task, track) = spawn(round % 3);
            early[0] += usize::from(joined_early(task, track).await);
            let tasks: Vec<_> = (0..4).map(|number| spawn(number % 3)).collect();
            for (task, track) in tasks {
                early[0] += usize::from(joined_early(task, track).await);
            }
            let (task, track) = spawn(round % 3);
            let joining = E::spawn(&handle, joined_early(task, track));
            let joined = joining.await;
            early[1] +=
                usize::from(joined.expect("the task has neither panicked nor been cancelled"));
        }
    };
    case.watch(STUCK, || executor.block_on(root));
    case.event("handles are asked while their futures are being dropped");
    let inside = case.watch(STUCK, || executor.block_on(ready_inside_drop::<E>(&handle)));
    assert!(
        !inside,
        "a handle gave the output while the future was being dropped"
    );
    let [by_root, by_task] = early;
    assert!(
        by_root + by_task == 0,
        "handles gave the output before the future had been dropped: {by_root} of {} that the \
         root awaited, {by_task} of {rounds} that a task awaited",
        rounds * 5
    );
}

/// Whether a handle is ready inside of the drop of its task's future.
///
/// Where one thread does everything the order can be seen in there only.
async fn ready_inside_drop<E: Spawn>(handle: &E::Handle) -> bool {
    let progress = Progress::new();
    let asked: Arc<Mutex<Option<JoinHandle<()>>>> = Arc::default();
    let ready = Arc::new(AtomicBool::new(false));
    let (gate, opener) = gate();
    let (asking, is_ready) = (Arc::clone(&asked), Arc::clone(&ready));
    let mut gate = Box::pin(gate);
    let on_drop = move || {
        let handle = lock(&asking).take();
        let Some(mut handle) = handle else { return };
        // An executor may refuse to be asked here.
        let polled = catch_unwind(AssertUnwindSafe(|| poll_once(&mut handle).is_ready()));
        is_ready.store(polled.unwrap_or(false), SeqCst);
        *lock(&asking) = Some(handle);
    };
    let future = with_drop(move |cx| gate.as_mut().poll(cx), on_drop);
    let (future, track) = progress.watch(future);
    let task = E::spawn(handle, future);
    *lock(&asked) = Some(task);
    opener.open();
    let dropped = || track.drops() > 0;
    progress.until("a task that was woken ends", dropped).await;
    ready.load(SeqCst)
}

async fn joined_early(task: JoinHandle<()>, track: Track) -> bool {
    let joined = task.await;
    let early = track.drops() == 0;
    joined.expect("the task has neither panicked nor been cancelled");
    early
}

/// Counts outputs that were made, and their drops.
///
/// They are never freed, so that a second drop of an output is a number and not undefined.
#[derive(Clone, Copy, Debug)]
struct Tally(&'static [AtomicUsize; 2]);

/// An output whose drop is counted.
#[derive(Debug)]
struct Output(Tally);

impl Tally {
    fn new() -> Self {
        Self(Box::leak(Box::default()))
    }

    fn make(self) -> Output {
        self.0[0].fetch_add(1, SeqCst);
        Output(self)
    }

    fn made(self) -> usize {
        self.0[0].load(SeqCst)
    }

    fn dropped(self) -> usize {
        self.0[1].load(SeqCst)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.0.0[1].fetch_add(1, SeqCst);
    }
}

/// A task whose output is counted.
struct Counted {
    task: Option<JoinHandle<Output>>,
    track: Track,
    tally: Tally,
    fate: &'static str,
}

/// L7: a task's output is dropped exactly once, whatever becomes of its handle.
pub fn l07_must_drop_an_output_exactly_once<E: Spawn>(case: &Case) {
    const TIMES: usize = 30;
    let progress = Progress::new();
    let mut executor = E::new();
    let handle = executor.handle();
    let mut tasks: Vec<Counted> = Vec::new();
    executor.block_on(async {
        for _ in 0..TIMES {
            tasks.push(joined::<E>(&progress, &handle).await);
            tasks.push(handle_dropped_early::<E>(&progress, &handle).await);
            tasks.push(handle_dropped_late::<E>(&progress, &handle).await);
            tasks.push(handle_dropped_by_a_task::<E>(&progress, &handle).await);
            tasks.push(handle_kept::<E>(&progress, &handle).await);
        }
    });
    case.watch("dropping the executor does not return", || drop(executor));
    for counted in &mut tasks {
        drop(counted.task.take());
    }
    let wrong = |counted: &&Counted| counted.tally.made() != counted.tally.dropped();
    let settled = eventually(|| !tasks.iter().any(|counted| wrong(&counted)));
    if !settled {
        let counted = tasks.iter().find(wrong).expect("one is wrong");
        panic!(
            "{} of {} outputs were not dropped exactly once; the first, whose {}, was made {} \
             times and dropped {} times",
            tasks.iter().filter(wrong).count(),
            tasks.len(),
            counted.fate,
            counted.tally.made(),
            counted.tally.dropped()
        );
    }
}

fn counted<E: Spawn>(
    progress: &Progress,
    handle: &E::Handle,
    fate: &'static str,
    before: impl Future<Output = ()> + Send + 'static,
) -> Counted {
    let tally = Tally::new();
    let (future, track) = progress.watch(async move {
        before.await;
        tally.make()
    });
    Counted {
        task: Some(E::spawn(handle, future)),
        track,
        tally,
        fate,
    }
}

async fn joined<E: Spawn>(progress: &Progress, handle: &E::Handle) -> Counted {
    let mut counted = counted::<E>(progress, handle, "handle was awaited", async {});
    let task = counted.task.take().expect("it is there");
    let output: Result<Output, JoinError> = task.await;
    let dropped = counted.tally.dropped();
    assert_eq!(
        dropped, 0,
        "the output was dropped before the joiner had it"
    );
    drop(output.expect("the task has neither panicked nor been cancelled"));
    counted
}

async fn handle_dropped_early<E: Spawn>(progress: &Progress, handle: &E::Handle) -> Counted {
    let fate = "handle was dropped at once";
    let mut counted = counted::<E>(progress, handle, fate, async {});
    drop(counted.task.take());
    let dropped = || counted.track.drops() > 0;
    progress
        .until("a task without a handle goes", dropped)
        .await;
    if E::ON_HANDLE_DROP == OnHandleDrop::Detaches {
        let made = counted.tally.made();
        assert_eq!(made, 1, "a detached task did not run to its end");
    }
    counted
}

async fn handle_dropped_late<E: Spawn>(progress: &Progress, handle: &E::Handle) -> Counted {
    let fate = "handle was dropped after the task's end";
    let mut counted = counted::<E>(progress, handle, fate, async {});
    let dropped = || counted.track.drops() > 0;
    progress.until("a task ends", dropped).await;
    drop(counted.task.take());
    counted
}

/// With several workers the task may end while its handle is dropped.
async fn handle_dropped_by_a_task<E: Spawn>(progress: &Progress, handle: &E::Handle) -> Counted {
    let (gate, opener) = gate();
    let fate = "handle was dropped while the task ended";
    let mut counted = counted::<E>(progress, handle, fate, gate);
    let polled = || counted.track.polls() > 0;
    progress.until("a task is polled", polled).await;
    let task = counted.task.take();
    let dropping = E::spawn(handle, async move {
        opener.open();
        drop(task);
    });
    let dropped = || counted.track.drops() > 0;
    progress
        .until("a task whose gate opened goes", dropped)
        .await;
    let joined = dropping.await;
    joined.expect("dropping a handle inside of a task does not panic");
    counted
}

async fn handle_kept<E: Spawn>(progress: &Progress, handle: &E::Handle) -> Counted {
    let fate = "handle was dropped after the executor";
    let counted = counted::<E>(progress, handle, fate, async {});
    let ended = || counted.track.has_ended();
    progress.until("a task ends", ended).await;
    counted
}

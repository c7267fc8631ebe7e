//! What can be spawned, where, and how much of it.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::ptr;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread;

use super::on_drop::{OnDrop, with_drop};
use super::{Progress, STUCK, Track};
use crate::Case;
use crate::adapter::{JoinHandle, OnHandleDrop, Spawn};
use crate::lock::lock;

/// L10: futures of 1 MiB, of an alignment of 4 KiB, and of no size at all work.
pub fn l10_must_bear_any_size_and_alignment<E: Spawn>(case: &Case) {
    case.event("futures of 1 MiB");
    on_a_large_stack(case, sturdy::<E, Mebibyte>);
    case.event("futures of an alignment of 4 KiB");
    on_a_large_stack(case, sturdy::<E, Page>);
    case.event("futures of size 0");
    on_a_large_stack(case, nothings::<E>);
}

/// Without optimisation each function that passes a future on has copies of it on its stack.
fn on_a_large_stack(case: &Case, body: fn()) {
    const SIZE: usize = 256 << 20;
    let thread = thread::Builder::new().stack_size(SIZE).spawn(body);
    let thread = thread.unwrap_or_else(|error| {
        case.skip(format_args!(
            "there is no thread with a stack of {SIZE} bytes: {error}"
        ))
    });
    let ended = case.watch(STUCK, || thread.join());
    ended.unwrap_or_else(|panic| resume_unwind(panic));
}

/// A large part of a future, or one that is hard to place.
trait Load: Send + Unpin + 'static {
    fn new() -> Self;
    fn is_intact(&self) -> bool;
}

struct Mebibyte([u64; 1 << 17]);

impl Load for Mebibyte {
    fn new() -> Self {
        Self([0x5a5a; 1 << 17])
    }

    fn is_intact(&self) -> bool {
        self.0.iter().all(|&word| word == 0x5a5a)
    }
}

#[repr(align(4096))]
struct Page([u8; 100]);

impl Load for Page {
    fn new() -> Self {
        Self([0x5a; 100])
    }

    fn is_intact(&self) -> bool {
        ptr::from_ref(self).addr() % 4096 == 0 && self.0 == [0x5a; 100]
    }
}

/// Looks at its load at each poll and at its drop.
struct Sturdy<L: Load> {
    load: L,
    yields: bool,
    broken: Arc<AtomicBool>,
}

impl<L: Load> Sturdy<L> {
    fn look(&self) {
        if !self.load.is_intact() {
            self.broken.store(true, SeqCst);
        }
    }
}

impl<L: Load> Future for Sturdy<L> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.look();
        if !self.yields {
            return Poll::Ready(());
        }
        self.yields = false;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<L: Load> Drop for Sturdy<L> {
    fn drop(&mut self) {
        self.look();
    }
}

fn sturdy<E: Spawn, L: Load>() {
    let mut executor = E::new();
    let handle = executor.handle();
    let broken = Arc::new(AtomicBool::new(false));
    executor.block_on(async {
        let mut tasks = Vec::new();
        for number in 0..4 {
            let future = Sturdy {
                load: L::new(),
                yields: number % 2 == 0,
                broken: Arc::clone(&broken),
            };
            tasks.push(E::spawn(&handle, future));
        }
        for task in tasks {
            task.await.expect("the task has not been cancelled");
        }
        let output = E::spawn(&handle, async { Page::new() }).await;
        let output = output.expect("the task has not been cancelled");
        assert!(
            output.is_intact(),
            "an output of an alignment of 4 KiB is broken"
        );
    });
    drop(executor);
    let broken = broken.load(SeqCst);
    assert!(!broken, "a future found its contents or its address wrong");
}

/// A future without a size, which can be counted in a static only.
struct Nothing {
    _private: (),
}

static NOTHINGS: AtomicUsize = AtomicUsize::new(0);
/// Held by who counts them.
static COUNTING: Mutex<()> = Mutex::new(());

impl Future for Nothing {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

impl Drop for Nothing {
    fn drop(&mut self) {
        NOTHINGS.fetch_add(1, SeqCst);
    }
}

fn nothings<E: Spawn>() {
    const TASKS: usize = 100;
    let _counting = lock(&COUNTING);
    let mut executor = E::new();
    let handle = executor.handle();
    let before = NOTHINGS.load(SeqCst);
    executor.block_on(async {
        let spawn = |_| E::spawn(&handle, Nothing { _private: () });
        let tasks: Vec<_> = (0..TASKS).map(spawn).collect();
        for task in tasks {
            task.await.expect("the task has not been cancelled");
        }
    });
    drop(executor);
    let dropped = NOTHINGS.load(SeqCst) - before;
    assert_eq!(dropped, TASKS, "futures of size 0 that were dropped");
}

/// What was spawned at odd places.
struct Spawned<E: Spawn> {
    handle: E::Handle,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    refusals: AtomicUsize,
}

impl<E: Spawn> Spawned<E> {
    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let spawning = AssertUnwindSafe(|| E::spawn(&self.handle, future));
        match catch_unwind(spawning) {
            Ok(task) => {
                let mut tasks = lock(&self.tasks);
                tasks.push(task);
            }
            Err(_) => {
                self.refusals.fetch_add(1, SeqCst);
            }
        }
    }
}

/// L11: `spawn` works inside of a poll, of a future's drop and of an output's drop.
pub fn l11_must_spawn_from_poll_and_drop<E: Spawn>(case: &Case) {
    let progress = Progress::new();
    let mut executor = E::new();
    let handle = executor.handle();
    let spawned = Arc::new(Spawned::<E> {
        handle: handle.clone(),
        tasks: Mutex::default(),
        refusals: AtomicUsize::new(0),
    });
    executor.block_on(async {
        case.event("spawning in polls, three deep");
        let (future, track) = progress.watch(async {});
        let [outer, inner] = [&spawned, &spawned].map(Arc::clone);
        spawned.spawn(async move {
            outer.spawn(async move { inner.spawn(future) });
        });
        is_polled(case, &progress, &spawned.refusals, "a poll", &track).await;

        for yields in [false, true] {
            let place = "the drop of a future that is ready";
            let track = spawn_in_drop::<E>(&progress, &spawned, yields);
            is_polled(case, &progress, &spawned.refusals, place, &track).await;
        }
        let place = "the drop of an output that nobody awaits";
        let track = spawn_in_drop_of_output::<E>(&progress, &spawned);
        is_polled(case, &progress, &spawned.refusals, place, &track).await;
        if E::ON_HANDLE_DROP == OnHandleDrop::Cancels {
            let place = "the drop of a future that was cancelled";
            let (future, track) = progress.watch(async {});
            let spawning = Arc::clone(&spawned);
            let pending = with_drop(|_| Poll::<()>::Pending, move || spawning.spawn(future));
            drop(E::spawn(&handle, pending));
            is_polled(case, &progress, &spawned.refusals, place, &track).await;
        }
    });
}

async fn is_polled(
    case: &Case,
    progress: &Progress,
    refusals: &AtomicUsize,
    place: &str,
    track: &Track,
) {
    case.event(format_args!("waiting for what was spawned in {place}"));
    let decided = || track.polls() > 0 || refusals.load(SeqCst) > 0;
    let what = format!("what was spawned in {place} is polled");
    progress.until(&what, decided).await;
    let refused = refusals.load(SeqCst) > 0;
    assert!(!refused, "`spawn` panicked inside of {place}");
}

fn spawn_in_drop<E: Spawn>(
    progress: &Progress,
    spawned: &Arc<Spawned<E>>,
    mut yields: bool,
) -> Track {
    let (future, track) = progress.watch(async {});
    let notifier = progress.notifier();
    let spawning = Arc::clone(spawned);
    let poll = move |cx: &mut Context<'_>| {
        if yields {
            yields = false;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    };
    let on_drop = move || {
        spawning.spawn(future);
        notifier.notify();
    };
    spawned.spawn(with_drop(poll, on_drop));
    track
}

fn spawn_in_drop_of_output<E: Spawn>(progress: &Progress, spawned: &Arc<Spawned<E>>) -> Track {
    let (future, track) = progress.watch(async {});
    let notifier = progress.notifier();
    let spawning = Arc::clone(spawned);
    let mut output = Some(OnDrop::new(move || {
        spawning.spawn(future);
        notifier.notify();
    }));
    let making = poll_fn(move |_| Poll::Ready(output.take().expect("polled once")));
    drop(E::spawn(&spawned.handle, making));
    track
}

/// L12: one poll can spawn 100,000 tasks, and all of them run.
pub fn l12_should_bear_100000_spawns_in_one_poll<E: Spawn>(case: &Case) {
    const TASKS: usize = 100_000;
    let mut executor = E::new();
    let handle = executor.handle();
    let ran: Arc<Vec<AtomicUsize>> = Arc::new((0..TASKS).map(|_| AtomicUsize::new(0)).collect());
    let root = async {
        let spawn = |number: usize| {
            let ran = Arc::clone(&ran);
            E::spawn(&handle, async move {
                ran[number].fetch_add(1, SeqCst);
            })
        };
        let tasks: Vec<_> = (0..TASKS).map(spawn).collect();
        case.event("all tasks are spawned, and are now joined");
        for task in tasks {
            task.await
                .expect("the task has neither panicked nor been cancelled");
        }
    };
    case.watch(STUCK, || executor.block_on(root));
    let wrong = ran.iter().filter(|runs| runs.load(SeqCst) != 1).count();
    assert_eq!(
        wrong, 0,
        "of {TASKS} tasks, so many did not run exactly once"
    );
}

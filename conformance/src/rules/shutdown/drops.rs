//! What shutdown drops, and when.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use super::{assert_dropped_once, shut_down};
use crate::Case;
use crate::adapter::{JoinHandle, OnHandleDrop, Spawn};
use crate::devices::{Opener, gate, turns};
use crate::lock::lock;
use crate::rules::lifecycle::{OnDrop, Progress, Track, Wakers, with_drop};

/// D1: shutdown drops each future, whether its task is idle, queued or was never polled.
pub fn d01_must_drop_every_future<E: Spawn>(case: &Case) {
    const TASKS: usize = 100;
    let progress = Progress::new();
    let mut executor = E::new();
    let handle = executor.handle();
    let mut tasks = Tasks::default();
    executor.block_on(async {
        let mut idle = Vec::new();
        let mut queued = Vec::new();
        for _ in 0..TASKS {
            idle.push(tasks.gated::<E>(&progress, &handle, "that were idle"));
            queued.push(tasks.gated::<E>(&progress, &handle, "that were queued"));
        }
        let polled = || tasks.tracks().all(|track| track.polls() > 0);
        progress.until("every future is polled", polled).await;
        // From here to the end is one poll of the root.
        for _ in 0..TASKS {
            tasks.gated::<E>(&progress, &handle, "that were spawned last");
        }
        for opener in queued {
            opener.open();
        }
        tasks.openers = idle;
    });
    case.event("the executor is dropped");
    shut_down(case, executor);
    tasks.assert_dropped_once();

    let executor = E::new();
    let handle = executor.handle();
    let mut tasks = Tasks::default();
    for _ in 0..TASKS {
        tasks.gated::<E>(&progress, &handle, "of an executor that never ran");
    }
    case.event("an executor that has never run is dropped");
    shut_down(case, executor);
    tasks.assert_dropped_once();
}

/// Tasks that wait, by what is said about them; each other one's handle is kept.
#[derive(Default)]
struct Tasks {
    waiting: Vec<(&'static str, Track)>,
    handles: Vec<JoinHandle<()>>,
    openers: Vec<Opener>,
}

impl Tasks {
    fn gated<E: Spawn>(
        &mut self,
        progress: &Progress,
        handle: &E::Handle,
        what: &'static str,
    ) -> Opener {
        let (gate, opener) = gate();
        self.spawn::<E>(progress, handle, what, gate);
        opener
    }

    fn spawn<E: Spawn>(
        &mut self,
        progress: &Progress,
        handle: &E::Handle,
        what: &'static str,
        future: impl Future<Output = ()> + Send + 'static,
    ) {
        let (future, track) = progress.watch(future);
        let task = E::spawn(handle, future);
        // Where dropping a handle would cancel its task, all of them are kept.
        if self.waiting.len() % 2 == 0 || E::ON_HANDLE_DROP == OnHandleDrop::Cancels {
            self.handles.push(task);
        }
        self.waiting.push((what, track));
    }

    fn tracks(&self) -> impl Iterator<Item = &Track> {
        self.waiting.iter().map(|(_, track)| track)
    }

    fn assert_dropped_once(&self) {
        let mut left: &[(&str, Track)] = &self.waiting;
        while let Some(&(what, _)) = left.first() {
            let same = |(other, track): &(&str, Track)| (*other == what).then(|| track.clone());
            let tracks: Vec<Track> = self.waiting.iter().filter_map(same).collect();
            assert_dropped_once(what, &tracks);
            let next = left.iter().position(|(other, _)| *other != what);
            left = &left[next.unwrap_or(left.len())..];
        }
    }
}

/// D2: shutdown drops futures that own their own wakers, or each other's.
pub fn d02_must_break_cycles_of_wakers<E: Spawn>(case: &Case) {
    let progress = Progress::new();
    let mut executor = E::new();
    let handle = executor.handle();
    let mut tasks = Tasks::default();
    executor.block_on(async {
        for _ in 0..20 {
            let mut own = None;
            let future = poll_fn(move |cx| {
                own.get_or_insert_with(|| cx.waker().clone());
                Poll::Pending
            });
            tasks.spawn::<E>(&progress, &handle, "that owned their own wakers", future);
        }
        for _ in 0..20 {
            let pair = Arc::new(Mutex::new([None, None]));
            for place in 0..2 {
                let what = "that owned each other's wakers";
                tasks.spawn::<E>(&progress, &handle, what, paired(&pair, place));
            }
        }
        let mut yielding = Vec::new();
        for _ in 0..20 {
            let (gate, opener) = gate();
            let what = "that wake themselves without end";
            tasks.spawn::<E>(&progress, &handle, what, yields_after(gate));
            yielding.push(opener);
        }
        let polled = || tasks.tracks().all(|track| track.polls() > 0);
        progress.until("every future is polled", polled).await;
        // In the root's last poll, since they may keep it from another.
        yielding.iter().for_each(|opener| {
            opener.open();
        });
    });
    case.event("the executor is dropped");
    shut_down(case, executor);
    tasks.assert_dropped_once();
}

fn paired(pair: &Arc<Mutex<[Option<Waker>; 2]>>, place: usize) -> impl Future<Output = ()> + use<> {
    let pair = Arc::clone(pair);
    poll_fn(move |cx| {
        let mut pair = lock(&pair);
        pair[place] = Some(cx.waker().clone());
        Poll::Pending
    })
}

thread_local! {
    /// Whether this thread is calling wakers.
    static WAKING: Cell<bool> = const { Cell::new(false) };
}

/// D6: a live task is dropped neither before shutdown nor inside of a wake.
pub fn d06_must_not_drop_live_tasks_early<E: Spawn>(case: &Case) {
    const TASKS: usize = 40;
    let progress = Progress::new();
    let mut executor = E::new();
    let handle = executor.handle();
    let inline = Arc::new(AtomicUsize::new(0));
    let wakers = Wakers::default();
    let mut kept = Vec::new();
    let mut tracks = Vec::new();
    executor.block_on(async {
        for _ in 0..TASKS {
            let future = waking_in_drop(&wakers, &inline);
            let (future, track) = progress.watch(future);
            let task = E::spawn(&handle, future);
            // Where that would cancel it, the handle is kept.
            match E::ON_HANDLE_DROP {
                OnHandleDrop::Detaches => drop(task),
                OnHandleDrop::Cancels => kept.push(task),
            }
            tracks.push(track);
        }
        let polled = || tracks.iter().all(|track| track.polls() > 0);
        progress.until("every future is polled", polled).await;
        for _ in 0..20 {
            drop(handle.clone());
            turns::<E>(&handle, 5).await;
        }
        let dropped = tracks.iter().filter(|track| track.drops() > 0).count();
        assert_eq!(
            dropped, 0,
            "of {TASKS} tasks that wait, so many were dropped"
        );
    });
    case.event("the executor is dropped");
    shut_down(case, executor);
    assert_dropped_once("that were live at shutdown", &tracks);
    let inline = inline.load(SeqCst);
    assert_eq!(
        inline, 0,
        "during shutdown, so many futures were dropped inside of a wake"
    );
    wakers.clear();
}

/// Leaves its waker behind; calls all that were left behind when it is dropped.
fn waking_in_drop(
    wakers: &Wakers,
    inline: &Arc<AtomicUsize>,
) -> impl Future<Output = ()> + Send + use<> {
    let all = wakers.clone();
    let inline = Arc::clone(inline);
    with_drop(wakers.pending(), move || {
        if WAKING.get() {
            inline.fetch_add(1, SeqCst);
            return;
        }
        WAKING.set(true);
        let _over = OnDrop::new(|| WAKING.set(false));
        all.wake_all();
    })
}

/// D7: when dropping the executor has returned, nothing is polled any more.
pub fn d07_must_never_poll_after_shutdown<E: Spawn>(case: &Case) {
    case.trials(5, |_, _| {
        let after = polls_after_shutdown::<E>(case);
        if after == 0 {
            return Ok(());
        }
        Err(format!("{after} polls began after the drop had returned"))
    });
}

fn polls_after_shutdown<E: Spawn>(case: &Case) -> usize {
    let progress = Progress::new();
    let mut executor = E::new();
    let handle = executor.handle();
    let wakers = Wakers::default();
    let mut tasks = Tasks::default();
    executor.block_on(async {
        let mut yielding = Vec::new();
        for _ in 0..10 {
            let (gate, opener) = gate();
            tasks.spawn::<E>(&progress, &handle, "that yield", yields_after(gate));
            yielding.push(opener);
            let what = "that other threads wake";
            let waiting = poll_fn(wakers.pending());
            tasks.spawn::<E>(&progress, &handle, what, waiting);
        }
        let polled = || tasks.tracks().all(|track| track.polls() > 0);
        progress.until("every future is polled", polled).await;
        yielding.iter().for_each(|opener| {
            opener.open();
        });
    });
    let over = Arc::new(AtomicBool::new(false));
    let waking: Vec<_> = (0..2).map(|_| wake_until(&over, &wakers)).collect();
    // Workers of the executor's, if it has some, should be in the midst of it.
    let busy = || tasks.tracks().all(|track| track.polls() > 2);
    for_a_moment_or_until(busy);
    shut_down(case, executor);
    let polls = || tasks.tracks().map(Track::polls).sum::<usize>();
    let before = polls();
    for_a_moment_or_until(|| polls() > before);
    over.store(true, SeqCst);
    for thread in waking {
        // A wake that panics after shutdown is another rule's.
        let _ = thread.join();
    }
    polls() - before
}

/// How long it waits decides only how much it can see.
fn for_a_moment_or_until(condition: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_millis(10);
    while !condition() && Instant::now() < end {
        thread::yield_now();
    }
}

async fn yields_after(gate: impl Future<Output = ()>) {
    gate.await;
    poll_fn(|cx| {
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    })
    .await;
}

fn wake_until(over: &Arc<AtomicBool>, wakers: &Wakers) -> thread::JoinHandle<()> {
    let over = Arc::clone(over);
    let wakers = wakers.all();
    thread::spawn(move || {
        while !over.load(SeqCst) {
            wakers.iter().for_each(Waker::wake_by_ref);
            thread::yield_now();
        }
    })
}

//! When, where and how often a future is polled.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::hint::spin_loop;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use super::anchored::Moves;
use super::{Progress, STUCK, Track, Wakers};
use crate::Case;
use crate::adapter::Spawn;
use crate::devices::{gate, turns};
use crate::lock::lock;

/// L1: a future that was spawned is polled, wherever it was spawned.
pub fn l01_must_poll_what_is_spawned<E: Spawn>(_: &Case) {
    let progress = Progress::new();
    let mut executor = E::new();
    let handle = executor.handle();
    let (future, before) = progress.watch(async {});
    let spawned_before = E::spawn(&handle, future);
    executor.block_on(async {
        let what = "a future that was spawned before `block_on` is polled";
        progress.until(what, || before.polls() > 0).await;

        let (future, by_root) = progress.watch(async {});
        let spawned_by_root = E::spawn(&handle, future);
        let what = "a future that the root spawned is polled";
        progress.until(what, || by_root.polls() > 0).await;

        let (future, by_task) = progress.watch(async {});
        let inner = handle.clone();
        let spawning = E::spawn(&handle, async move { Some(E::spawn(&inner, future)) });
        let what = "a future that a task spawned is polled";
        progress.until(what, || by_task.polls() > 0).await;
        drop((spawned_by_root, spawning));
    });
    drop(spawned_before);
}

/// L2: a future that was ready or has panicked is never polled again.
pub fn l02_must_never_poll_after_the_end<E: Spawn>(case: &Case) {
    late_polls_of_ready_futures::<E>();
    case.event("from here on, futures panic");
    for number in 0..6 {
        // What the panic leaves behind goes with the thread.
        let checking = thread::spawn(move || late_polls_of_a_panicked_future::<E>(number));
        checking.join().unwrap_or_else(|panic| resume_unwind(panic));
    }
}

/// Ends at its first, second or third poll; each other one wakes itself at that poll too, and has
/// another thread do so.
fn ending(number: usize, left: Wakers) -> impl Future<Output = ()> {
    let mut polls = number % 3;
    poll_fn(move |cx| {
        left.push(cx.waker());
        if polls > 0 {
            polls -= 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if number % 2 == 0 {
            cx.waker().wake_by_ref();
            let remote = cx.waker().clone();
            // A wake that panics there is another rule's.
            let _ = thread::spawn(move || remote.wake()).join();
        }
        Poll::Ready(())
    })
}

fn late_polls_of_ready_futures<E: Spawn>() {
    let progress = Progress::new();
    let mut executor = E::new();
    let handle = executor.handle();
    let left = Wakers::default();
    let mut tracks: Vec<Track> = Vec::new();
    executor.block_on(async {
        let mut tasks = Vec::new();
        for number in 0..60 {
            let (future, track) = progress.watch(ending(number, left.clone()));
            tasks.push(E::spawn(&handle, future));
            tracks.push(track);
        }
        let ended = || tracks.iter().all(Track::has_ended);
        progress.until("every future ends", ended).await;
        for _ in 0..4 {
            left.wake_all();
            turns::<E>(&handle, 25).await;
        }
        drop(tasks);
        left.wake_all();
        turns::<E>(&handle, 25).await;
    });
    drop(executor);
    // A panic of a wake that comes late is another rule's.
    let _ = catch_unwind(AssertUnwindSafe(|| left.wake_all()));
    let late: usize = tracks.iter().map(Track::late_polls).sum();
    assert_eq!(late, 0, "futures were polled again after they were ready");
}

/// The executor may let the panic out of `block_on`, or lose a worker by it: that is group P's.
fn late_polls_of_a_panicked_future<E: Spawn>(number: usize) {
    let progress = Progress::new();
    let short = Progress::with_patience(Duration::from_secs(1));
    let mut executor = E::new();
    let handle = executor.handle();
    let left = Wakers::default();
    let ending = ending(number, left.clone());
    let (future, track) = progress.watch(async move {
        ending.await;
        panic!("this future panics on purpose");
    });
    let run = AssertUnwindSafe(|| {
        executor.block_on(async {
            let task = E::spawn(&handle, future);
            let ended = || track.has_ended();
            progress.until("a future panics", ended).await;
            left.wake_all();
            let _ = short.try_wait(turns::<E>(&handle, 25)).await;
            drop(task);
        });
    });
    if catch_unwind(run).is_err() {
        let again = AssertUnwindSafe(|| {
            left.wake_all();
            executor.block_on(short.try_wait(turns::<E>(&handle, 25)));
        });
        let _ = catch_unwind(again);
        // What dropping it does after a panic is another rule's.
        mem::forget(executor);
    }
    assert!(
        track.has_ended(),
        "a future that wakes itself is not polled"
    );
    let late = track.late_polls();
    assert_eq!(late, 0, "a future was polled again after it had panicked");
}

/// L3: a future is never polled by two threads at once.
pub fn l03_must_never_poll_concurrently<E: Spawn>(case: &Case) {
    const TASKS: usize = 4;
    let polls = case.repeat(100);
    let mut executor = E::new();
    let handle = executor.handle();
    let progress = Progress::new();
    let storm = Arc::new(Storm::default());
    let blowing: Vec<_> = (0..2).map(|_| Storm::blow(&storm)).collect();
    let mut tracks: Vec<Track> = Vec::new();
    executor.block_on(async {
        let mut tasks = Vec::new();
        for number in 0..TASKS {
            let (future, track) = progress.watch(stormy(number, polls, Arc::clone(&storm)));
            tasks.push(E::spawn(&handle, future));
            tracks.push(track);
        }
        let ended = || tracks.iter().all(Track::has_ended);
        progress
            .until("futures that wake themselves end", ended)
            .await;
    });
    storm.over.store(true, SeqCst);
    if blowing.into_iter().any(|thread| thread.join().is_err()) {
        case.note("a wake on another thread panicked; see W10");
    }
    let overlapping: usize = tracks.iter().map(Track::overlapping_polls).sum();
    let total: usize = tracks.iter().map(Track::polls).sum();
    assert_eq!(
        overlapping, 0,
        "of {total} polls, so many began while the same future was being polled"
    );
}

/// Threads that call the wakers of tasks while these are polled.
#[derive(Debug, Default)]
struct Storm {
    wakers: [Mutex<Option<Waker>>; 4],
    wakes: AtomicUsize,
    over: AtomicBool,
}

impl Storm {
    fn blow(storm: &Arc<Self>) -> thread::JoinHandle<()> {
        let storm = Arc::clone(storm);
        thread::spawn(move || {
            while !storm.over.load(SeqCst) {
                for waker in &storm.wakers {
                    let waker = lock(waker).take();
                    waker.into_iter().for_each(Waker::wake);
                }
                storm.wakes.fetch_add(1, SeqCst);
                thread::yield_now();
            }
        })
    }
}

/// Wakes itself, and stays in its poll until the storm has woken it too; for so many polls, or for
/// a while.
fn stormy(number: usize, mut polls: usize, storm: Arc<Storm>) -> impl Future<Output = ()> {
    const LINGER: Duration = Duration::from_micros(100);
    const AT_MOST: Duration = Duration::from_millis(2);
    const ALL: Duration = Duration::from_millis(500);
    let start = Instant::now();
    poll_fn(move |cx| {
        if polls == 0 || start.elapsed() > ALL {
            return Poll::Ready(());
        }
        polls -= 1;
        let clone = cx.waker().clone();
        let former = {
            let slot = &storm.wakers[number];
            let mut slot = lock(slot);
            slot.replace(clone)
        };
        drop(former);
        cx.waker().wake_by_ref();
        // Staying for longer only makes it likelier that a second poll is seen.
        let began = Instant::now();
        let woken = storm.wakes.load(SeqCst) + 4;
        while storm.wakes.load(SeqCst) < woken && began.elapsed() < AT_MOST {
            spin_loop();
        }
        let began = Instant::now();
        while began.elapsed() < LINGER {
            spin_loop();
        }
        Poll::Pending
    })
}

/// L4: a future stays where it is from its first poll until it has been dropped.
pub fn l04_must_never_move_after_the_first_poll<E: Spawn>(case: &Case) {
    case.event("small futures");
    crowd::<E, 1>(2_000);
    case.event("large futures");
    crowd::<E, 20_000>(100);
}

/// Futures come, a half goes, others come, nearly all go, and the rest is dropped at shutdown.
fn crowd<E: Spawn, const PADDING: usize>(size: usize) {
    let progress = Progress::new();
    let mut executor = E::new();
    let handle = executor.handle();
    let moves = Moves::default();
    let root_moves = Moves::default();
    let mut tasks = Vec::new();
    let mut waiting = Vec::new();
    let root = async {
        for _ in 0..3 {
            for _ in 0..size / 3 {
                let (gate, opener) = gate();
                let (future, track) = progress.watch(gate);
                let future = moves.anchor::<_, PADDING>(future);
                tasks.push(E::spawn(&handle, future));
                waiting.push((opener, track));
            }
            let polled = || waiting.iter().all(|(_, track)| track.polls() > 0);
            progress.until("every future is polled", polled).await;

            let mut gone = Vec::new();
            for (place, (opener, track)) in mem::take(&mut waiting).into_iter().enumerate() {
                if place % 2 == 0 {
                    opener.open();
                    gone.push(track);
                } else {
                    waiting.push((opener, track));
                }
            }
            let dropped = || gone.iter().all(|track| track.drops() > 0);
            progress
                .until("futures that end are dropped", dropped)
                .await;
        }
    };
    executor.block_on(root_moves.anchor::<_, PADDING>(root));
    drop(executor);
    assert_eq!(moves.count(), 0, "spawned futures were moved after a poll");
    assert_eq!(root_moves.count(), 0, "the root was moved after a poll");
}

thread_local! {
    /// Whether this thread is inside of `spawn`.
    static SPAWNING: Cell<bool> = const { Cell::new(false) };
}

/// L8: `spawn` returns without having polled the future on the caller's stack.
pub fn l08_should_never_poll_inline_in_spawn<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let inline = Arc::new(AtomicUsize::new(0));
    let spawn = {
        let inline = Arc::clone(&inline);
        move |handle: &E::Handle| {
            let inline = Arc::clone(&inline);
            SPAWNING.set(true);
            let task = E::spawn(handle, async move {
                inline.fetch_add(usize::from(SPAWNING.get()), SeqCst);
            });
            SPAWNING.set(false);
            task
        }
    };
    let early = spawn(&handle);
    let root = async {
        let mut tasks: Vec<_> = (0..100).map(|_| spawn(&handle)).collect();
        tasks.push(early);
        for task in tasks {
            task.await
                .expect("the task has neither panicked nor been cancelled");
        }
        let inner = handle.clone();
        let spawning = E::spawn(&handle, async move { spawn(&inner).await });
        let joined = spawning.await.expect("the task has not been cancelled");
        joined.expect("the task has not been cancelled");
    };
    case.watch(STUCK, || executor.block_on(root));
    let inline = inline.load(SeqCst);
    assert_eq!(
        inline, 0,
        "of 102 futures, so many were polled inside of `spawn`"
    );
}

/// L9: a task whose wakers nobody calls is not polled, whatever its peers do.
pub fn l09_should_not_poll_without_a_wake<E: Spawn>(case: &Case) {
    const TURNS: usize = 1_000;
    let progress = Progress::new();
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        let stale = wakers_of_the_dead::<E>(&handle).await;
        let mut tasks = Vec::new();
        let mut waiting = Vec::new();
        for _ in 0..16 {
            let (gate, opener) = gate();
            let (future, track) = progress.watch(gate);
            tasks.push(E::spawn(&handle, future));
            waiting.push((opener, track));
        }
        let polled = || waiting.iter().all(|(_, track)| track.polls() > 0);
        progress.until("every future is polled", polled).await;
        case.event("the tasks wait, and wakers of others, which have ended, are called");
        stale.iter().for_each(Waker::wake_by_ref);
        turns::<E>(&handle, 10).await;
        let polls: Vec<usize> = waiting.iter().map(|(_, track)| track.polls()).collect();
        assert!(
            polls.iter().all(|&polls| polls == 1),
            "16 tasks that nobody woke were polled so often when tasks that had ended before were \
             woken: {polls:?}"
        );
        case.event("the tasks wait, and peers run");
        let stale = Wakers::default();
        for _ in 0..TURNS {
            let peer = E::spawn(&handle, poll_fn(stale.leave_once()));
            peer.await.expect("the task has not been cancelled");
            // The wakers of a peer that has ended are nobody else's.
            stale.wake_all();
            stale.clear();
        }
        let polls: Vec<usize> = waiting.iter().map(|(_, track)| track.polls()).collect();
        assert!(
            polls.iter().all(|&polls| polls == 1),
            "16 tasks that nobody woke were polled so often during {TURNS} turns of peers: {polls:?}"
        );
        for (opener, track) in &waiting {
            opener.open();
            let dropped = || track.drops() > 0;
            progress.until("a task that was woken ends", dropped).await;
            let polls = track.polls();
            assert!(polls <= 2, "a task was polled {polls} times for one wake");
        }
    });
}

/// Wakers of tasks that have ended, whose places others may take.
async fn wakers_of_the_dead<E: Spawn>(handle: &E::Handle) -> Vec<Waker> {
    let mut wakers = Vec::new();
    for _ in 0..16 {
        let own = E::spawn(handle, poll_fn(|cx| Poll::Ready(cx.waker().clone())));
        let own = own.await;
        wakers.push(own.expect("the task has neither panicked nor been cancelled"));
    }
    wakers
}

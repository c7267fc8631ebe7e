//! What went wrong once: each test is the shortest program that showed it.

mod common;

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, Weak, mpsc};
use std::task::{RawWaker, RawWakerVTable, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use common::{Drops, Gate, Guarded, must_end, poll_with, runtime, turns};
use executor_core::driver::{Park, ParkUntil, ThreadPark, WakeList};
use executor_core::time::{Sleep, sleep};
use executor_core::{
    Builder, Cause, Clock, Drivers, Fifo, Handle, PopContext, PushContext, Ready, Runtime,
    Scheduler, TaskOptions, spawn, spawn_with, task,
};

const FOR_LONG: Duration = Duration::from_secs(3600);

/// A move from another thread took the timer out of the wheel, and nothing woke the task again.
#[test]
fn a_sleep_that_another_thread_moves_still_wakes_its_task() {
    a_waiting_sleep_ends_when(|sleep, _| {
        let mover = thread::spawn(move || sleep.lock().unwrap().reset(Instant::now()));
        mover.join().unwrap();
    });
}

/// Inside `enter` the loop's own thread was taken for a foreign one, with the same end.
#[test]
fn a_sleep_that_is_moved_inside_enter_still_wakes_its_task() {
    a_waiting_sleep_ends_when(|sleep, handle| {
        handle.enter(|| sleep.lock().unwrap().reset(Instant::now()));
    });
}

fn a_waiting_sleep_ends_when(moves: fn(Arc<Mutex<Sleep>>, &Handle)) {
    must_end(move || {
        let runtime = runtime();
        let handle = runtime.handle();
        runtime.block_on(async {
            let shared = Arc::new(Mutex::new(sleep(FOR_LONG)));
            let polled = Arc::clone(&shared);
            let body = poll_fn(move |cx| Pin::new(&mut *polled.lock().unwrap()).poll(cx));
            let waiting = spawn(body);
            turns(1).await;
            moves(shared, &handle);
            waiting.await.unwrap().unwrap();
        });
    });
}

/// A waker with a drop of its own that panics.
struct BadDrop;

impl Wake for BadDrop {
    fn wake(self: Arc<Self>) {}
}

impl Drop for BadDrop {
    fn drop(&mut self) {
        panic!("this waker panics when it is dropped");
    }
}

/// Leaves the last reference to a [`BadDrop`] in the wheel, and has the loop let go of it later.
fn send_a_bad_waker_home(runtime: &Runtime) {
    let mut polled = runtime.handle().sleep(FOR_LONG);
    runtime.block_on(async {
        let waker = Waker::from(Arc::new(BadDrop));
        assert!(poll_with(&mut polled, &waker).is_pending());
    });
    thread::spawn(move || drop(polled)).join().unwrap();
}

/// The panic of a waker's drop left `block_on`, which may panic only where its future does.
#[test]
fn a_wakers_drop_that_panics_does_not_end_an_unrelated_block_on() {
    let runtime = runtime();
    send_a_bad_waker_home(&runtime);
    assert_eq!(runtime.block_on(async { 7 }), 7);
}

/// The panic of a waker's drop ended the closing, and a task that was still to arrive outlived
/// the core to which it referred.
#[test]
fn a_wakers_drop_that_panics_does_not_end_the_closing() {
    let drops = Drops::new();
    let gate = Gate::new();
    let runtime = runtime();
    let task = runtime.spawn(Guarded::new(gate.wait(), drops.sentinel()));
    runtime.block_on(turns(1));
    send_a_bad_waker_home(&runtime);
    // The wake arrives behind the bad waker.
    let opener = gate.clone();
    thread::spawn(move || opener.open()).join().unwrap();
    drop(runtime);
    assert_eq!(drops.count(), 1);
    let error = futures_lite::future::block_on(task).unwrap_err();
    assert!(error.is_cancelled());
}

/// Calls `f` with each task of the name `odd`, in place of pushing it, if the cause is `when`.
struct Odd<F> {
    f: F,
    when: Cause,
    rest: Fifo,
}

impl<F: FnMut(Ready)> Odd<F> {
    fn new(when: Cause, f: F) -> Self {
        let rest = Fifo::new();
        Self { f, when, rest }
    }
}

impl<F: FnMut(Ready) + 'static> Scheduler for Odd<F> {
    fn push(&mut self, task: Ready, cx: &PushContext<'_>) {
        if task.name() == Some("odd") && cx.cause() == self.when {
            (self.f)(task);
        } else {
            self.rest.push(task, cx);
        }
    }

    fn pop(&mut self, cx: &PopContext<'_>) -> Option<Ready> {
        self.rest.pop(cx)
    }

    fn len(&self) -> usize {
        self.rest.len()
    }
}

fn odd() -> TaskOptions {
    TaskOptions::new().name("odd")
}

/// Only what a policy dropped on the loop's own thread was counted.
#[test]
fn a_task_that_a_policy_drops_on_another_thread_is_counted_as_a_fault() {
    must_end(|| {
        let dropper = |task| thread::spawn(move || drop::<Ready>(task)).join().unwrap();
        let runtime = Runtime::without_io(Odd::new(Cause::Spawn, dropper));
        let ended = runtime.block_on(async { spawn_with(odd(), async { 7 }).await });
        assert_eq!(ended.unwrap(), 7);
        assert_eq!(runtime.policy_faults(), 1);
    });
}

/// A clock that stands still.
struct Frozen(Instant);

impl Clock for Frozen {
    fn now(&self) -> Instant {
        self.0
    }
}

/// Closing asked the runtime's clock how long it had waited for a lost task, and never heard that
/// it was long enough.
#[test]
fn closing_gives_a_lost_task_up_although_the_clock_stands_still() {
    must_end(|| {
        let park = ThreadPark::new();
        let clock = Arc::new(Frozen(Instant::now()));
        let drivers = Drivers::new("frozen", park.unparker()).clock(clock);
        let loses = Odd::new(Cause::Spawn, std::mem::forget);
        let runtime = Builder::new().build(loses, park, drivers).unwrap();
        let lost = runtime.handle().spawn_with(odd(), async {});
        runtime.block_on(turns(1));
        drop(runtime);
        assert!(
            futures_lite::future::block_on(lost)
                .unwrap_err()
                .is_cancelled()
        );
    });
}

thread_local! {
    static DROPPED_BY_CLONE: RefCell<Option<Sleep>> = const { RefCell::new(None) };
}

/// A waker whose clone drops the sleep above.
#[allow(
    unsafe_code,
    reason = "a clone that does anything else takes a table of its own"
)]
fn waker_with_a_busy_clone() -> Waker {
    static TABLE: RawWakerVTable = RawWakerVTable::new(
        |data| {
            drop(DROPPED_BY_CLONE.take());
            RawWaker::new(data, &TABLE)
        },
        |_| (),
        |_| (),
        |_| (),
    );
    let raw = RawWaker::new(std::ptr::null(), &TABLE);
    // SAFETY: there is no data behind the waker, so its functions may be called on any thread,
    // in any order and number.
    unsafe { Waker::from_raw(raw) }
}

/// The wheel was borrowed while it cloned the waker, and panicked when the clone came back to it.
#[test]
fn a_wakers_clone_may_drop_another_sleep() {
    runtime().block_on(async {
        let (mut polled, mut dropped) = (sleep(FOR_LONG), sleep(FOR_LONG));
        assert!(poll_with(&mut polled, Waker::noop()).is_pending());
        assert!(poll_with(&mut dropped, Waker::noop()).is_pending());
        DROPPED_BY_CLONE.set(Some(dropped));
        assert!(poll_with(&mut polled, &waker_with_a_busy_clone()).is_pending());
        assert!(DROPPED_BY_CLONE.take().is_none(), "the clone ran");
    });
}

/// Panics when it is asked, once it is armed.
#[derive(Clone, Default)]
struct Mine(Arc<AtomicBool>);

impl Mine {
    fn arm(&self) {
        self.0.store(true, SeqCst);
    }

    fn step(&self) {
        assert!(!self.0.swap(false, SeqCst), "this part of a backend panics");
    }
}

impl Clock for Mine {
    fn now(&self) -> Instant {
        self.step();
        Instant::now()
    }
}

struct MinedPark(ThreadPark, Mine);

impl Park for MinedPark {
    fn park(&mut self, until: ParkUntil, wakes: &mut WakeList) -> io::Result<()> {
        self.1.step();
        self.0.park(until, wakes)
    }
}

/// A clock's panic ended the closing, and a task in the hands of a policy outlived the core.
#[test]
fn the_core_outlives_a_task_when_the_clock_panics_while_closing() {
    a_kept_task_keeps_the_core(&Mine::default(), &Mine::default(), |clock, _| clock.arm());
}

/// As above, with a driver's panic.
#[test]
fn the_core_outlives_a_task_when_the_driver_panics_while_closing() {
    a_kept_task_keeps_the_core(&Mine::default(), &Mine::default(), |_, park| park.arm());
}

fn a_kept_task_keeps_the_core(clock: &Mine, park: &Mine, arm: fn(&Mine, &Mine)) {
    let (keep, kept) = mpsc::channel();
    let holds = Odd::new(Cause::Yield, move |task| keep.send(task).unwrap());
    let inner = ThreadPark::new();
    let of_the_core: Arc<dyn Clock> = Arc::new(clock.clone());
    let core_lives: Weak<dyn Clock> = Arc::downgrade(&of_the_core);
    let drivers = Drivers::new("mined", inner.unparker()).clock(of_the_core);
    let parts = MinedPark(inner, park.clone());
    let runtime = Builder::new().build(holds, parts, drivers).unwrap();

    runtime.block_on(async {
        spawn_with(odd(), task::yield_now());
        turns(2).await;
    });
    let token = kept.try_recv().expect("the policy was given the task");
    arm(clock, park);
    // Whether the panic comes out is up to what closing needs the part for.
    drop(catch_unwind(AssertUnwindSafe(|| drop(runtime))));
    assert!(core_lives.upgrade().is_some(), "the task refers to it");
    drop(token);
}

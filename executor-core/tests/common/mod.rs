//! Devices that the tests share.
//!
//! A [`Gate`] completes only if it was opened, so that a test sees lost wake-ups and busy loops
//! alike. A [`Sentinel`] counts its drops and notes their threads; put it into a hand-written
//! future such as [`Guarded`], since an `async` block drops its locals before it is ready.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of this"
)]

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use executor_core::driver::{Park, ParkUntil, ThreadPark, WakeList};
use executor_core::{Builder, Drivers, Fifo, Runtime, Scheduler};

/// A runtime of the plainest parts.
pub fn runtime() -> Runtime {
    Runtime::without_io(Fifo::new())
}

/// As many rounds as are worth the time in this build.
pub fn scaled(rounds: usize) -> usize {
    if cfg!(miri) {
        (rounds / 2000).max(2)
    } else if cfg!(debug_assertions) {
        (rounds / 20).max(1)
    } else {
        rounds
    }
}

/// Runs a test that would hang if it failed; after a minute it fails instead.
pub fn must_end<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    let thread = thread::Builder::new()
        .stack_size(8 << 20)
        .spawn(move || {
            let result = panic::catch_unwind(AssertUnwindSafe(test));
            let _ = sender.send(());
            result
        })
        .unwrap();
    let ended = receiver.recv_timeout(Duration::from_secs(60));
    assert!(ended.is_ok(), "it hangs");
    match thread.join().unwrap() {
        Ok(value) => value,
        Err(payload) => panic::resume_unwind(payload),
    }
}

/// Lets every task that is ready run, `count` times over.
pub async fn turns(count: usize) {
    for _ in 0..count {
        executor_core::spawn(async {}).await.unwrap();
    }
}

#[derive(Default)]
struct GateState {
    open: bool,
    waiters: Vec<Waker>,
}

/// Something to wait for: whoever waits goes on once it has been opened.
#[derive(Clone, Default)]
pub struct Gate {
    state: Arc<Mutex<GateState>>,
    polls: Arc<AtomicUsize>,
}

impl Gate {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn open(&self) {
        let mut state = self.state.lock().unwrap();
        state.open = true;
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        for waiter in waiters {
            waiter.wake();
        }
    }

    pub fn wait(&self) -> GateWait {
        GateWait(self.clone())
    }

    /// How often a waiter was polled.
    pub fn polls(&self) -> usize {
        self.polls.load(SeqCst)
    }

    /// The wakers of those who wait.
    pub fn wakers(&self) -> Vec<Waker> {
        self.state.lock().unwrap().waiters.clone()
    }

    pub fn is_waited_for(&self) -> bool {
        !self.state.lock().unwrap().waiters.is_empty()
    }

    /// Turns the runtime until somebody waits.
    pub async fn reached(&self) {
        while !self.is_waited_for() {
            executor_core::task::yield_now().await;
        }
    }
}

pub struct GateWait(Gate);

impl Future for GateWait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.polls.fetch_add(1, SeqCst);
        let mut state = self.0.state.lock().unwrap();
        if state.open {
            return Poll::Ready(());
        }
        if !state.waiters.iter().any(|old| old.will_wake(cx.waker())) {
            state.waiters.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

/// What became of the [`Sentinel`]s that were made from it.
#[derive(Clone, Default)]
pub struct Drops(Arc<Mutex<Vec<ThreadId>>>);

impl Drops {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn sentinel(&self) -> Sentinel {
        Sentinel(self.clone())
    }

    pub fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub fn threads(&self) -> Vec<ThreadId> {
        self.0.lock().unwrap().clone()
    }
}

pub struct Sentinel(Drops);

impl Drop for Sentinel {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().push(thread::current().id());
    }
}

/// A future that owns something until it is dropped.
pub struct Guarded<F, G> {
    future: Pin<Box<F>>,
    _guard: G,
}

impl<F, G> Guarded<F, G> {
    pub fn new(future: F, guard: G) -> Self {
        Self {
            future: Box::pin(future),
            _guard: guard,
        }
    }
}

impl<F: Future, G: Unpin> Future for Guarded<F, G> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.future.as_mut().poll(cx)
    }
}

/// Calls a closure when it is dropped.
pub struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> OnDrop<F> {
    pub fn new(f: F) -> Self {
        Self(Some(f))
    }
}

impl<F: FnOnce()> Unpin for OnDrop<F> {}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

/// A waker that counts.
#[derive(Default)]
pub struct Count(AtomicUsize);

impl Count {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A waker that panics.
pub struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        panic!("this waker panics");
    }
}

/// Polls a future once with a waker.
pub fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Wakes its task, then is pending, without end.
pub struct SelfWaker;

impl Future for SelfWaker {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A driver that says when it is about to sleep.
pub struct ToldPark {
    inner: ThreadPark,
    sleeps: Arc<Sleeps>,
}

/// What a [`ToldPark`] told.
#[derive(Default)]
pub struct Sleeps {
    untimed: AtomicUsize,
    timed: AtomicUsize,
}

impl Sleeps {
    pub fn untimed(&self) -> usize {
        self.untimed.load(SeqCst)
    }

    pub fn timed(&self) -> usize {
        self.timed.load(SeqCst)
    }
}

impl Park for ToldPark {
    fn park(&mut self, until: ParkUntil, wakes: &mut WakeList) -> io::Result<()> {
        match until {
            ParkUntil::Now => {}
            ParkUntil::Deadline(_) => drop(self.sleeps.timed.fetch_add(1, SeqCst)),
            ParkUntil::Notified => drop(self.sleeps.untimed.fetch_add(1, SeqCst)),
        }
        self.inner.park(until, wakes)
    }
}

/// A runtime that tells when it sleeps.
pub fn told_runtime<S: Scheduler>(policy: S) -> (Runtime<S, ToldPark>, Arc<Sleeps>) {
    let inner = ThreadPark::new();
    let drivers = Drivers::new("told", inner.unparker());
    let sleeps = Arc::new(Sleeps::default());
    let park = ToldPark {
        inner,
        sleeps: Arc::clone(&sleeps),
    };
    let runtime = Builder::new().build(policy, park, drivers).unwrap();
    (runtime, sleeps)
}

/// A panic payload whose drop panics; each is counted.
pub struct BadPayload(pub Arc<AtomicUsize>);

impl Drop for BadPayload {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
        panic!("this payload panics when it is dropped");
    }
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Fails if it is entered again on the same thread.
pub fn not_nested<R>(f: impl FnOnce() -> R) -> R {
    assert!(!INSIDE.replace(true), "polled inside of a wake or a spawn");
    let _leave = OnDrop::new(|| INSIDE.set(false));
    f()
}

//! T6, T7, T9: whom a sleep wakes, and that nothing is left of one that was dropped.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::hint;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use super::alarms::{Alarms, in_time};
use crate::Case;
use crate::adapter::{OnThread, Timers};
use crate::devices::{CountingWaker, allocated, yield_once};

/// A deadline that does not come while a rule runs.
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

/// T6: a sleep wakes the waker of its last poll.
pub fn t06_must_latest_waker_wins<E: Timers>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        for others in [1, 2, 100] {
            case.event(format_args!("polled with {others} other wakers before"));
            let deadline = Instant::now() + Duration::from_millis(10);
            let mut sleep = Box::pin(E::sleep_until(&handle, deadline));
            let polls = (0..others).map(|_| {
                let (_, waker) = CountingWaker::new();
                sleep.as_mut().poll(&mut Context::from_waker(&waker))
            });
            // On a busy machine it may be over by now; then it must not be polled again.
            if polls.take_while(Poll::is_pending).count() == others {
                let mut alarms = Alarms::new();
                alarms.add_pinned(deadline, sleep);
                alarms
                    .all("a sleep that was polled with another waker before")
                    .await;
            }
        }
        for blocked in [false, true] {
            case.event("polled with its waker, then with another, then with its own again");
            let mut alarms = Alarms::new();
            let (_, other) = CountingWaker::new();
            let deadline = Instant::now() + Duration::from_millis(5);
            let index = alarms.add(deadline, E::sleep_until(&handle, deadline));
            if blocked {
                thread::sleep(Duration::from_millis(7));
            }
            alarms.disturb(index, &other);
            alarms
                .all("a sleep that was polled with another waker in between")
                .await;
        }
    });
}

/// T7: dropping a sleep lets go of its waker and of its memory.
pub fn t07_must_drop_releases_waker_and_memory<E: Timers>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let (counter, waker) = CountingWaker::new();
    let mut cx = Context::from_waker(&waker);
    executor.block_on(async {
        let idle = Arc::strong_count(&counter);
        case.event("dropped while they wait");
        let mut sleeps: Vec<_> = (0..50).map(|_| Box::pin(E::sleep(&handle, HOUR))).collect();
        for sleep in &mut sleeps {
            assert!(sleep.as_mut().poll(&mut cx).is_pending(), "an hour is over");
        }
        drop(sleeps);
        released::<E>(&handle, &counter, idle, "dropped while it waited").await;

        case.event("ended");
        let mut sleep = Box::pin(E::sleep(&handle, Duration::from_millis(1)));
        while sleep.as_mut().poll(&mut cx).is_pending() {
            E::sleep(&handle, Duration::from_millis(2)).await;
        }
        drop(sleep);
        released::<E>(&handle, &counter, idle, "dropped after its end").await;

        case.event("polled with another waker since");
        let mut sleep = Box::pin(E::sleep(&handle, HOUR));
        assert!(sleep.as_mut().poll(&mut cx).is_pending());
        let mut other = Context::from_waker(Waker::noop());
        assert!(sleep.as_mut().poll(&mut other).is_pending());
        released::<E>(&handle, &counter, idle, "polled with another waker").await;
    });
    if allocated().is_some() {
        executor.block_on(memory_stays_flat::<E>(case, &handle));
    } else {
        case.note("memory was not looked at: it takes `allocator!()`");
    }
}

/// Waits until the waker of `counter` is held no more often than `idle`, but not for ever.
///
/// An executor whose timers are another thread's may take back a timer at its next turn.
pub(super) async fn released<E: Timers>(
    handle: &E::Handle,
    counter: &Arc<CountingWaker>,
    idle: usize,
    what: &str,
) {
    for _ in 0..2_000 {
        if Arc::strong_count(counter) <= idle {
            return;
        }
        E::sleep(handle, Duration::from_millis(1)).await;
    }
    panic!("the waker of a sleep is still held although that was {what}");
}

async fn memory_stays_flat<E: Timers>(case: &Case, handle: &E::Handle) {
    const TIMERS: usize = 4_000;
    // Whatever is kept for a timer is more than a byte.
    const LEAK: usize = 5 * TIMERS;
    // The first rounds fill what is kept for reuse.
    make_and_drop::<E>(handle, 2 * TIMERS).await;
    let base = bytes();
    for round in 0..5 {
        case.event(format_args!(
            "round {round} of {TIMERS} sleeps of an hour, dropped"
        ));
        make_and_drop::<E>(handle, TIMERS).await;
    }
    for _ in 0..500 {
        if bytes() < base + LEAK {
            return;
        }
        E::sleep(handle, Duration::from_millis(1)).await;
    }
    let grown = bytes().saturating_sub(base);
    panic!(
        "{} sleeps were dropped, and {grown} bytes are still held for them",
        5 * TIMERS
    );
}

/// Polls sleeps and drops them: the first half live together, the others one by one.
async fn make_and_drop<E: Timers>(handle: &E::Handle, count: usize) {
    let mut sleeps = Vec::new();
    for number in 0..count {
        let mut sleep = Box::pin(E::sleep(handle, HOUR));
        let polled = sleep.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending(), "an hour is over");
        if number < count / 2 {
            sleeps.push(sleep);
        }
        if number % 50 == 0 {
            yield_once().await;
        }
    }
    drop(sleeps);
    E::sleep(handle, Duration::from_millis(2)).await;
}

fn bytes() -> usize {
    allocated().map_or(0, |allocated| allocated.bytes)
}

/// T9: a sleep may be dropped at the moment at which it fires.
pub fn t09_must_drop_on_the_firing_tick<E: Timers>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        case.event("one of two that are due together ends, and both are dropped");
        for _ in 0..30 {
            drop_both::<E>(&handle).await;
        }
        case.event("dropped just before, at, or after the instant");
        let mut rng = case.rng(0);
        for round in 0..200 {
            drop_around::<E>(&handle, rng.u64(250..350), round % 2 == 0).await;
        }
        case.event("every other one of many that are due together is dropped");
        drop_every_other::<E>(&handle).await;
        case.event("one that has ended is dropped when there is another one");
        drop_after_end::<E>(&handle).await;
        case.event("the waker of one drops another one that is due together with it");
        drop_in_waker::<E>(&handle).await;
    });
}

async fn drop_both<E: Timers>(handle: &E::Handle) {
    let millisecond = Duration::from_millis(1);
    let deadline = Instant::now() + millisecond;
    let mut pair = [(); 2].map(|()| Box::pin(E::sleep_until(handle, deadline)));
    let either = poll_fn(|cx| {
        let polled = pair.iter_mut().map(|sleep| sleep.as_mut().poll(cx));
        polled.fold(
            Poll::Pending,
            |ended, polled| if ended.is_ready() { ended } else { polled },
        )
    });
    in_time(millisecond, "one of two sleeps", either).await;
}

/// Polls a sleep of 300 µs, and drops it when `micros` have passed.
async fn drop_around<E: Timers>(handle: &E::Handle, micros: u64, yields: bool) {
    let start = Instant::now();
    let mut sleep = Box::pin(E::sleep_until(handle, start + Duration::from_micros(300)));
    // Whether it has ended is of no account: it is there to be dropped.
    let _ = sleep.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    while start.elapsed() < Duration::from_micros(micros) {
        if yields {
            yield_once().await;
        } else {
            hint::spin_loop();
        }
    }
}

async fn drop_every_other<E: Timers>(handle: &E::Handle) {
    let mut alarms = Alarms::new();
    let deadline = Instant::now() + Duration::from_millis(10);
    for _ in 0..200 {
        alarms.add(deadline, E::sleep_until(handle, deadline));
    }
    alarms.settle().await;
    for index in (0..200).step_by(2) {
        alarms.cancel(index);
    }
    alarms.all("a sleep whose neighbour was dropped").await;
}

async fn drop_after_end<E: Timers>(handle: &E::Handle) {
    for _ in 0..10 {
        let millisecond = Duration::from_millis(1);
        let mut ended = Box::pin(E::sleep(handle, millisecond));
        in_time(millisecond, "a sleep", ended.as_mut()).await;
        // What names the one that ended may by now name this one.
        let mut alarms = Alarms::new();
        let deadline = Instant::now() + millisecond;
        alarms.add(deadline, E::sleep_until(handle, deadline));
        drop(ended);
        alarms
            .all("a sleep beside which one that had ended was dropped")
            .await;
    }
}

async fn drop_in_waker<E: Timers>(handle: &E::Handle) {
    const PAIRS: usize = 50;
    let peers = Rc::new(Peers {
        sleeps: RefCell::default(),
        panics: Cell::default(),
    });
    let mut alarms = Alarms::new();
    let deadline = Instant::now() + Duration::from_millis(5);
    let mut droppers = Vec::new();
    for pair in 0..PAIRS {
        let mut sleep = Box::pin(E::sleep_until(handle, deadline));
        let waker = Waker::from(Arc::new(Dropper {
            peers: OnThread::new(&peers),
            peer: pair,
        }));
        if sleep
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready()
        {
            waker.wake();
        }
        droppers.push(sleep);
        let mut peer = Box::pin(E::sleep_until(handle, deadline));
        // It need not be woken: it is there to be dropped.
        let _ = peer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        peers.sleeps.borrow_mut().push(Some(peer));
    }
    alarms.add(deadline, E::sleep_until(handle, deadline));
    alarms
        .all("a sleep beside others whose wakers drop sleeps")
        .await;
    drop(droppers);
    assert!(peers.panics.get() == 0, "{DROP_PANICKED}");
}

/// Sleeps that are there to be dropped.
struct Peers<S> {
    sleeps: RefCell<Vec<Option<Pin<Box<S>>>>>,
    /// How often that panicked.
    panics: Cell<usize>,
}

/// A waker that drops a sleep, if it is called on that one's thread.
struct Dropper<S> {
    peers: OnThread<Peers<S>>,
    peer: usize,
}

impl<S: 'static> Wake for Dropper<S> {
    fn wake(self: Arc<Self>) {
        let Some(peers) = self.peers.try_get() else {
            return;
        };
        let mut sleeps = peers.sleeps.borrow_mut();
        let peer = sleeps.get_mut(self.peer).and_then(Option::take);
        drop(sleeps);
        if catch_unwind(AssertUnwindSafe(|| drop(peer))).is_err() {
            // Said here as well as counted: the executor may contain it, or be in no state to go on.
            peers.panics.set(peers.panics.get() + 1);
            panic!("{DROP_PANICKED}");
        }
    }
}

const DROP_PANICKED: &str = "a waker that was called for one sleep dropped another, and that \
    panicked: wakers are called while the timers are borrowed";

//! T1 to T3: deadlines that have passed, that never come, and that are never early.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use super::alarms::{Alarms, in_time, not_early};
use crate::Case;
use crate::adapter::Timers;
use crate::devices::{Opener, gate, yield_once};

/// T1: sleeps of nothing and till the past end.
pub fn t01_must_zero_and_past_complete<E: Timers>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        for nanos in [0, 0, 1, 1_000] {
            let duration = Duration::from_nanos(nanos);
            let what = format!("a sleep of {duration:?}");
            case.event(&what);
            in_time(duration, &what, E::sleep(&handle, duration)).await;
        }
        let past = [0, 1, 1_000_000, 1_000_000_000, 3_600_000_000_000];
        for ago in past.map(Duration::from_nanos) {
            let what = format!("a sleep till {ago:?} ago");
            case.event(&what);
            // The clock may have begun since.
            let Some(deadline) = Instant::now().checked_sub(ago) else {
                continue;
            };
            in_time(Duration::ZERO, &what, E::sleep_until(&handle, deadline)).await;
        }
        case.event("many at once");
        let mut alarms = Alarms::new();
        for _ in 0..100 {
            let now = Instant::now();
            alarms.add(now, E::sleep(&handle, Duration::ZERO));
            alarms.add(now, E::sleep_until(&handle, now));
        }
        alarms.all("sleeps of nothing").await;
    });
}

/// T2: sleeps too long for any clock never panic and never end.
pub fn t02_must_durations_near_max_never_fire<E: Timers>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let (openers, to_open) = mpsc::channel();
    // It lets the executor wait for nothing but the far deadline, for a moment.
    let nudging = thread::spawn(move || to_open.iter().for_each(|opener| nudge(&opener)));
    executor.block_on(async {
        let mut all = Vec::new();
        for duration in far() {
            let deadline = Instant::now().checked_add(duration);
            let sleeps = [
                Some(("of", E::sleep(&handle, duration))),
                deadline.map(|deadline| ("till in", E::sleep_until(&handle, deadline))),
            ];
            for (kind, sleep) in sleeps.into_iter().flatten() {
                let what = format!("a sleep {kind} {duration:?}");
                case.event(&what);
                let mut sleep = Box::pin(sleep);
                still_pending(sleep.as_mut(), &what);
                let (gate, opener) = gate();
                openers.send(opener).expect("the other thread listens");
                gate.await;
                still_pending(sleep.as_mut(), &what);
                let short = Duration::from_millis(1);
                let beside = format!("a sleep of {short:?} beside {what}");
                in_time(short, &beside, E::sleep(&handle, short)).await;
                still_pending(sleep.as_mut(), &what);
                all.push((sleep, what));
            }
        }
        case.event("all of them at once");
        E::sleep(&handle, Duration::from_millis(5)).await;
        for (sleep, what) in &mut all {
            still_pending(sleep.as_mut(), what);
            yield_once().await;
        }
        drop(openers);
    });
    nudging.join().expect("`wake` does not panic");
}

/// Opens the gate a moment after somebody waits there.
pub(super) fn nudge(opener: &Opener) {
    while !opener.is_awaited() {
        thread::yield_now();
    }
    thread::sleep(Duration::from_millis(1));
    opener.open();
}

fn still_pending<S: Future>(sleep: Pin<&mut S>, what: &str) {
    let polled = sleep.poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending(), "{what} has ended");
}

/// Durations at the limits of what the types for time hold, in the units of timers.
fn far() -> Vec<Duration> {
    let year = Duration::from_secs(365 * 24 * 3600);
    let limits = [
        i32::MAX as u64,
        u64::from(u32::MAX),
        // What six levels of 64 slots hold.
        1 << 36,
        i64::MAX as u64,
        u64::MAX,
    ];
    let mut far = vec![
        year * 30,
        year * 100,
        year * 1_000,
        Duration::MAX / 2,
        Duration::MAX - Duration::from_nanos(1),
        Duration::MAX,
    ];
    for limit in limits {
        for around in [limit - 1, limit, limit.saturating_add(1)] {
            far.push(Duration::from_secs(around));
            far.push(Duration::from_millis(around));
            far.push(Duration::from_micros(around));
            far.push(Duration::from_nanos(around));
        }
    }
    far.push(Duration::from_nanos(u64::MAX) + Duration::from_nanos(1));
    // What could come while the rule runs is not far.
    far.retain(|duration| *duration > Duration::from_secs(1_000));
    far.dedup();
    far
}

/// T3: no sleep ends before its deadline.
pub fn t03_must_sleeps_are_never_early<E: Timers>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        case.event("one after the other");
        let mut durations = vec![
            1, 999, 1_000, 65_536, 500_000, 999_999, 1_000_000, 1_000_001, 1_500_000, 1_999_999,
            2_000_001, 2_900_000, 4_999_999,
        ];
        let mut rng = case.rng(0);
        durations.extend((0..20).map(|_| rng.u64(..3_000_000)));
        for duration in durations.into_iter().map(Duration::from_nanos) {
            sleep_of::<E>(&handle, duration).await;
            let deadline = Instant::now() + duration;
            in_time(duration, "a sleep", E::sleep_until(&handle, deadline)).await;
            not_early(deadline);
        }

        case.event("after the thread was blocked: the executor's clock must not stand still");
        for _ in 0..5 {
            thread::sleep(Duration::from_millis(3));
            sleep_of::<E>(&handle, Duration::from_millis(2)).await;
        }

        case.event("polled again and again");
        for _ in 0..5 {
            polled_often::<E>(&handle, Duration::from_millis(2)).await;
        }

        case.event("many at once");
        let mut alarms = Alarms::new();
        for _ in 0..300 {
            let duration = Duration::from_nanos(rng.u64(..30_000_000));
            let now = Instant::now();
            alarms.add(now + duration, E::sleep(&handle, duration));
        }
        alarms.all("300 sleeps of up to 30 ms").await;
    });
}

async fn sleep_of<E: Timers>(handle: &E::Handle, duration: Duration) {
    let start = Instant::now();
    in_time(duration, "a sleep", E::sleep(handle, duration)).await;
    not_early(start + duration);
}

async fn polled_often<E: Timers>(handle: &E::Handle, duration: Duration) {
    let deadline = Instant::now() + duration;
    let mut sleep = Box::pin(E::sleep_until(handle, deadline));
    // Not until it has ended: whether timers fire beside a root that yields is another rule's.
    for _ in 0..200 {
        if poll_now(sleep.as_mut()).await.is_ready() {
            return not_early(deadline);
        }
        yield_once().await;
    }
    in_time(duration, "a sleep", sleep).await;
    not_early(deadline);
}

/// Polls with the task's own waker, once.
async fn poll_now<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

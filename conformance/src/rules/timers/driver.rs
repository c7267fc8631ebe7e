//! T10, T12: timers and the executor that drives them.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use super::alarms::{Alarms, in_time};
use super::instants::nudge;
use super::wakers::{HOUR, released};
use crate::Case;
use crate::adapter::Timers;
use crate::devices::{CountingWaker, gate};

/// T10: a sleep that ends earlier than all others ends in time although the executor waits already.
pub fn t10_must_earlier_timer_shortens_the_park<E: Timers>(case: &Case) {
    const SHORT: Duration = Duration::from_millis(2);
    let mut executor = E::new();
    let handle = executor.handle();
    let (openers, to_open) = mpsc::channel();
    let nudging = thread::spawn(move || to_open.iter().for_each(|opener| nudge(&opener)));
    executor.block_on(async {
        let mut far = Vec::new();
        for longer in [HOUR, HOUR / 2, HOUR / 60, HOUR / 120] {
            for round in 0..5 {
                case.event(format_args!("waiting for {longer:?}, round {round}"));
                far.push(Box::pin(E::sleep(&handle, longer)));
                let (mut gate, opener) = gate();
                openers.send(opener).expect("the other thread listens");
                poll_fn(|cx| {
                    for sleep in &mut far {
                        assert!(sleep.as_mut().poll(cx).is_pending(), "a sleep ended early");
                    }
                    Pin::new(&mut gate).poll(cx)
                })
                .await;
                let short = E::sleep(&handle, SHORT);
                let what = format!("a sleep of 2 ms, set while the executor waited {longer:?},");
                in_time(SHORT, &what, short).await;
            }
        }
        case.event("ever earlier ones, set together");
        let mut alarms = Alarms::new();
        let start = Instant::now();
        for millis in (1..40).rev() {
            let deadline = start + Duration::from_millis(millis);
            alarms.add(deadline, E::sleep_until(&handle, deadline));
        }
        alarms
            .all("sleeps that were set from the last to the first")
            .await;
        drop(openers);
    });
    nudging.join().expect("`wake` does not panic");
}

/// T12: a sleep that outlives its executor does no harm.
pub fn t12_must_timers_may_outlive_the_executor<E: Timers>(case: &Case) {
    let (counter, waker) = CountingWaker::new();
    let idle = Arc::strong_count(&counter);
    let mut cx = Context::from_waker(&waker);
    let mut executor = E::new();
    let handle = executor.handle();
    let mut orphans = executor.block_on(sleeps_of_all_kinds::<E>(&handle, &mut cx));
    case.event("the executor goes, its sleeps stay");
    drop(executor);
    for index in [0, 1, 4, 5] {
        // It may wait, end, or say by a panic what is wrong. All are better than a crash.
        let mut poll = || orphans[index].as_mut().poll(&mut cx);
        if let Ok(Poll::Ready(())) = catch_unwind(AssertUnwindSafe(&mut poll)) {
            case.note(format_args!("orphan {index} ended"));
        }
    }
    case.event("they are dropped, one before and the others inside the next executor");
    drop(orphans.remove(0));
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        let mut alarms = Alarms::new();
        for millis in 5..15 {
            let deadline = Instant::now() + Duration::from_millis(millis);
            alarms.add(deadline, E::sleep_until(&handle, deadline));
        }
        drop(orphans);
        alarms
            .all("a sleep, while those of an executor that is gone were dropped")
            .await;
        released::<E>(&handle, &counter, idle, "dropped after its executor").await;
    });
}

/// Four that wait, two that were never polled, and one that has ended.
async fn sleeps_of_all_kinds<E: Timers>(
    handle: &E::Handle,
    cx: &mut Context<'_>,
) -> Vec<Pin<Box<E::Sleep>>> {
    let soon = Duration::from_millis(5);
    let durations = [HOUR, soon, HOUR, soon, HOUR, soon];
    let mut sleeps = Vec::from(durations.map(|duration| Box::pin(E::sleep(handle, duration))));
    for sleep in &mut sleeps[..4] {
        // On a busy machine one may have ended already.
        let _ = sleep.as_mut().poll(cx);
    }
    let mut ended = Box::pin(E::sleep(handle, soon / 5));
    in_time(soon, "a sleep", ended.as_mut()).await;
    sleeps.push(ended);
    sleeps
}

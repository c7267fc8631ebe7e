//! T8: giving a sleep another deadline.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::alarms::{Alarms, in_time, not_early};
use super::wakers::HOUR;
use crate::Case;
use crate::adapter::ResetTimers;

/// T8: a sleep that is given another deadline ends at that one.
pub fn t08_must_reset_moves_the_deadline<E: ResetTimers>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        for polled in [false, true] {
            for way in ways() {
                case.event(format_args!("polled: {polled}; deadlines after {way:?}"));
                moved::<E>(&handle, &way, polled).await;
            }
        }
        let millis = Duration::from_millis;
        for (from, to) in [
            (HOUR, millis(5)),
            (millis(200), millis(5)),
            (millis(5), millis(15)),
        ] {
            case.event(format_args!("not polled again; from {from:?} to {to:?}"));
            let mut alarms = Alarms::new();
            let start = Instant::now();
            let index = alarms.add(start + from, E::sleep_until(&handle, start + from));
            alarms.move_to(index, start + to, E::reset);
            alarms.all("a sleep that was moved while it waited").await;
        }
        case.event("many, earlier and later, among others that stay");
        among_others::<E>(case, &handle).await;
    });
}

/// Deadlines that a sleep has one after the other; 0 has passed when it is given.
fn ways() -> Vec<Vec<Duration>> {
    let in_millis = |ways: &[u64]| ways.iter().copied().map(Duration::from_millis).collect();
    let hour = 3_600_000;
    vec![
        in_millis(&[hour, 3]),
        in_millis(&[3, 12]),
        in_millis(&[3, hour, 8]),
        in_millis(&[hour, 0]),
        in_millis(&[hour, 200, 5, 10]),
        in_millis(&[200, 129, 5]),
        in_millis(&[2; 50]),
        in_millis(&[hour * 24 * 365 * 100, 3]),
    ]
}

/// Moves a sleep from deadline to deadline, and after its end again.
async fn moved<E: ResetTimers>(handle: &E::Handle, way: &[Duration], polled: bool) {
    let mut sleep = Box::pin(E::sleep(handle, way[0]));
    let mut deadline = Instant::now();
    for &after in &way[1..] {
        if polled {
            glance(sleep.as_mut()).await;
        }
        deadline = Instant::now() + after;
        E::reset(sleep.as_mut(), deadline);
    }
    ends_at(sleep.as_mut(), deadline).await;
    for millis in [4, 0, 1] {
        let deadline = Instant::now() + Duration::from_millis(millis);
        E::reset(sleep.as_mut(), deadline);
        ends_at(sleep.as_mut(), deadline).await;
    }
}

/// Polls so that the sleep is registered, with the task's waker.
async fn glance<S: Future<Output = ()>>(mut sleep: Pin<&mut S>) {
    // Whether it has ended already is not what is looked at.
    poll_fn(|cx| {
        let _ = sleep.as_mut().poll(cx);
        Poll::Ready(())
    })
    .await;
}

async fn ends_at<S: Future<Output = ()>>(sleep: Pin<&mut S>, deadline: Instant) {
    let longest = deadline.saturating_duration_since(Instant::now());
    in_time(longest, "a sleep that was given another deadline", sleep).await;
    not_early(deadline);
}

async fn among_others<E: ResetTimers>(case: &Case, handle: &E::Handle) {
    let mut rng = case.rng(0);
    let mut alarms = Alarms::new();
    let start = Instant::now();
    let mut after = |limit: u64| start + Duration::from_micros(rng.u64(..limit));
    for _ in 0..200 {
        let far = after(300_000);
        alarms.add(far, E::sleep_until(handle, far));
    }
    alarms.settle().await;
    for number in (0..200).filter(|number| number % 4 != 0) {
        alarms.move_to(number, after(30_000), E::reset);
    }
    for number in (0..200).filter(|number| number % 4 > 1) {
        alarms.move_to(number, after(60_000), E::reset);
    }
    alarms
        .all("200 sleeps that were given other deadlines")
        .await;
}

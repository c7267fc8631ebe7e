//! T8: giving a sleep another deadline.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use super::alarms::{Alarms, in_time, not_early};
use super::wakers::HOUR;
use crate::Case;
use crate::adapter::ResetTimers;
use crate::rules::scheduling::yield_now;

/// T8: a sleep that is given another deadline ends at that one.
pub fn t08_must_reset_moves_the_deadline<E: ResetTimers>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        let millis = Duration::from_millis;
        let past = None;
        for polled in [false, true] {
            // From a first deadline, by way of others.
            for (from, way) in [
                (HOUR, vec![Some(millis(3))]),
                (millis(3), vec![Some(millis(12))]),
                (millis(3), vec![Some(HOUR), Some(millis(8))]),
                (HOUR, vec![past]),
                (
                    HOUR,
                    vec![Some(millis(200)), Some(millis(5)), Some(millis(10))],
                ),
                (millis(200), vec![Some(millis(129)), Some(millis(5))]),
                (millis(64), vec![Some(millis(2)); 50]),
                (HOUR * 24 * 365 * 100, vec![Some(millis(3))]),
            ] {
                case.event(format_args!("polled: {polled}; from {from:?} to {way:?}"));
                let mut sleep = Box::pin(E::sleep(&handle, from));
                let mut deadline = Instant::now();
                for to in way {
                    if polled {
                        glance(sleep.as_mut());
                    }
                    deadline = Instant::now() + to.unwrap_or_default();
                    E::reset(sleep.as_mut(), deadline);
                }
                ends_at(sleep.as_mut(), deadline).await;
                case.event("given another deadline after its end");
                for to in [millis(4), millis(0), millis(1)] {
                    let deadline = Instant::now() + to;
                    E::reset(sleep.as_mut(), deadline);
                    ends_at(sleep.as_mut(), deadline).await;
                }
            }
        }
        case.event("many, earlier and later, among others that stay");
        among_others::<E>(case, &handle).await;
    });
}

/// Polls so that the sleep is registered.
fn glance<S: Future>(sleep: Pin<&mut S>) {
    // Whether it has ended already is not what is looked at.
    let _ = sleep.poll(&mut Context::from_waker(Waker::noop()));
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
    for number in 0..200 {
        let mut sleep = Box::pin(E::sleep_until(handle, after(300_000)));
        glance(sleep.as_mut());
        let mut deadline = after(30_000);
        E::reset(sleep.as_mut(), deadline);
        if number % 2 == 0 {
            glance(sleep.as_mut());
            deadline = after(60_000);
            E::reset(sleep.as_mut(), deadline);
        }
        alarms.add_pinned(deadline, sleep);
        if number % 20 == 0 {
            yield_now().await;
        }
    }
    alarms
        .all("200 sleeps that were given other deadlines")
        .await;
}

//! T14: what waiting for a timer takes from the machine.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::alarms::in_time;
use super::wakers::HOUR;
use crate::Case;
use crate::adapter::Timers;
use crate::devices::{Opener, gate};
use crate::rules::scheduling::Usage;

/// How often it is tried; the best counts, for other things may happen meanwhile once.
const TRIES: usize = 3;
/// How long the executor is watched while only far deadlines are waited for.
const WINDOW: Duration = Duration::from_millis(100);

/// T14: waiting for a timer takes next to no processor time.
pub fn t14_should_waiting_for_a_timer_does_not_spin<E: Timers>(case: &Case) {
    if Usage::now().is_none() {
        case.skip("this system does not tell what a process uses");
    }
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        case.event("short sleeps");
        let sleeps: Vec<Duration> = [(300, 100), (900, 60), (1_900, 40)]
            .into_iter()
            .flat_map(|(micros, times)| vec![Duration::from_micros(micros); times])
            .collect();
        let asleep: Duration = sleeps.iter().sum();
        let much = asleep * 2 / 5;
        let mut least = Duration::MAX;
        for _ in 0..TRIES {
            let run = async {
                for duration in &sleeps {
                    E::sleep(&handle, *duration).await;
                }
            };
            let used = usage(in_time(asleep, "200 short sleeps", run)).await;
            least = least.min(used.cpu);
            if least < much {
                break;
            }
        }
        assert!(
            least < much,
            "200 sleeps of {asleep:?} in all took {least:?} of processor time"
        );
    });
    far_deadlines::<E>(case, &mut executor);
}

/// Watches the executor while it waits for deadlines that are far, and for a thread.
fn far_deadlines<E: Timers>(case: &Case, executor: &mut E) {
    let handle = executor.handle();
    let (openers, to_open) = mpsc::channel::<Opener>();
    let opening = thread::spawn(move || {
        for opener in to_open {
            thread::sleep(WINDOW);
            opener.open();
        }
    });
    executor.block_on(async {
        for far in [HOUR, HOUR * 24 * 365] {
            case.event(format_args!("a sleep of {far:?}"));
            let mut least = Duration::MAX;
            for _ in 0..TRIES {
                let (mut gate, opener) = gate();
                let mut sleep = pin!(E::sleep(&handle, far));
                openers.send(opener).expect("the other thread listens");
                let wait = poll_fn(|cx| {
                    assert!(sleep.as_mut().poll(cx).is_pending(), "a sleep ended early");
                    Pin::new(&mut gate).poll(cx)
                });
                least = least.min(usage(wait).await.cpu);
                if least < WINDOW / 5 {
                    break;
                }
            }
            assert!(
                least < WINDOW / 5,
                "waiting {WINDOW:?} beside a sleep of {far:?} took {least:?} of processor time"
            );
        }
        drop(openers);
    });
    opening.join().expect("`wake` does not panic");
}

/// What the process uses while `future` is waited for.
async fn usage(future: impl Future<Output = ()>) -> Usage {
    let before = Usage::now();
    future.await;
    let after = Usage::now();
    let (before, after) = before.zip(after).expect("the system told it before");
    after.since(before)
}

//! T4, T5, T11: many deadlines.

use std::thread;
use std::time::{Duration, Instant};

use super::alarms::{APART, Alarms, at_best};
use crate::Case;
use crate::adapter::Timers;

/// T4: sleeps are woken in the order of their deadlines.
pub fn t04_must_distinct_deadlines_fire_in_order<E: Timers>(case: &Case) {
    const SLEEPS: u32 = 12;
    let mut executor = E::new();
    let handle = executor.handle();
    let handle = &handle;
    executor.block_on(async {
        for late in [false, true] {
            at_best(3, |number| async move {
                case.event(format_args!(
                    "attempt {number}; the thread is blocked: {late}"
                ));
                let mut order: Vec<u32> = (1..=SLEEPS).collect();
                case.rng(number as u64).shuffle(&mut order);
                let start = Instant::now();
                let mut alarms = Alarms::new();
                for place in order {
                    let deadline = start + place * APART;
                    alarms.add(deadline, E::sleep_until(handle, deadline));
                }
                if late {
                    thread::sleep((SLEEPS + 1) * APART);
                }
                alarms.all("sleeps 10 ms apart").await;
                alarms.in_order()
            })
            .await;
        }
    });
}

/// T5: very many sleeps till one instant all end.
pub fn t05_must_many_timers_at_one_instant_all_fire<E: Timers>(case: &Case) {
    const SLEEPS: usize = 20_000;
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        for millis in [150, 0] {
            case.event(format_args!(
                "{SLEEPS} sleeps till an instant {millis} ms ahead"
            ));
            let deadline = Instant::now() + Duration::from_millis(millis);
            let mut alarms = Alarms::new();
            for _ in 0..SLEEPS {
                alarms.add(deadline, E::sleep_until(&handle, deadline));
            }
            alarms.all("20,000 sleeps till one instant").await;
        }
    });
}

/// T11: deadlines around the powers of two are kept.
pub fn t11_must_deadlines_around_powers_of_two<E: Timers>(case: &Case) {
    let born = Instant::now();
    let mut executor = E::new();
    let handle = executor.handle();
    let handle = &handle;
    executor.block_on(at_best(3, |number| async move {
        case.event(format_args!("attempt {number}"));
        let mut alarms = Alarms::new();
        // Wheels count from when they were made.
        for deadline in around_powers(born, 10) {
            add::<E>(&mut alarms, handle, deadline);
        }
        // And what is set while a wheel stands elsewhere takes other ways through it.
        let mut rng = case.rng(number as u64);
        for levels in [10, 9, 9] {
            let now = Instant::now();
            for deadline in around_powers(now, levels) {
                add::<E>(&mut alarms, handle, deadline);
            }
            alarms.settle().await;
            E::sleep(handle, Duration::from_micros(rng.u64(1_000..90_000))).await;
        }
        alarms
            .all("sleeps of 2^k - 1, 2^k, and 2^k + 1 µs and ms")
            .await;
        alarms.in_order()
    }));
}

fn add<E: Timers>(alarms: &mut Alarms<E::Sleep>, handle: &E::Handle, deadline: Instant) {
    alarms.add(deadline, E::sleep_until(handle, deadline));
}

/// The instants 2^k - 1, 2^k, and 2^k + 1 ms after `start`, up to k = `levels`, and the same in µs.
fn around_powers(start: Instant, levels: u32) -> Vec<Instant> {
    let millis = (0..=levels).map(|k| (k, 1_000));
    let micros = (0..=levels + 9).map(|k| (k, 1));
    let powers = millis.chain(micros);
    let around = powers.flat_map(|(k, unit)| {
        let power = 1_u64 << k;
        [power - 1, power, power + 1].map(|count| Duration::from_micros(count * unit))
    });
    around.map(|after| start + after).collect()
}

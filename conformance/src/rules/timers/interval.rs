//! T13: what an interval does about ticks that were missed.

use std::thread;
use std::time::{Duration, Instant};

use super::alarms::{at_best, in_time};
use crate::Case;
use crate::adapter::{Intervals, MissedTicks};

const PERIOD: Duration = Duration::from_millis(20);
/// Ticks that are waited for, before ticks are missed.
const REGULAR: u32 = 3;
/// Ticks that are missed.
const MISSED: u32 = 4;
/// What executors may round instants by.
const ROUNDING: Duration = Duration::from_millis(2);

/// T13: ticks that were missed come in a burst, delay the others, or are skipped, as was asked.
pub fn t13_should_interval_treats_missed_ticks_as_asked<E: Intervals>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let handle = &handle;
    executor.block_on(async {
        let mut known = 0;
        for missed in [MissedTicks::Burst, MissedTicks::Delay, MissedTicks::Skip] {
            if E::interval(handle, PERIOD, missed).is_none() {
                case.note(format_args!("there is no {missed:?}"));
                continue;
            }
            known += 1;
            // A machine that is busy adds missed ticks of its own.
            at_best(5, |number| async move {
                case.event(format_args!("{missed:?}, attempt {number}"));
                let made = Instant::now();
                let interval = E::interval(handle, PERIOD, missed);
                let mut ticks = Ticks::<E> {
                    made,
                    interval: interval.expect("there was one before"),
                    count: 0,
                };
                attempt(&mut ticks, missed).await
            })
            .await;
        }
        if known == 0 {
            case.skip("the executor has none of the ways to treat missed ticks");
        }
    });
}

struct Ticks<E: Intervals> {
    made: Instant,
    interval: E::Interval,
    count: u32,
}

/// A tick that came.
#[derive(Clone, Copy)]
struct Tick {
    came: Instant,
    /// For when it was due, where the executor says.
    due: Option<Instant>,
}

impl Tick {
    /// When it was meant to come, as far as that can be known: a busy machine makes ticks late.
    fn at(self) -> Instant {
        self.due.unwrap_or(self.came)
    }
}

impl<E: Intervals> Ticks<E> {
    /// The next tick; fails the rule if it comes before `earliest`.
    async fn next(&mut self, earliest: Instant) -> Tick {
        let longest = PERIOD * (MISSED + 3);
        let due = in_time(longest, "a tick", E::tick(&mut self.interval)).await;
        let came = Instant::now();
        let early = earliest.saturating_duration_since(came);
        assert!(
            early.is_zero(),
            "tick {} came {early:?} too early",
            self.count
        );
        if let Some(due) = due {
            assert!(
                due <= came,
                "tick {} came before the instant it says it was due",
                self.count
            );
        }
        self.count += 1;
        Tick { came, due }
    }

    /// When a tick comes, at the earliest, if none is delayed.
    fn regular(&self, tick: u32) -> Instant {
        self.made + tick * PERIOD
    }
}

/// Ticks regularly, misses some ticks, and looks at those after.
///
/// What comes too early fails the rule at once; what comes late is perhaps the machine's fault.
async fn attempt<E: Intervals>(ticks: &mut Ticks<E>, missed: MissedTicks) -> Result<(), String> {
    let first = ticks.next(ticks.made).await;
    if first.at().saturating_duration_since(ticks.made) > PERIOD / 4 {
        return Err("the first tick did not come at once".to_owned());
    }
    for tick in 1..=REGULAR {
        let tick = ticks.next(ticks.regular(tick)).await;
        on_a_multiple(first, tick)?;
    }
    // More than half a period after a tick, so that what follows tells the next multiple from a
    // full period.
    let wake_up = ticks.regular(REGULAR + MISSED) + PERIOD * 6 / 10;
    thread::sleep(wake_up.saturating_duration_since(Instant::now()));
    let blocked_till = Instant::now();
    match missed {
        MissedTicks::Burst => burst(ticks, first).await,
        MissedTicks::Delay => delay(ticks, blocked_till).await,
        MissedTicks::Skip => skip(ticks, first, blocked_till).await,
    }
}

async fn burst<E: Intervals>(ticks: &mut Ticks<E>, first: Tick) -> Result<(), String> {
    let next = ticks.regular(REGULAR + MISSED + 1);
    for number in REGULAR + 1..=REGULAR + MISSED {
        let tick = ticks.next(ticks.regular(number)).await;
        if tick.at() >= next {
            return Err(format!(
                "burst: tick {number} was missed, and did not come before the next regular one"
            ));
        }
        if let Some((due, first)) = tick.due.zip(first.due) {
            let off = apart(due, first + number * PERIOD);
            if off > ROUNDING {
                return Err(format!(
                    "burst: tick {number} says it was due {off:?} off its time"
                ));
            }
        }
    }
    ticks.next(next).await;
    Ok(())
}

async fn delay<E: Intervals>(ticks: &mut Ticks<E>, late: Instant) -> Result<(), String> {
    ticks.next(ticks.regular(REGULAR + 1)).await;
    for after in 1..=2 {
        let earliest = late + after * PERIOD;
        let tick = ticks.next(ticks.made).await;
        // A busy machine may hide that a tick comes too early, but not for when it was due.
        let rounding = tick.due.map_or(Duration::ZERO, |_| ROUNDING);
        let early = earliest.saturating_duration_since(tick.at() + rounding);
        assert!(
            early.is_zero(),
            "delay: tick {after} after the late one came {early:?} before so many periods had passed"
        );
    }
    Ok(())
}

async fn skip<E: Intervals>(
    ticks: &mut Ticks<E>,
    first: Tick,
    late: Instant,
) -> Result<(), String> {
    ticks.next(ticks.regular(REGULAR + 1)).await;
    // The interval began between these two; from either the count is the same.
    let began = [ticks.made, first.at()];
    let [passed, same] = began.map(|start| periods(late - start));
    if passed != same {
        return Err("skip: the thread was blocked for too long".to_owned());
    }
    for after in 1..=2 {
        let earliest = ticks.regular(passed + after);
        let tick = ticks.next(ticks.made).await;
        let early = earliest.saturating_duration_since(tick.came);
        assert!(
            early.is_zero(),
            "skip: tick {after} after the late one came {early:?} before the next multiple of the \
             period"
        );
        on_a_multiple(first, tick)?;
    }
    Ok(())
}

/// Whether a tick is due at a multiple of the period from the first, or if the executor does not
/// say, whether it came less than half a period after one.
fn on_a_multiple(first: Tick, tick: Tick) -> Result<(), String> {
    let (since, allowed) = match tick.due.zip(first.due) {
        Some((due, first)) => (due + ROUNDING - first, ROUNDING * 2),
        None => (tick.came - first.came, PERIOD / 2),
    };
    let off = since - periods(since) * PERIOD;
    if off > allowed {
        return Err(format!(
            "a tick was {off:?} off the multiples of the period"
        ));
    }
    Ok(())
}

/// How many whole periods there are in a duration.
fn periods(duration: Duration) -> u32 {
    let count = duration.as_nanos() / PERIOD.as_nanos();
    u32::try_from(count).expect("rules do not take that long")
}

fn apart(one: Instant, other: Instant) -> Duration {
    one.saturating_duration_since(other)
        .max(other.saturating_duration_since(one))
}

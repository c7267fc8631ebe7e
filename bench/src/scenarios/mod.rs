//! What is measured: each scenario is written once, for any runtime.

use std::future::Future;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::runtimes::Runtime;
use crate::stats::Spread;

pub(crate) mod memory;
pub(crate) mod mt;
pub(crate) mod slot;
pub(crate) mod tasks;
pub(crate) mod tcp;
pub(crate) mod timers;
pub(crate) mod wake;

/// What a scenario is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    pub(crate) quick: bool,
    /// The name under which a TCP scenario starts its server.
    pub(crate) runtime: &'static str,
}

impl Context {
    /// `quick` in a quick run, else `full`.
    pub(crate) fn pick<T>(self, quick: T, full: T) -> T {
        if self.quick { quick } else { full }
    }

    /// How long a scenario repeats its batches.
    fn budget(self) -> Duration {
        self.pick(Duration::from_millis(50), Duration::from_millis(500))
    }
}

/// One number for one row.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) id: &'static str,
    pub(crate) metric: &'static str,
    pub(crate) value: f64,
}

/// A sample of the row `id` with that metric.
pub(crate) fn sample(id: &'static str, metric: &'static str, value: f64) -> Sample {
    Sample { id, metric, value }
}

/// Why there are no samples.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// This machine lacks what the scenario needs.
    Skipped(String),
    /// Something broke.
    Failed(String),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<rustix::io::Errno> for Trouble {
    fn from(error: rustix::io::Errno) -> Self {
        io::Error::from(error).into()
    }
}

/// What a scenario gives.
pub(crate) type Measured = Result<Vec<Sample>, Trouble>;

/// Measures the scenario called `id` on `R`.
pub(crate) fn measure<R: Runtime>(id: &'static str, cx: Context) -> Measured {
    let nanos = |value| Ok(vec![sample(id, "ns", value)]);
    match id {
        "st/spawn_join" => nanos(tasks::spawn_join::<R>(cx)),
        "st/spawn_many" => nanos(tasks::spawn_many::<R>(cx)),
        "st/yield_one" => nanos(tasks::yield_one::<R>(cx)),
        "st/yield_many" => nanos(tasks::yield_many::<R>(cx)),
        "st/ping_pong" => nanos(tasks::ping_pong::<R>(cx)),
        "st/chained_spawn" => nanos(tasks::chained_spawn::<R>(cx)),
        "st/idle_bytes" => memory::idle_bytes::<R, 5>(id),
        "st/idle_bytes_tiny" => memory::idle_bytes::<R, 0>(id),
        "st/remote_wake" => wake::remote_wake::<R>(cx),
        "st/timer_cancel" => nanos(timers::cancel::<R>(cx, 0)),
        "st/timer_cancel_10k" => nanos(timers::cancel::<R>(cx, 10_000)),
        "st/timer_fire" => timers::fire::<R>(cx),
        "st/sleep_idle" => timers::sleep_idle::<R>(cx),
        "st/tick" => timers::tick::<R>(cx, id, timers::Yield::Portable),
        "st/tick_own_yield" => timers::tick::<R>(cx, id, timers::Yield::Own),
        _ => tcp::measure(id, cx),
    }
}

/// Runs `body` in a task of a fresh `R`.
///
/// Not as the main future: what that costs is between a runtime and its parking, and not what
/// tasks are about.
pub(crate) fn in_task<R: Runtime, T: 'static>(body: impl Future<Output = T> + 'static) -> T {
    R::block_on(async {
        let result = Rc::new(slot::Slot::default());
        let place = Rc::clone(&result);
        R::spawn_detached(async move { place.put(body.await) });
        slot::Slot::take(result).await
    })
}

/// Repeats `batch`, which gives nanoseconds per operation, until the budget is spent; the median.
///
/// The first batch warms up and does not count; there are at least three others.
pub(crate) async fn repeat(cx: Context, mut batch: impl AsyncFnMut() -> f64) -> f64 {
    batch().await;
    let until = Instant::now() + cx.budget();
    let mut values = Vec::new();
    while values.len() < 3 || Instant::now() < until {
        values.push(batch().await);
    }
    Spread::of(&values).expect("at least three values").median
}

/// `elapsed` shared out over `operations`, in nanoseconds.
pub(crate) fn nanos_each(elapsed: Duration, operations: u32) -> f64 {
    elapsed.as_nanos() as f64 / f64::from(operations)
}

/// A duration in microseconds.
pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e3
}

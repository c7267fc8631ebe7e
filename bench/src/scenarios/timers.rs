//! Sleeps: what they cost and how late they end.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::slot::Slot;
use super::{Context, Measured, Sample, Trouble, in_task, micros, nanos_each, repeat, sample};
use crate::runtimes::Runtime;
use crate::stats::percentile;
use crate::sys;

/// The time-out pattern: create a sleep, poll it once, drop it, with `pending` others waiting.
///
/// Only bursts are timed, and the task yields between them, so that no runtime's limit on polls in
/// a row turns the work into nothing. One sleep that is due sooner is pending all the time, as in
/// any busy program: without it, some runtimes wake their driver for every new sleep.
pub(crate) fn cancel<R: Runtime>(cx: Context, pending: u32) -> f64 {
    const BURST: u32 = 64;
    const BURSTS: u32 = 100;
    in_task::<R, _>(async move {
        let mut others: Vec<Pin<Box<R::Sleep>>> = Vec::new();
        for n in 0..=pending {
            let mut other = Box::pin(R::sleep(Duration::from_millis(10_000 + u64::from(n) * 4)));
            poll_once(other.as_mut()).await;
            others.push(other);
            if n % BURST == 0 {
                R::yield_now().await;
            }
        }
        repeat(cx, async || {
            let mut spent = Duration::ZERO;
            for _ in 0..BURSTS {
                let start = Instant::now();
                for _ in 0..BURST {
                    let sleep = pin!(R::sleep(Duration::from_secs(30)));
                    poll_once(sleep).await;
                }
                spent += start.elapsed();
                R::yield_now().await;
            }
            nanos_each(spent, BURST * BURSTS)
        })
        .await
    })
}

/// Polls a future that is not about to end, once.
pub(super) async fn poll_once(mut future: Pin<&mut impl Future>) {
    poll_fn(|cx| {
        let outcome = future.as_mut().poll(cx);
        assert!(outcome.is_pending(), "a long sleep does not end at once");
        Poll::Ready(())
    })
    .await;
}

/// Many sleeps, one every ten microseconds: how late each ends, and what they cost together.
pub(crate) fn fire<R: Runtime>(cx: Context) -> Measured {
    const APART: Duration = Duration::from_micros(10);
    let count: u32 = cx.pick(20_000, 100_000);
    in_task::<R, _>(async move {
        let state = Rc::new(Firing {
            late: RefCell::default(),
            ..Firing::default()
        });
        state.late.borrow_mut().reserve(count as usize);
        let at_first = sys::process_cpu();
        // Time to spawn and arm all of them before the first is due.
        let first = Instant::now() + 5 * Duration::from_micros(1) * count;
        for n in 0..count {
            let (state, due) = (Rc::clone(&state), first + APART * n);
            R::spawn_detached(async move {
                state.armed.set(state.armed.get() + 1);
                R::sleep(due.saturating_duration_since(Instant::now())).await;
                state.fired(due, count);
            });
        }
        while state.armed.get() < count {
            R::yield_now().await;
        }
        if Instant::now() > first {
            let text = "the machine is too busy: arming the sleeps took longer than their delay";
            return Err(Trouble::Failed(text.to_owned()));
        }
        let when_armed = sys::process_cpu();
        let () = Slot::take(Rc::clone(&state.done)).await;
        let in_the_end = sys::process_cpu();
        let each = |cpu| micros(cpu) / f64::from(count);
        let mut late = state.late.take();
        Ok(vec![
            at_percentile("st/timer_fire", "p50_us", &mut late, 50.0)?,
            sample("st/timer_fire_cpu", "cpu_us", each(in_the_end - at_first)),
            sample(
                "st/timer_fire_cpu",
                "fire_cpu_us",
                each(in_the_end - when_armed),
            ),
        ])
    })
}

#[derive(Default)]
struct Firing {
    armed: Cell<u32>,
    late: RefCell<Vec<f64>>,
    done: Rc<Slot<()>>,
}

impl Firing {
    fn fired(&self, due: Instant, count: u32) {
        let mut late = self.late.borrow_mut();
        late.push(micros(due.elapsed()));
        if late.len() == count as usize {
            self.done.put(());
        }
    }
}

/// One sleep at a time, with nothing else to do.
pub(crate) fn sleep_idle<R: Runtime>(cx: Context) -> Measured {
    let count: u32 = cx.pick(40, 400);
    in_task::<R, _>(async move {
        let mut late = Vec::with_capacity(count as usize);
        for n in 0..count {
            let duration = idle_length(n);
            let due = Instant::now() + duration;
            R::sleep(duration).await;
            late.push(micros(due.elapsed()));
        }
        Ok(vec![at_percentile(
            "st/sleep_idle",
            "p50_us",
            &mut late,
            50.0,
        )?])
    })
}

/// How the tasks beside the tick give way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Yield {
    /// They wake themselves, as portable code does, or as if they woke each other.
    Portable,
    /// By the runtime's own function, which may know better than a waker can.
    Own,
}

/// A tick every millisecond beside four tasks that burn CPU and yield.
pub(crate) fn tick<R: Runtime>(cx: Context, id: &'static str, how: Yield) -> Measured {
    const BURNERS: usize = 4;
    const BURN: Duration = Duration::from_micros(100);
    const PERIOD: Duration = Duration::from_millis(1);
    let ticks: u32 = cx.pick(250, 3_000);
    in_task::<R, _>(async move {
        let stop = Rc::new(Cell::new(false));
        let mut burners = Vec::new();
        for _ in 0..BURNERS {
            let stop = Rc::clone(&stop);
            burners.push(R::spawn(async move {
                while !stop.get() {
                    let start = Instant::now();
                    while start.elapsed() < BURN {}
                    match how {
                        Yield::Portable => futures_lite::future::yield_now().await,
                        Yield::Own => R::yield_now().await,
                    }
                }
            }));
        }
        let late = Rc::new(RefCell::new(Vec::with_capacity(ticks as usize)));
        let out = Rc::clone(&late);
        R::spawn(async move {
            let start = Instant::now();
            for n in 1..=ticks {
                let due = start + PERIOD * n;
                let now = Instant::now();
                if now < due {
                    R::sleep(due - now).await;
                }
                out.borrow_mut().push(micros(due.elapsed()));
            }
        })
        .await;
        stop.set(true);
        for burner in burners {
            burner.await;
        }
        let mut late = late.take();
        Ok(vec![at_percentile(id, "p99_us", &mut late, 99.0)?])
    })
}

/// The length of the `n`th sleep of an idle runtime: 1 to 4 ms, at no multiple of anything.
pub(super) fn idle_length(n: u32) -> Duration {
    Duration::from_nanos(1_000_000 + (u64::from(n) * 770_417) % 3_000_000)
}

/// The row `id`: how late all but the last few were.
pub(super) fn at_percentile(
    id: &'static str,
    metric: &'static str,
    late: &mut [f64],
    percent: f64,
) -> Result<Sample, Trouble> {
    percentile(late, percent)
        .map(|value| sample(id, metric, value))
        .ok_or_else(|| Trouble::Failed("no sleep has ended".to_owned()))
}

//! Sleeps on several threads: what they cost and how late they end.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::mailbox::Mailbox;
use super::tasks::burn;
use super::{Context, Measured, Trouble, in_task, sample};
use crate::runtimes::FullPool;
use crate::scenarios::timers::{at_percentile, idle_length, poll_once};
use crate::scenarios::{micros, nanos_each, repeat};
use crate::sys;

/// What is pending while a sleep comes and goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pending {
    /// Nothing: every sleep is the first to be due, which some runtimes tell their driver.
    Nothing,
    /// One sleep that is due sooner, as in any busy program.
    Sooner,
}

/// The time-out pattern, as on one thread: create a sleep, poll it once, drop it. Only bursts are
/// timed.
pub(super) fn cancel<P: FullPool>(cx: Context, pending: Pending) -> f64 {
    const BURST: u32 = 64;
    const BURSTS: u32 = 100;
    in_task::<P, _>(async move {
        let mut sooner: Pin<Box<P::Sleep>> = Box::pin(P::sleep(Duration::from_secs(10)));
        if pending == Pending::Sooner {
            poll_once(sooner.as_mut()).await;
        }
        repeat(cx, async || {
            let mut spent = Duration::ZERO;
            for _ in 0..BURSTS {
                let start = Instant::now();
                for _ in 0..BURST {
                    let sleep = pin!(P::sleep(Duration::from_secs(30)));
                    poll_once(sleep).await;
                }
                spent += start.elapsed();
                P::yield_now().await;
            }
            nanos_each(spent, BURST * BURSTS)
        })
        .await
    })
}

/// Many sleeps, one every ten microseconds: how late each ends, and what they cost together.
pub(super) fn fire<P: FullPool>(cx: Context) -> Measured {
    const APART: Duration = Duration::from_micros(10);
    let count: u32 = cx.pick(20_000, 100_000);
    in_task::<P, _>(async move {
        let state = Arc::new(Firing::default());
        state
            .late
            .lock()
            .expect("nothing panics with it")
            .reserve(count as usize);
        let before = sys::process_cpu();
        // Time to spawn and arm all of them before the first is due.
        let first = Instant::now() + 10 * Duration::from_micros(1) * count;
        for n in 0..count {
            let (state, due) = (Arc::clone(&state), first + APART * n);
            P::spawn_detached(async move {
                // Relaxed: the number is all that is looked at.
                state.armed.fetch_add(1, Ordering::Relaxed);
                P::sleep(due.saturating_duration_since(Instant::now())).await;
                state.fired(due, count);
            });
        }
        while state.armed.load(Ordering::Relaxed) < count {
            P::yield_now().await;
        }
        if Instant::now() > first {
            let text = "the machine is too busy: arming the sleeps took longer than their delay";
            return Err(Trouble::Failed(text.to_owned()));
        }
        state.done.take().await;
        let spent = micros(sys::process_cpu() - before) / f64::from(count);
        let mut late = std::mem::take(&mut *state.late.lock().expect("nothing panics with it"));
        Ok(vec![
            at_percentile("mt/timer_fire", "p50_us", &mut late, 50.0)?,
            sample("mt/timer_fire_cpu", "cpu_us", spent),
        ])
    })
}

#[derive(Default)]
struct Firing {
    armed: AtomicU32,
    late: Mutex<Vec<f64>>,
    done: Mailbox,
}

impl Firing {
    fn fired(&self, due: Instant, count: u32) {
        let lateness = micros(due.elapsed());
        let mut late = self.late.lock().expect("nothing panics with it");
        late.push(lateness);
        if late.len() == count as usize {
            self.done.put(1);
        }
    }
}

/// One sleep at a time, with nothing else to do.
pub(super) fn sleep_idle<P: FullPool>(cx: Context) -> Measured {
    let count: u32 = cx.pick(40, 400);
    in_task::<P, _>(async move {
        let mut late = Vec::with_capacity(count as usize);
        for n in 0..count {
            let length = idle_length(n);
            let due = Instant::now() + length;
            P::sleep(length).await;
            late.push(micros(due.elapsed()));
        }
        let sample = at_percentile("mt/sleep_idle", "p50_us", &mut late, 50.0)?;
        Ok(vec![sample])
    })
}

/// A tick every millisecond beside eight tasks that burn CPU and yield; how late it is, and how
/// much they get done.
pub(super) fn tick<P: FullPool>(cx: Context) -> Measured {
    const BURNERS: usize = 8;
    const BURN: Duration = Duration::from_micros(100);
    const PERIOD: Duration = Duration::from_millis(1);
    let ticks: u32 = cx.pick(250, 3_000);
    in_task::<P, _>(async move {
        let stop = Arc::new(AtomicBool::new(false));
        let start = Instant::now();
        let count = Arc::new(AtomicU32::new(0));
        let mut burners = Vec::new();
        for _ in 0..BURNERS {
            let (stop, count) = (Arc::clone(&stop), Arc::clone(&count));
            burners.push(P::spawn(async move {
                // Relaxed: nothing else is read because of either.
                while !stop.load(Ordering::Relaxed) {
                    burn(BURN);
                    count.fetch_add(1, Ordering::Relaxed);
                    futures_lite::future::yield_now().await;
                }
            }));
        }
        let late = Arc::new(Mutex::new(Vec::with_capacity(ticks as usize)));
        let out = Arc::clone(&late);
        P::spawn(async move {
            let start = Instant::now();
            for n in 1..=ticks {
                let due = start + PERIOD * n;
                let now = Instant::now();
                if now < due {
                    P::sleep(due - now).await;
                }
                out.lock()
                    .expect("nothing panics with it")
                    .push(micros(due.elapsed()));
            }
        })
        .await;
        stop.store(true, Ordering::Relaxed);
        let burns = count.load(Ordering::Relaxed);
        let rate = f64::from(burns) / start.elapsed().as_secs_f64();
        for burner in burners {
            burner.await;
        }
        let mut late = std::mem::take(&mut *late.lock().expect("nothing panics with it"));
        Ok(vec![
            at_percentile("mt/tick", "p99_us", &mut late, 99.0)?,
            sample("mt/tick_burn", "burns_per_s", rate),
        ])
    })
}

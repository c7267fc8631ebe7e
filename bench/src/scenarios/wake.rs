//! How long a wake from another thread takes to arrive.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use super::{Context, Measured, Trouble, micros, mt, sample};
use crate::runtimes::{FullPool, Runtime};
use crate::stats::percentile;
use crate::sys;

/// From the moment the sleeper says it will sleep until it is woken: long enough to be asleep.
const SETTLE: Duration = Duration::from_micros(200);

/// What the two threads tell each other: whose turn it is, and when the wake was sent.
///
/// The orderings are the strongest ones because speed does not matter here.
pub(crate) struct Stamps {
    epoch: Instant,
    wanted: u64,
    /// Wakes that the sleeper is ready for; greater than `sent` by one while it sleeps.
    armed: AtomicU64,
    /// Wakes sent.
    sent: AtomicU64,
    /// When the last one was sent, in nanoseconds since `epoch`.
    sent_at: AtomicU64,
    late: Mutex<Vec<f64>>,
}

impl Stamps {
    fn new(wanted: u64) -> Self {
        Self {
            epoch: Instant::now(),
            wanted,
            armed: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            sent_at: AtomicU64::new(0),
            late: Mutex::new(Vec::with_capacity(wanted as usize)),
        }
    }

    /// Whether there are wakes still to come.
    pub(crate) fn wants_more(&self) -> bool {
        self.armed.load(SeqCst) < self.wanted
    }

    /// The sleeper is about to sleep; its wake may be sent.
    pub(crate) fn arm(&self) {
        self.armed.fetch_add(1, SeqCst);
    }

    /// The sleeper is awake, now.
    pub(crate) fn woken(&self) {
        let now = self.epoch.elapsed();
        let sent_at = Duration::from_nanos(self.sent_at.load(SeqCst));
        self.late
            .lock()
            .expect("nothing panics with it")
            .push(micros(now.saturating_sub(sent_at)));
    }

    fn was_sent(&self, number: u64) -> bool {
        self.sent.load(SeqCst) >= number
    }

    /// The other thread: sends every wake once the sleeper has had time to fall asleep.
    fn send_all(&self, wake: impl Fn()) {
        for number in 1..=self.wanted {
            while self.armed.load(SeqCst) < number {
                std::hint::spin_loop();
            }
            let armed = Instant::now();
            while armed.elapsed() < SETTLE {
                std::hint::spin_loop();
            }
            self.sent_at
                .store(self.epoch.elapsed().as_nanos() as u64, SeqCst);
            self.sent.store(number, SeqCst);
            wake();
        }
    }
}

/// A task of a parked runtime is woken from another thread.
pub(crate) fn remote_wake<R: Runtime>(cx: Context) -> Measured {
    measure_task(cx, "st/remote_wake", |sleeper| {
        R::block_on(async {
            R::spawn(sleeper).await;
        });
    })
}

/// The same for a pool, all of whose workers are parked.
pub(crate) fn remote_wake_of_pool<P: FullPool>(cx: Context) -> Measured {
    measure_task(cx, "mt/remote_wake", mt::in_task::<P, ()>)
}

type Sleeper = Pin<Box<dyn Future<Output = ()> + Send>>;

fn measure_task(cx: Context, id: &'static str, run: impl FnOnce(Sleeper)) -> Measured {
    let place: Arc<Mutex<Option<Waker>>> = Arc::default();
    let bell = Arc::clone(&place);
    let ring = move || {
        if let Some(waker) = bell.lock().expect("nothing panics with it").take() {
            waker.wake();
        }
    };
    measure_with(cx, id, ring, |stamps| {
        run(Box::pin(sleeper(Arc::clone(stamps), place)));
        Ok(())
    })
}

/// The task: leaves its waker in `place` and waits, until all wakes have come.
async fn sleeper(stamps: Arc<Stamps>, place: Arc<Mutex<Option<Waker>>>) {
    let mut number = 0;
    while stamps.wants_more() {
        number += 1;
        let mut armed = false;
        poll_fn(|task| {
            if stamps.was_sent(number) {
                stamps.woken();
                return Poll::Ready(());
            }
            *place.lock().expect("nothing panics with it") = Some(task.waker().clone());
            if !armed {
                armed = true;
                stamps.arm();
            }
            Poll::Pending
        })
        .await;
    }
}

/// Has `listen` woken by `ring` from a thread on another core, and gives the latencies as rows of
/// `id`.
pub(crate) fn measure_with(
    cx: Context,
    id: &'static str,
    ring: impl Fn() + Send + 'static,
    listen: impl FnOnce(&Arc<Stamps>) -> io::Result<()>,
) -> Measured {
    let cpus = sys::allowed_cpus()?;
    let [other, .., own] = cpus[..] else {
        return Err(Trouble::Skipped(
            "needs two cores, and this process may use one".to_owned(),
        ));
    };
    let stamps = Arc::new(Stamps::new(cx.pick(300, 3_000)));
    let sender = {
        let stamps = Arc::clone(&stamps);
        thread::spawn(move || {
            sys::pin_to(other)?;
            stamps.send_all(ring);
            Ok::<(), io::Error>(())
        })
    };
    sys::pin_to(own)?;
    listen(&stamps)?;
    sender
        .join()
        .map_err(|_| Trouble::Failed("the waking thread panicked".to_owned()))??;
    let mut late = std::mem::take(&mut *stamps.late.lock().expect("nothing panics with it"));
    let mut at = |percent| {
        percentile(&mut late, percent)
            .ok_or_else(|| Trouble::Failed("no wake has arrived".to_owned()))
    };
    Ok(vec![
        sample(id, "p50_us", at(50.0)?),
        sample(id, "p99_us", at(99.0)?),
    ])
}

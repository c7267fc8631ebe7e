//! A thread beside the executor's.

use std::fmt::Display;
use std::hint;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc;
use std::thread;

use super::{Slot, briefly, in_time};

/// A thread that does what it is asked to, one thing after the other.
#[derive(Clone)]
pub(in crate::rules) struct Aside(mpsc::Sender<Box<dyn FnOnce() + Send>>);

impl Aside {
    pub(in crate::rules) fn new() -> Self {
        let (sender, jobs) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
        // It ends when the last sender is dropped.
        thread::spawn(move || jobs.iter().for_each(|job| job()));
        Self(sender)
    }

    /// Asks that `job` be done.
    pub(in crate::rules) fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Answer<T> {
        let answer = Answer(Slot::new());
        let reply = answer.clone();
        let job = Box::new(move || reply.0.put(catch_unwind(AssertUnwindSafe(job))));
        self.0.send(job).expect("the thread catches every panic");
        answer
    }
}

/// What comes of a job.
pub(in crate::rules) struct Answer<T>(Slot<thread::Result<T>>);

impl<T> Clone for Answer<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Answer<T> {
    /// Waits for what the job returns, or panics as it did; fails with `what` where it takes too
    /// long.
    pub(in crate::rules) async fn get(self, what: impl Display) -> T {
        in_time(what, self.filled()).await;
        self.take()
    }

    /// The same for a job that gives up by itself.
    pub(in crate::rules) async fn get_unwatched(self) -> T {
        self.filled().await;
        self.take()
    }

    /// Waits until the job has been done, but without failing if it takes long; whether it was.
    pub(in crate::rules) async fn came(&self) -> bool {
        briefly(self.filled()).await.is_some()
    }

    async fn filled(&self) {
        self.0.filled().await;
    }

    fn take(&self) -> T {
        match self.0.take().expect("each answer is taken once") {
            Ok(value) => value,
            Err(payload) => resume_unwind(payload),
        }
    }
}

/// Where two threads wait for each other, awake, to go on at the same moment.
#[derive(Clone, Default)]
pub(in crate::rules) struct StartLine(Arc<AtomicUsize>);

impl StartLine {
    pub(in crate::rules) fn wait(&self) {
        self.0.fetch_add(1, SeqCst);
        let mut rounds = 0_u32;
        while self.0.load(SeqCst) < 2 {
            rounds += 1;
            if rounds % 64 == 0 {
                thread::yield_now();
            }
            hint::spin_loop();
        }
    }
}

/// Lets some nanoseconds pass for each of `rounds`, to vary how a race ends.
pub(in crate::rules) fn spin(rounds: u32) {
    for round in 0..rounds {
        // Not `spin_loop`, whose pause is longer than what races are about.
        hint::black_box(round);
    }
}

/// Finds out when another thread must act to meet what the executor does.
///
/// A race of nanoseconds is not met by chance. Whoever came too late in one trial comes a little
/// earlier in the next, and the other way round, so that both sides soon meet in most trials.
#[derive(Default)]
pub(in crate::rules) struct Aim {
    /// How many rounds the other thread waits for; negative where the executor does.
    lead: i32,
}

impl Aim {
    /// How long the other thread is to wait, and how long the executor, for the next trial.
    pub(in crate::rules) fn delays(&self, rng: &mut fastrand::Rng) -> (u32, u32) {
        let spread = [5, 50, 500][rng.usize(..3)];
        let lead = self.lead + rng.i32(-spread..=spread);
        (lead.max(0).unsigned_abs(), lead.min(0).unsigned_abs())
    }

    /// Learns whether the other thread came too late.
    pub(in crate::rules) fn learn(&mut self, late: bool) {
        const STEP: i32 = 20;
        const FARTHEST: i32 = 20_000;
        let step = if late { -STEP } else { STEP };
        self.lead = (self.lead + step).clamp(-FARTHEST, FARTHEST);
    }
}

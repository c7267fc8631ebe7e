//! Another thread, which does what it is told.

use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

type Job = Box<dyn FnOnce() + Send>;

/// A thread that runs closures, in order.
#[derive(Debug)]
pub(super) struct Hand(Sender<Job>);

impl Hand {
    pub(super) fn new() -> Self {
        let (sender, jobs) = mpsc::channel::<Job>();
        // It ends when the sender is dropped; a job that hangs must not hold anybody up.
        thread::spawn(move || jobs.into_iter().for_each(|job| job()));
        Self(sender)
    }

    /// Has `job` run at some time.
    pub(super) fn start(&self, job: impl FnOnce() + Send + 'static) {
        // If the thread has panicked, `finish` tells.
        let _ = self.0.send(Box::new(job));
    }

    /// Waits until all jobs have been run; `false` if one panicked, or hangs for so long.
    pub(super) fn finish(&self, patience: Duration) -> bool {
        let (done, is_done) = mpsc::channel();
        self.start(move || {
            // Who waits may have given up.
            let _ = done.send(());
        });
        is_done.recv_timeout(patience).is_ok()
    }
}

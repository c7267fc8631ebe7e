//! A future that keeps a record of how it is treated.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::thread::{self, ThreadId};

use super::progress::{Notifier, Progress};
use crate::lock::lock;

/// A future whose polls and drop are recorded in its [`Track`]; made by [`Progress::watch`].
///
/// It answers a poll that no executor may make by `Pending`, and notes it down: a panic could be
/// swallowed by the executor.
#[derive(Debug)]
pub(in crate::rules) struct Watched<F> {
    // Dropped in this order: a future counts as dropped when its drop is over.
    future: Pin<Box<F>>,
    gone: Gone,
}

/// Notes that it was dropped.
#[derive(Debug)]
struct Gone(Track);

/// What became of a [`Watched`] future.
#[derive(Clone, Debug)]
pub(in crate::rules) struct Track(Arc<Record>);

#[derive(Debug)]
struct Record {
    log: Mutex<Log>,
    notifier: Notifier,
}

#[derive(Debug, Default)]
struct Log {
    polls: usize,
    inside: bool,
    ended: bool,
    overlapping: usize,
    late: usize,
    drops: Vec<ThreadId>,
}

impl Progress {
    /// Wraps `future` so that its polls and its drop are recorded, and notify.
    pub(in crate::rules) fn watch<F: Future>(&self, future: F) -> (Watched<F>, Track) {
        self.notifier().watch(future)
    }
}

impl Notifier {
    /// As [`Progress::watch`], where only the notifier is at hand.
    pub(in crate::rules) fn watch<F: Future>(&self, future: F) -> (Watched<F>, Track) {
        let track = Track(Arc::new(Record {
            log: Mutex::default(),
            notifier: self.clone(),
        }));
        let watched = Watched {
            future: Box::pin(future),
            gone: Gone(track.clone()),
        };
        (watched, track)
    }
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let track = &self.gone.0;
        if !track.enter() {
            return Poll::Pending;
        }
        let mut inside = Inside {
            track: track.clone(),
            ended: true,
        };
        let polled = self.future.as_mut().poll(cx);
        inside.ended = polled.is_ready();
        polled
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        let Self(track) = self;
        track.log().drops.push(thread::current().id());
        track.0.notifier.notify();
    }
}

/// A poll that has begun; one that unwinds has ended the future.
struct Inside {
    track: Track,
    ended: bool,
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut log = self.track.log();
        log.inside = false;
        log.ended |= self.ended;
        drop(log);
        self.track.0.notifier.notify();
    }
}

impl Track {
    /// How often the future was polled, the polls that may not be included.
    pub(in crate::rules) fn polls(&self) -> usize {
        self.log().polls
    }

    /// Whether a poll has begun and not returned.
    pub(in crate::rules) fn is_being_polled(&self) -> bool {
        self.log().inside
    }

    /// Whether it was ready or has panicked.
    pub(in crate::rules) fn has_ended(&self) -> bool {
        self.log().ended
    }

    /// How often it was polled after it had ended.
    pub(in crate::rules) fn late_polls(&self) -> usize {
        self.log().late
    }

    /// How often it was polled while it was being polled.
    pub(in crate::rules) fn overlapping_polls(&self) -> usize {
        self.log().overlapping
    }

    /// How often it was dropped.
    pub(in crate::rules) fn drops(&self) -> usize {
        self.log().drops.len()
    }

    /// The threads on which it was dropped.
    pub(in crate::rules) fn drop_threads(&self) -> Vec<ThreadId> {
        self.log().drops.clone()
    }

    /// Whether the poll that begins now is one that may be.
    fn enter(&self) -> bool {
        let mut log = self.log();
        log.polls += 1;
        log.overlapping += usize::from(log.inside);
        log.late += usize::from(log.ended);
        if log.inside || log.ended {
            return false;
        }
        log.inside = true;
        true
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.0.log)
    }
}

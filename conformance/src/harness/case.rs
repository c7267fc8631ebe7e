//! What the body of a rule is given.

use std::cell::RefCell;
use std::fmt::Display;
use std::fs::File;
use std::io::Write as _;
use std::panic::panic_any;

use super::Settings;
use super::child::Reporter;
use super::stall;

/// The run of one rule: its seed, its stress factor, and the notes that it takes.
///
/// The body of a rule panics where the executor breaks the rule, and returns where it holds.
#[derive(Debug)]
pub struct Case {
    seed: u64,
    stress: u32,
    notes: RefCell<Vec<String>>,
    /// Where events go at once, so that they are there when the process is killed.
    log: Option<File>,
    /// What writes the record, in a process that was started for this rule alone.
    reporter: Option<Reporter>,
}

/// The payload of the panic by which a rule is skipped.
pub(super) struct Skipped(pub(super) String);

impl Case {
    /// A case of these settings, whose events go to `log`.
    pub(super) fn new(settings: &Settings, log: Option<File>) -> Self {
        Self {
            seed: settings.seed,
            stress: settings.stress,
            notes: RefCell::default(),
            log,
            reporter: None,
        }
    }

    /// Adds what can end the process with a verdict.
    pub(super) fn with_reporter(mut self, reporter: Reporter) -> Self {
        self.reporter = Some(reporter);
        self
    }

    /// The seed of this run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A generator of random numbers, the same for the same seed and `stream`.
    pub fn rng(&self, stream: u64) -> fastrand::Rng {
        fastrand::Rng::with_seed(self.seed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// How often to do what is usually done `times` times: more under a stress factor.
    pub fn repeat(&self, times: usize) -> usize {
        times.saturating_mul(self.stress as usize)
    }

    /// What iterations, and the time that they may take, are multiplied by.
    pub(crate) fn stress(&self) -> u32 {
        self.stress
    }

    /// Says what the rule is doing; the last of these are shown if it hangs.
    pub fn event(&self, event: impl Display) {
        if let Some(mut log) = self.log.as_ref() {
            // What cannot be logged is missing from a diagnosis, no more.
            let _ = writeln!(log, "{event}");
        }
    }

    /// Runs `body`; if it stalls, the rule has failed, and `meaning` says what that means.
    ///
    /// It stalls when every thread of the process has been asleep for a second, so that nobody is
    /// left to wake anybody. A thread that is slow because the machine is busy is not asleep, so a
    /// stall is no matter of time limits; `body` itself must not sleep for long.
    pub fn watch<T>(&self, meaning: &str, body: impl FnOnce() -> T) -> T {
        self.event(format_args!("if this is the end: {meaning}"));
        let _watch = self.reporter.clone().map(|reporter| {
            let meaning = meaning.to_owned();
            stall::watch(move || reporter.stalled(&meaning))
        });
        body()
    }

    /// Adds a remark to the rule's record; an INFO rule's observation.
    pub fn note(&self, note: impl Display) {
        self.notes.borrow_mut().push(note.to_string());
    }

    /// Ends the rule: it cannot be checked here.
    pub fn skip(&self, reason: impl Display) -> ! {
        panic_any(Skipped(reason.to_string()))
    }

    /// Tries something `times` times (more under a stress factor), each with its own generator.
    ///
    /// # Panics
    ///
    /// If one failed: with the seed, the number of tries, how many failed, and the first reason.
    pub fn trials<F>(&self, times: usize, mut trial: F)
    where
        F: FnMut(usize, &mut fastrand::Rng) -> Result<(), String>,
    {
        let times = self.repeat(times);
        let mut failures = 0;
        let mut first = None;
        for number in 0..times {
            self.event(format_args!("trial {number}"));
            if let Err(reason) = trial(number, &mut self.rng(number as u64)) {
                failures += 1;
                first.get_or_insert((number, reason));
            }
        }
        if let Some((number, reason)) = first {
            panic!(
                "{failures} of {times} trials failed (seed {}); trial {number}: {reason}",
                self.seed
            );
        }
    }

    pub(super) fn take_notes(&self) -> Vec<String> {
        self.notes.take()
    }
}

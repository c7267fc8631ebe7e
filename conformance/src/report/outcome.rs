//! What several runs of one rule on one executor come to.

use std::fmt;

use crate::harness::{Record, Verdict};

/// What became of one rule on one executor: the worst of its records.
///
/// It is displayed as the verdict, and in how many of the runs it was reached where that differs.
#[derive(Debug)]
pub struct Outcome {
    pub(super) record: Record,
    /// How many records there are.
    runs: usize,
    /// How many of them are as bad as the worst.
    alike: usize,
}

impl Outcome {
    /// The worst of the records.
    pub fn record(&self) -> &Record {
        &self.record
    }

    pub(super) fn new(record: Record) -> Self {
        Self {
            record,
            runs: 1,
            alike: 1,
        }
    }

    pub(super) fn add(&mut self, record: Record) {
        self.runs += 1;
        let (new, known) = (badness(&record.verdict), badness(&self.record.verdict));
        if new > known {
            self.record = record;
            self.alike = 1;
        } else if new == known {
            self.alike += 1;
        }
    }

    /// Whether it is neither a pass nor excused.
    pub(super) fn is_wrong(&self, strict: bool) -> bool {
        match self.record.verdict {
            Verdict::Fail | Verdict::Hang | Verdict::Abort(_) | Verdict::UnexpectedPass => true,
            Verdict::NonStrict => strict,
            Verdict::Pass | Verdict::Skip | Verdict::Info | Verdict::ExpectedFail => false,
        }
    }

    /// Whether it was skipped because the executor does not have what it is about.
    pub(super) fn does_not_apply(&self) -> bool {
        let Record { verdict, note, .. } = &self.record;
        *verdict == Verdict::Skip && note.starts_with("needs the capability")
    }

    /// Whether the rule was seen to hold.
    pub(super) fn holds(&self) -> bool {
        matches!(
            self.record.verdict,
            Verdict::Pass | Verdict::Info | Verdict::UnexpectedPass
        )
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.record.verdict)?;
        if self.alike < self.runs {
            write!(f, " ({} of {})", self.alike, self.runs)?;
        }
        Ok(())
    }
}

/// What is higher decides: a failure in one run is not undone by a pass in another.
fn badness(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Skip => 0,
        Verdict::Info => 1,
        Verdict::Pass => 2,
        Verdict::ExpectedFail => 3,
        Verdict::UnexpectedPass => 4,
        Verdict::NonStrict => 5,
        Verdict::Fail => 6,
        Verdict::Hang => 7,
        Verdict::Abort(_) => 8,
    }
}

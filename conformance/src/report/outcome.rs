//! What several runs of one rule on one executor come to.

use std::fmt;

use crate::harness::{Record, Verdict};

/// The worst of the records of one rule on one executor.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) record: Record,
    /// How many records there are.
    runs: usize,
    /// How many of them are as bad as the worst.
    alike: usize,
}

impl Outcome {
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

    /// Whether the rule was seen to hold.
    pub(super) fn holds(&self) -> bool {
        matches!(
            self.record.verdict,
            Verdict::Pass | Verdict::Info | Verdict::UnexpectedPass
        )
    }
}

/// The verdict, and in how many of the runs it was reached where that differs.
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

//! How many rules hold.

use std::fmt;

use super::outcome::Outcome;
use crate::Level;
use crate::harness::Verdict;

/// How many of the rules that were checked on an executor hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Score {
    /// The MUST rules that hold.
    pub must: usize,
    /// The MUST rules that were checked.
    pub must_checked: usize,
    /// The SHOULD rules that hold.
    pub should: usize,
    /// The SHOULD rules that were checked.
    pub should_checked: usize,
    /// The rules of both levels that were skipped, or of which there is no record.
    pub unchecked: usize,
}

impl Score {
    pub(super) fn count(&mut self, level: Level, outcome: Option<&Outcome>) {
        let checked = outcome.filter(|outcome| outcome.record.verdict != Verdict::Skip);
        let Some(outcome) = checked else {
            self.unchecked += 1;
            return;
        };
        let (hold, checked) = match level {
            Level::Must => (&mut self.must, &mut self.must_checked),
            Level::Should => (&mut self.should, &mut self.should_checked),
            Level::Info => return,
        };
        *checked += 1;
        *hold += usize::from(outcome.holds());
    }
}

/// The badge line: `MUST 104/104, SHOULD 24/27`, and how many rules were not checked, if any.
impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "MUST {}/{}, SHOULD {}/{}",
            self.must, self.must_checked, self.should, self.should_checked
        )?;
        match self.unchecked {
            0 => Ok(()),
            unchecked => write!(f, " ({unchecked} not checked)"),
        }
    }
}

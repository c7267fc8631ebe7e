//! What is known to fail, and why.

use std::fmt;

use super::{Record, Verdict};
use crate::Rule;

/// The rules that an executor is expected to break, each with a reason.
///
/// A line is `ID: reason`; empty lines and lines that begin with `#` are left out. A rule that is
/// listed and holds is an unexpected pass, which fails as well: the list says what is true.
///
/// ```
/// use executor_conformance::harness::Expectations;
///
/// let known = "# One thread, by design.\nW9: the remote queue is bounded\n";
/// assert!(Expectations::parse(known).is_ok());
/// assert!(Expectations::parse("W9").is_err());
/// ```
#[derive(Debug, Default)]
pub struct Expectations(Vec<(&'static Rule, String)>);

impl Expectations {
    /// Reads expectations.
    ///
    /// # Errors
    ///
    /// If a line names no rule, gives no reason, or names a rule again.
    pub fn parse(text: &str) -> Result<Self, ExpectationsError> {
        let mut expected = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |what| ExpectationsError {
                line: index + 1,
                what,
            };
            let (id, reason) = line.split_once(':').unwrap_or((line, ""));
            let rule = Rule::find(id.trim()).ok_or_else(|| wrong("it names no rule"))?;
            if reason.trim().is_empty() {
                return Err(wrong("it gives no reason; write `ID: reason`"));
            }
            if expected.reason(rule).is_some() {
                return Err(wrong("the rule is named twice"));
            }
            expected.0.push((rule, reason.trim().to_owned()));
        }
        Ok(expected)
    }

    /// Why the rule is expected to fail, if it is.
    pub fn reason(&self, rule: &Rule) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known.name == rule.name);
        found.map(|(_, reason)| reason.as_str())
    }

    /// The record as it is in the light of what was expected.
    pub fn judge(&self, mut record: Record) -> Record {
        if let Some(reason) = self.reason(record.rule) {
            if record.verdict.is_failure() {
                record.note = format!("expected: {reason}\n{}", record.note);
                record.verdict = Verdict::ExpectedFail;
            } else if record.verdict == Verdict::Pass {
                record.note = format!("take it off the expectations; they say: {reason}");
                record.verdict = Verdict::UnexpectedPass;
            }
        }
        record
    }
}

/// A line of expectations that cannot be read.
#[derive(Debug)]
pub struct ExpectationsError {
    line: usize,
    what: &'static str,
}

impl fmt::Display for ExpectationsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expectations, line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for ExpectationsError {}

//! How the check of a rule ended, and its record.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Entry, Settings};
use crate::{Level, Rule};

/// How the check of a rule ended; see [the list](super).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The rule holds.
    Pass,
    /// It could not be checked.
    Skip,
    /// What an INFO rule observed is in the notes.
    Info,
    /// A SHOULD was missed, in whatever way.
    NonStrict,
    /// The executor breaks the rule, which is a MUST.
    Fail,
    /// The same: the rule was still running at the time limit.
    Hang,
    /// The same: the process died of this signal, or ended with no verdict (0).
    Abort(i32),
    /// It fails as expected.
    ExpectedFail,
    /// It holds, and was expected to fail.
    UnexpectedPass,
}

impl Verdict {
    /// The verdict's name in reports, without the signal of an abort.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Skip => "skip",
            Self::Info => "info",
            Self::NonStrict => "non-strict",
            Self::Fail => "fail",
            Self::Hang => "hang",
            Self::Abort(_) => "abort",
            Self::ExpectedFail => "expected-fail",
            Self::UnexpectedPass => "unexpected-pass",
        }
    }

    pub(crate) fn from_name(name: &str, signal: i32) -> Option<Self> {
        let all = [
            Self::Pass,
            Self::Skip,
            Self::Info,
            Self::NonStrict,
            Self::Fail,
            Self::Hang,
            Self::Abort(signal),
            Self::ExpectedFail,
            Self::UnexpectedPass,
        ];
        all.into_iter().find(|verdict| verdict.name() == name)
    }

    /// Whether the executor was found to break the rule.
    pub fn is_failure(&self) -> bool {
        matches!(
            self,
            Self::NonStrict | Self::Fail | Self::Hang | Self::Abort(_)
        )
    }
}

/// What is known about one check of one rule.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Record {
    /// The rule.
    pub rule: &'static Rule,
    /// The executor's name.
    pub executor: String,
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
    /// The seed that it ran with.
    pub seed: u64,
    /// Why it ended so: what the rule found, or what it remarks.
    pub note: String,
}

impl Record {
    pub(super) fn new(entry: &Entry, settings: &Settings, verdict: Verdict) -> Self {
        Self {
            rule: entry.rule,
            executor: entry.executor.to_owned(),
            verdict,
            took: Duration::ZERO,
            seed: settings.seed,
            note: String::new(),
        }
    }

    /// The record of a rule that the adapter lacks a capability for.
    pub fn missing(entry: &Entry, settings: &Settings, capability: &str) -> Self {
        Self {
            note: format!("needs the capability `{capability}`"),
            ..Self::new(entry, settings, Verdict::Skip)
        }
    }

    /// Whether it is of this entry's rule and executor.
    pub(super) fn is_of(&self, entry: &Entry) -> bool {
        self.rule.name == entry.rule.name && self.executor == entry.executor
    }

    /// Whether a test with this record passes.
    pub fn is_acceptable(&self, settings: &Settings) -> bool {
        match self.verdict {
            Verdict::Pass | Verdict::Skip | Verdict::Info | Verdict::ExpectedFail => true,
            Verdict::NonStrict => settings.lenient,
            Verdict::Fail | Verdict::Hang | Verdict::Abort(_) | Verdict::UnexpectedPass => false,
        }
    }

    /// What the rule's level makes of the verdict: a SHOULD is missed by a hang or an abort as it is
    /// by a failure, and an INFO rule demands nothing, however it ends. The note says how it was.
    pub(super) fn at_level(mut self) -> Self {
        let failed = self.verdict.is_failure();
        match self.rule.level() {
            Level::Should if failed => self.verdict = Verdict::NonStrict,
            Level::Info if failed || self.verdict == Verdict::Pass => self.verdict = Verdict::Info,
            _ => {}
        }
        self
    }

    /// The record as one line of JSON.
    pub fn to_json(&self) -> String {
        let mut value = json!({
            "id": self.rule.id(),
            "rule": self.rule.name,
            "level": self.rule.level().to_string(),
            "executor": self.executor,
            "verdict": self.verdict.name(),
            "ms": self.took.as_secs_f64() * 1e3,
            "seed": self.seed,
            "note": self.note,
            "suite": env!("CARGO_PKG_VERSION"),
        });
        if let Verdict::Abort(signal) = self.verdict {
            value["signal"] = signal.into();
        }
        value.to_string()
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    ///
    /// What is wrong with the line.
    pub fn from_json(line: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let text = |key: &str| {
            let text = value[key].as_str();
            text.ok_or_else(|| format!("no text for `{key}`"))
        };
        let name = text("rule")?;
        let signal = value["signal"].as_i64().unwrap_or(0);
        let signal = i32::try_from(signal).map_err(|error| error.to_string())?;
        Ok(Self {
            rule: Rule::find(name).ok_or_else(|| format!("no rule `{name}`"))?,
            executor: text("executor")?.to_owned(),
            verdict: Verdict::from_name(text("verdict")?, signal)
                .ok_or_else(|| format!("no verdict `{}`", value["verdict"]))?,
            took: Duration::from_secs_f64(value["ms"].as_f64().unwrap_or(0.0).max(0.0) / 1e3),
            seed: value["seed"].as_u64().unwrap_or(0),
            note: text("note")?.to_owned(),
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Abort(signal) if *signal != 0 => write!(f, "abort (signal {signal})"),
            other => f.pad(other.name()),
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, verdict, .. } = self;
        write!(
            f,
            "{} {} on {}: {verdict}",
            rule.id(),
            rule.level(),
            self.executor
        )?;
        if !matches!(verdict, Verdict::Pass) {
            write!(f, "\n  rule: {}\n  seed: {}", rule.statement, self.seed)?;
        }
        for line in self.note.lines() {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

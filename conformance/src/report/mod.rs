//! Reports: what became of every rule on one or more executors.
//!
//! With `EXECUTOR_CONFORMANCE_REPORT` set to a file, each test adds its [`Record`] to it as a line
//! of JSON. A [`Report`] is made of such lines and writes them as Markdown, as JUnit XML, or as
//! one line for a badge; the program `conformance report` does this from the command line.
//!
//! A rule of which there is no record is *untested*, and listed so. Where there are several
//! records of one rule on one executor, as after several runs, the worst of them counts, and the
//! table says in how many runs it happened.
//!
//! ```
//! use executor_conformance::report::Report;
//!
//! let lines = r#"{"rule":"w01_must_self_wake_is_a_repoll","executor":"mine","verdict":"pass","ms":0.1,"seed":1,"note":""}"#;
//! let report: Report = executor_conformance::report::parse(lines)?.into_iter().collect();
//! assert!(report.to_markdown().contains("| W1 |"));
//! assert!(report.badge().starts_with("MUST 1/1, SHOULD 0/0"));
//! # Ok::<(), executor_conformance::report::ParseError>(())
//! ```

mod junit;
mod markdown;
mod outcome;
mod score;
#[cfg(test)]
mod tests;

use std::fmt;

pub use outcome::Outcome;
pub use score::Score;

use crate::harness::Record;
use crate::{Level, Rule};

/// What became of the rules, by executor.
#[derive(Debug, Default)]
pub struct Report {
    executors: Vec<Column>,
}

/// The rules on one executor.
#[derive(Debug)]
struct Column {
    name: String,
    outcomes: Vec<Outcome>,
}

impl Report {
    /// The report in Markdown: a score for each executor, tables of rules by executors, and what
    /// was found where a rule does not hold.
    pub fn to_markdown(&self) -> String {
        markdown::write(self)
    }

    /// The part of [`to_markdown`](Self::to_markdown) that is the table of scores.
    pub fn scores_to_markdown(&self) -> String {
        markdown::scores(self)
    }

    /// The part of [`to_markdown`](Self::to_markdown) that is the tables of rules by executors,
    /// with a heading for each group of rules.
    ///
    /// A dash is for a rule that needs a capability which the executor does not have.
    pub fn tables_to_markdown(&self) -> String {
        markdown::tables(self)
    }

    /// What failed on an executor, what misses a SHOULD included, in the order of the rules.
    pub fn failures<'a>(&'a self, executor: &str) -> impl Iterator<Item = &'a Outcome> + use<'a> {
        let mut columns = self.executors.iter();
        let column = columns.find(|column| column.name == executor);
        let outcomes = column.into_iter().flat_map(|column| {
            let rules = column.rules();
            rules.filter_map(|rule| column.outcome(rule))
        });
        outcomes.filter(|outcome| outcome.is_wrong(true))
    }

    /// The report as JUnit XML, a suite for each executor.
    ///
    /// If `strict`, what misses a SHOULD is a failure.
    pub fn to_junit(&self, strict: bool) -> String {
        junit::write(self, strict)
    }

    /// The scores, such as `MUST 104/104, SHOULD 24/27`: a line for each executor, which begins
    /// with its name if there are several.
    pub fn badge(&self) -> String {
        let lines = self
            .executors
            .iter()
            .map(|column| match self.executors.len() {
                1 => format!("{}\n", column.score()),
                _ => format!("{}: {}\n", column.name, column.score()),
            });
        lines.collect()
    }

    /// The names of the executors, in the order of their first records.
    pub fn executors(&self) -> impl Iterator<Item = &str> {
        self.executors.iter().map(|column| column.name.as_str())
    }

    /// The score of an executor; `None` if there is no record of it.
    pub fn score(&self, executor: &str) -> Option<Score> {
        let mut columns = self.executors.iter();
        let column = columns.find(|column| column.name == executor)?;
        Some(column.score())
    }

    /// Whether nothing failed that was not expected to; if `strict`, what misses a SHOULD failed.
    pub fn is_acceptable(&self, strict: bool) -> bool {
        let outcomes = self.executors.iter().flat_map(|column| &column.outcomes);
        !outcomes.into_iter().any(|outcome| outcome.is_wrong(strict))
    }
}

impl FromIterator<Record> for Report {
    fn from_iter<I: IntoIterator<Item = Record>>(records: I) -> Self {
        let mut report = Self::default();
        for record in records {
            report.column(&record.executor).add(record);
        }
        report
    }
}

impl Report {
    fn column(&mut self, name: &str) -> &mut Column {
        let known = self.executors.iter().position(|column| column.name == name);
        let index = known.unwrap_or_else(|| {
            self.executors.push(Column {
                name: name.to_owned(),
                outcomes: Vec::new(),
            });
            self.executors.len() - 1
        });
        &mut self.executors[index]
    }
}

impl Column {
    fn add(&mut self, record: Record) {
        let same = |outcome: &&mut Outcome| outcome.record.rule.name == record.rule.name;
        match self.outcomes.iter_mut().find(same) {
            Some(outcome) => outcome.add(record),
            None => self.outcomes.push(Outcome::new(record)),
        }
    }

    fn outcome(&self, rule: &Rule) -> Option<&Outcome> {
        let mut outcomes = self.outcomes.iter();
        outcomes.find(|outcome| outcome.record.rule.name == rule.name)
    }

    /// The rules that are meant for what this is: an executor or a policy.
    fn rules(&self) -> impl Iterator<Item = &'static Rule> + use<> {
        let mut outcomes = self.outcomes.iter();
        let is_policy = outcomes.all(|outcome| outcome.record.rule.is_for_policies());
        Rule::all().filter(move |rule| rule.is_for_policies() == is_policy)
    }

    fn score(&self) -> Score {
        let mut score = Score::default();
        for rule in self.rules().filter(|rule| rule.level() != Level::Info) {
            score.count(rule.level(), self.outcome(rule));
        }
        score
    }
}

/// Reads records, one a line, as `EXECUTOR_CONFORMANCE_REPORT` has them written.
///
/// # Errors
///
/// At the first line that is no record, with its number and what to do.
pub fn parse(lines: &str) -> Result<Vec<Record>, ParseError> {
    let lines = lines.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    let records = lines.map(|(index, line)| {
        Record::from_json(line).map_err(|what| ParseError {
            line: index + 1,
            what,
        })
    });
    records.collect()
}

/// A line that is no record.
#[derive(Debug)]
pub struct ParseError {
    line: usize,
    what: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {} is no record of suite {}: {}; take the line out, or write the report anew by \
             running the tests with this version of the suite",
            self.line,
            env!("CARGO_PKG_VERSION"),
            self.what
        )
    }
}

impl std::error::Error for ParseError {}

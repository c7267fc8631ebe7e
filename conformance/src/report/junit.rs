//! The report as JUnit XML, in the form that continuous-integration servers read.
//!
//! A skip, an expected failure and a rule without a record are `skipped`; a hang and an abort are
//! an `error`, since the rule never came to its verdict; what is otherwise wrong is a `failure`.

use std::fmt::{self, Write as _};

use super::outcome::Outcome;
use super::{Column, Report};
use crate::Rule;
use crate::harness::Verdict;

/// Writing to a string cannot fail.
const WRITES: &str = "a string takes what is written";

pub(super) fn write(report: &Report, strict: bool) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for column in &report.executors {
        suite(&mut out, column, strict).expect(WRITES);
    }
    out.push_str("</testsuites>\n");
    out
}

/// What a test case is in JUnit's terms.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Passed,
    Skipped,
    Failure,
    Error,
}

fn kind(outcome: Option<&Outcome>, strict: bool) -> Kind {
    let Some(outcome) = outcome else {
        return Kind::Skipped;
    };
    match outcome.record.verdict {
        Verdict::Hang | Verdict::Abort(_) => Kind::Error,
        Verdict::Skip | Verdict::ExpectedFail => Kind::Skipped,
        _ if outcome.is_wrong(strict) => Kind::Failure,
        _ => Kind::Passed,
    }
}

fn suite(out: &mut String, column: &Column, strict: bool) -> fmt::Result {
    let cases: Vec<_> = column
        .rules()
        .map(|rule| (rule, column.outcome(rule)))
        .collect();
    let count = |wanted| {
        let kinds = cases.iter().map(|(_, outcome)| kind(*outcome, strict));
        kinds.filter(|kind| *kind == wanted).count()
    };
    let took = cases.iter().filter_map(|(_, outcome)| *outcome);
    let took: f64 = took.map(|outcome| seconds(Some(outcome))).sum();
    writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" \
         time=\"{took:.6}\">",
        attribute(&column.name),
        cases.len(),
        count(Kind::Failure),
        count(Kind::Error),
        count(Kind::Skipped),
    )?;
    for (rule, outcome) in cases {
        case(out, &column.name, rule, outcome, kind(outcome, strict))?;
    }
    out.push_str("  </testsuite>\n");
    Ok(())
}

fn case(
    out: &mut String,
    executor: &str,
    rule: &Rule,
    outcome: Option<&Outcome>,
    kind: Kind,
) -> fmt::Result {
    write!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.6}\"",
        attribute(executor),
        rule.name,
        seconds(outcome)
    )?;
    let element = match kind {
        Kind::Passed => return passed(out, outcome),
        Kind::Skipped => "skipped",
        Kind::Failure => "failure",
        Kind::Error => "error",
    };
    out.push_str(">\n");
    match outcome {
        None => writeln!(out, "      <skipped message=\"untested: no record\"/>")?,
        Some(outcome) => writeln!(
            out,
            "      <{element} message=\"{}\" type=\"{}\">{}</{element}>",
            attribute(&format!("{outcome}: {}", first_line(outcome))),
            outcome.record.verdict.name(),
            escape(&outcome.record.to_string())
        )?,
    }
    out.push_str("    </testcase>\n");
    Ok(())
}

/// Ends the element of a case that passed, with its remarks if it made any.
fn passed(out: &mut String, outcome: Option<&Outcome>) -> fmt::Result {
    match outcome.map(|outcome| &outcome.record) {
        Some(record) if !record.note.is_empty() => writeln!(
            out,
            ">\n      <system-out>{}</system-out>\n    </testcase>",
            escape(&record.to_string())
        ),
        _ => writeln!(out, "/>"),
    }
}

fn first_line(outcome: &Outcome) -> &str {
    outcome.record.note.lines().next().unwrap_or_default()
}

fn seconds(outcome: Option<&Outcome>) -> f64 {
    outcome.map_or(0.0, |outcome| outcome.record.took.as_secs_f64())
}

/// Text that means itself in an attribute, where line ends need an escape too.
fn attribute(text: &str) -> String {
    escape(text).replace('\n', "&#10;")
}

/// Text that means itself between elements.
///
/// XML has no way to write most control characters; what an executor printed before it died may
/// hold any. They become U+FFFD.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' | '\t' => out.push(char),
            '\r' => out.push_str("&#13;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

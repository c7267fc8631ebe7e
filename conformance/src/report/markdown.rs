//! The report as Markdown.

use std::fmt::Write as _;

use super::{Column, Report};
use crate::Rule;
use crate::harness::Verdict;
use crate::rules::{GROUPS, Group};

/// Writing to a string cannot fail.
const WRITES: &str = "a string takes what is written";

pub(super) fn write(report: &Report) -> String {
    let mut out = format!("# Conformance\n\n{}{}", scores(report), tables(report));
    for column in &report.executors {
        findings(&mut out, column).expect(WRITES);
        skipped(&mut out, column).expect(WRITES);
    }
    out
}

/// A line of numbers for each executor.
pub(super) fn scores(report: &Report) -> String {
    let mut out = String::from("| executor | MUST | SHOULD | not checked |\n|---|---|---|---|\n");
    for column in &report.executors {
        let score = column.score();
        writeln!(
            out,
            "| {} | {}/{} | {}/{} | {} |",
            text(&column.name),
            score.must,
            score.must_checked,
            score.should,
            score.should_checked,
            score.unchecked
        )
        .expect(WRITES);
    }
    out
}

/// A table of rules by executors for each group of rules.
pub(super) fn tables(report: &Report) -> String {
    let mut out = String::new();
    for group in GROUPS {
        let columns: Vec<&Column> = report.executors.iter().collect();
        let columns = meant_for(group, &columns);
        if !columns.is_empty() && !group.rules.is_empty() {
            table(&mut out, group, &columns).expect(WRITES);
        }
    }
    out
}

/// The executors for a group of executors' rules, the policies for one of policies' rules.
fn meant_for<'a>(group: &Group, columns: &[&'a Column]) -> Vec<&'a Column> {
    let has_rules_of = |column: &&&Column| column.rules().any(|rule| is_in(rule, group));
    columns.iter().filter(has_rules_of).copied().collect()
}

fn is_in(rule: &Rule, group: &Group) -> bool {
    rule.group().letter == group.letter
}

fn table(out: &mut String, group: &Group, columns: &[&Column]) -> std::fmt::Result {
    write!(
        out,
        "\n## {}: {}\n\n| rule | level | |",
        group.letter, group.title
    )?;
    for column in columns {
        write!(out, " {} |", text(&column.name))?;
    }
    writeln!(out, "\n|---|---|---|{}", "---|".repeat(columns.len()))?;
    for rule in group.rules {
        let statement = text(rule.statement);
        write!(out, "| {} | {} | {statement} |", rule.id(), rule.level())?;
        for column in columns {
            write!(out, " {} |", cell(column, rule))?;
        }
        out.push('\n');
    }
    Ok(())
}

fn cell(column: &Column, rule: &Rule) -> String {
    match column.outcome(rule) {
        None => "untested".to_owned(),
        // What is not as it should be stands out, the worse the more.
        Some(outcome) if outcome.is_wrong(false) => format!("**{outcome}**"),
        Some(outcome) if outcome.is_wrong(true) => format!("*{outcome}*"),
        Some(outcome) if outcome.does_not_apply() => "–".to_owned(),
        Some(outcome) => outcome.to_string(),
    }
}

/// What was found wherever a rule was not simply seen to hold.
fn findings(out: &mut String, column: &Column) -> std::fmt::Result {
    let told = column.rules().filter_map(|rule| column.outcome(rule));
    let told: Vec<_> = told
        .filter(|outcome| match outcome.record.verdict {
            Verdict::Pass | Verdict::Skip => false,
            Verdict::Info => !outcome.record.note.is_empty(),
            _ => true,
        })
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Findings on {}", text(&column.name))?;
    for outcome in told {
        let record = &outcome.record;
        writeln!(
            out,
            "\n**{} {}: {outcome}.** {} Seed {}.",
            record.rule.id(),
            record.rule.level(),
            text(record.rule.statement),
            record.seed
        )?;
        if !record.note.is_empty() {
            let fence = fence_for(&record.note);
            writeln!(out, "\n{fence}text\n{}\n{fence}", record.note.trim_end())?;
        }
    }
    Ok(())
}

/// The rules that were skipped, by reason, and those without a record.
fn skipped(out: &mut String, column: &Column) -> std::fmt::Result {
    let mut reasons: Vec<(String, Vec<String>)> = Vec::new();
    for rule in column.rules() {
        let reason = match column.outcome(rule) {
            None => "no record".to_owned(),
            Some(outcome) if outcome.record.verdict == Verdict::Skip => {
                outcome.record.note.replace('\n', " ")
            }
            Some(_) => continue,
        };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, rules)) => rules.push(rule.id()),
            None => reasons.push((reason, vec![rule.id()])),
        }
    }
    if reasons.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Not checked on {}\n", text(&column.name))?;
    for (reason, rules) in reasons {
        writeln!(out, "- {}: {}", text(&reason), rules.join(", "))?;
    }
    Ok(())
}

/// Text as it stands in a cell or a heading: on one line, its marks without meaning.
///
/// Code in backticks stays code: what rules say is written in Markdown.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '|' => out.push_str("\\|"),
            '<' => out.push_str("&lt;"),
            '\n' | '\r' => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

/// A fence of more backticks than follow one another in the text.
fn fence_for(text: &str) -> String {
    let longest = text.split(|char| char != '`').map(str::len).max();
    "`".repeat(longest.unwrap_or(0).max(2) + 1)
}

//! Reports of records that were made up.

use serde_json::json;

use super::{Report, parse};
use crate::Rule;

/// A line as a test would have written it.
fn line(rule: &str, executor: &str, verdict: &str, note: &str) -> String {
    let rule = Rule::find(rule).expect("a rule").name;
    json!({
        "rule": rule, "executor": executor, "verdict": verdict, "note": note,
        "ms": 1.5, "seed": 7,
    })
    .to_string()
}

fn report(lines: &[String]) -> Report {
    let records = parse(&lines.join("\n")).expect("records");
    records.into_iter().collect()
}

/// The cells of the row that begins with `rule`.
fn row(markdown: &str, rule: &str) -> Vec<String> {
    let begin = format!("| {rule} |");
    let row = markdown.lines().find(|line| line.starts_with(&begin));
    let row = row.unwrap_or_else(|| panic!("no row of {rule} in {markdown}"));
    row.split('|').map(|cell| cell.trim().to_owned()).collect()
}

#[test]
fn each_executor_has_a_column_and_each_rule_a_row() {
    let report = report(&[
        line("W1", "one", "pass", ""),
        line("W9", "one", "fail", "it waited"),
        line("W1", "two", "skip", "no thread to spare"),
    ]);
    let markdown = report.to_markdown();
    assert_eq!(row(&markdown, "W1")[4..6], ["pass", "skip"]);
    assert_eq!(row(&markdown, "W9")[4..6], ["**fail**", "untested"]);
    assert!(markdown.contains("```text\nit waited\n```"), "{markdown}");
    assert!(
        markdown.contains("- no thread to spare: W1\n"),
        "{markdown}"
    );
    assert!(markdown.contains("| one | 1/2 | 0/0 |"), "{markdown}");
    for rule in Rule::all().filter(|rule| !rule.is_for_policies()) {
        assert!(!row(&markdown, &rule.id()).is_empty());
    }
    assert!(!markdown.contains("| Q1 |"), "these are no policies");
}

#[test]
fn a_table_tells_a_failure_from_a_should_and_both_from_what_does_not_apply() {
    let report = report(&[
        line("W1", "one", "fail", ""),
        line("W14", "one", "non-strict", ""),
        line("T1", "one", "skip", "needs the capability `timers`"),
        line("W9", "one", "skip", "no memory"),
    ]);
    let tables = report.tables_to_markdown();
    let cells = ["W1", "W14", "T1", "W9"].map(|rule| row(&tables, rule)[4].clone());
    assert_eq!(cells, ["**fail**", "*non-strict*", "–", "skip"]);
}

#[test]
fn failures_are_those_of_one_executor_in_the_order_of_the_rules() {
    let report = report(&[
        line("P5", "one", "non-strict", "it ended"),
        line("W9", "one", "pass", ""),
        line("W9", "one", "hang", "it waited"),
        line("W1", "one", "pass", ""),
        line("W1", "two", "fail", ""),
    ]);
    let failures = report.failures("one").map(|outcome| {
        let record = outcome.record();
        format!("{} {outcome}: {}", record.rule.id(), record.note)
    });
    let failures: Vec<_> = failures.collect();
    assert_eq!(
        failures,
        ["W9 hang (1 of 2): it waited", "P5 non-strict: it ended"]
    );
    assert_eq!(report.failures("three").count(), 0);
}

#[test]
fn a_policy_is_reported_on_by_the_rules_of_policies_alone() {
    let report = report(&[
        line("Q1", "Fifo", "pass", ""),
        line("W1", "one", "pass", ""),
    ]);
    let markdown = report.to_markdown();
    assert_eq!(row(&markdown, "Q1").len(), 6, "one column");
    assert_eq!(row(&markdown, "W1").len(), 6, "one column");
    let policies = Rule::all().filter(|rule| rule.is_for_policies()).count();
    let score = report.score("Fifo").expect("it was reported on");
    assert_eq!((score.must, score.unchecked), (1, policies - 1));
}

#[test]
fn the_worst_of_several_runs_counts() {
    let report = report(&[
        line("W1", "one", "pass", ""),
        line("W1", "one", "hang", "once"),
        line("W1", "one", "pass", ""),
    ]);
    let markdown = report.to_markdown();
    assert_eq!(row(&markdown, "W1")[4], "**hang (1 of 3)**");
    assert!(!report.is_acceptable(false));
}

#[test]
fn a_badge_counts_what_was_checked_and_tells_what_was_not() {
    let mut lines: Vec<_> = Rule::all()
        .filter(|rule| !rule.is_for_policies())
        .map(|rule| line(rule.name, "one", "pass", ""))
        .collect();
    let musts = lines.iter().filter(|line| line.contains("_must_")).count();
    let shoulds = lines
        .iter()
        .filter(|line| line.contains("_should_"))
        .count();
    let all = format!("MUST {musts}/{musts}, SHOULD {shoulds}/{shoulds}\n");
    assert_eq!(report(&lines).badge(), all);
    lines[0] = line("W9", "one", "fail", "");
    lines.retain(|line| !line.contains("w09") || line.contains("fail"));
    lines.push(line("W1", "two", "expected-fail", ""));
    let badge = report(&lines).badge();
    let (one, two) = badge.split_once('\n').expect("two lines");
    assert!(one.starts_with("one: MUST "), "{one}");
    assert!(two.starts_with("two: MUST 0/1, SHOULD 0/0 ("), "{two}");
    assert!(two.ends_with(" not checked)\n"), "{two}");
}

#[test]
fn what_an_executor_prints_cannot_break_the_table() {
    let note = "```\nan | in the note\n```";
    let report = report(&[
        line("W1", "a|b<c>\nd", "fail", note),
        line("W9", "a|b<c>\nd", "skip", "no | here"),
    ]);
    let markdown = report.to_markdown();
    assert!(markdown.contains("| a\\|b&lt;c> d |"), "{markdown}");
    assert!(markdown.contains("````text\n```\nan | in"), "{markdown}");
    assert!(markdown.contains("- no \\| here: W9"), "{markdown}");
}

#[test]
fn xml_counts_and_is_well_formed_whatever_was_printed() {
    let report = report(&[
        line("W1", "<&\"'>\n", "abort", "]]> \u{1b}[31m & \u{0}"),
        line("W9", "<&\"'>\n", "fail", "it <waited>"),
        line("Q1", "other", "pass", "remark"),
    ]);
    let xml = report.to_junit(false);
    assert_well_formed(&xml);
    let rules = Rule::all().filter(|rule| !rule.is_for_policies()).count();
    let counts = format!(
        "tests=\"{rules}\" failures=\"1\" errors=\"1\" skipped=\"{}\"",
        rules - 2
    );
    assert!(xml.contains(&counts), "{counts}: {xml}");
    assert!(xml.contains("message=\"fail: it &lt;waited&gt;\""), "{xml}");
    assert!(xml.contains("name=\"&lt;&amp;&quot;&apos;&gt;&#10;\""));
    assert!(xml.contains("]]&gt; \u{fffd}[31m &amp; \u{fffd}"), "{xml}");
    assert!(xml.contains("<system-out>"), "{xml}");
}

#[test]
fn what_misses_a_should_is_a_failure_only_if_strict() {
    let lines = [line("W1", "one", "non-strict", "slow")];
    let report = report(&lines);
    assert!(report.is_acceptable(false));
    assert!(!report.is_acceptable(true));
    assert!(report.to_junit(false).contains("failures=\"0\""));
    assert!(report.to_junit(true).contains("failures=\"1\""));
}

#[test]
fn a_line_that_is_no_record_is_named() {
    let good = line("W1", "one", "pass", "");
    for (bad, says) in [
        ("{\"rule\":", "EOF"),
        ("{}", "no text for `rule`"),
        ("{\"rule\":\"w99_must_fly\"}", "no rule `w99_must_fly`"),
    ] {
        let error = parse(&format!("{good}\n\n{bad}\n")).expect_err("it is no record");
        let error = error.to_string();
        assert!(error.starts_with("line 3 is no record"), "{error}");
        assert!(error.contains(says), "{error}");
    }
}

/// Checks that elements nest, that attributes are quoted, and that no mark stands for itself.
fn assert_well_formed(xml: &str) {
    let mut open = Vec::new();
    let declared = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    let mut rest = declared.expect("it is declared");
    while let Some((text, tag)) = rest.split_once('<') {
        assert_text(text);
        let (tag, after) = tag.split_once('>').expect("tags end");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        let name = tag.split([' ', '/']).next().expect("a name");
        for value in tag.split('"').skip(1).step_by(2) {
            assert_text(value);
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert_text(rest);
    assert!(open.is_empty(), "{open:?}");
}

fn assert_text(text: &str) {
    for after in text.split('&').skip(1) {
        let entity = after.split_once(';').map(|(name, _)| name);
        let known = ["amp", "lt", "gt", "quot", "apos", "#10", "#13"];
        assert!(entity.is_some_and(|name| known.contains(&name)), "{text}");
    }
    let legal = |char: char| char >= ' ' || char == '\n' || char == '\t';
    assert!(text.chars().all(legal), "{text:?}");
    assert!(!text.contains('>'), "{text}");
}

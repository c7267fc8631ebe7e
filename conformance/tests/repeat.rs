//! `conformance repeat`: what it tells of runs that go well, that fail, and that differ.

#![cfg(unix)]

use std::env;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::{fs, process};

/// Writes a record with the verdict that the shell's `$verdict` says.
const RECORD: &str = r#"echo "{\"rule\":\"w01_must_self_wake_is_a_repoll\",\"executor\":\"mine\",\"verdict\":\"$verdict\",\"ms\":1,\"seed\":7,\"note\":\"a task was lost\"}" >> "$EXECUTOR_CONFORMANCE_REPORT""#;

/// Says `fail` in the third run and `pass` in all others; a line in `$runs` is a run.
const THIRD_FAILS: &str =
    r#"echo >> "$runs"; verdict=pass; [ $(wc -l < "$runs") != 3 ] || verdict=fail"#;

/// Repeats a shell script that counts its runs in a file of this name.
fn repeat(name: &str, options: &[&str], script: &str) -> Output {
    let runs: PathBuf = env::temp_dir().join(format!("{name}-{}", process::id()));
    let output = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .args(["repeat", "4"])
        .args(options)
        .args(["--", "sh", "-c", script])
        .env("runs", &runs)
        .output();
    // Not every script makes the file.
    let _ = fs::remove_file(runs);
    output.expect("the program can be run")
}

fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8(both).expect("the program writes UTF-8")
}

#[test]
fn runs_without_a_failure_are_counted() {
    let output = repeat("good", &["--load"], &format!("verdict=pass; {RECORD}"));
    let text = text(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("run 2 of 4: 1 verdicts, no failure\n"),
        "{text}"
    );
    assert!(text.ends_with("4 of 4 runs without a failure\n"), "{text}");
}

#[test]
fn one_failure_is_one_too_many() {
    let script = format!("{THIRD_FAILS}; {RECORD}; [ $verdict = pass ]");
    let output = repeat("flaky", &[], &script);
    let text = text(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("run 3 of 4: 1 verdicts; these failed: W1 on mine\n"),
        "{text}"
    );
    assert!(text.contains("3 of 4 runs without a failure\n"), "{text}");
    assert!(
        text.contains("W1 on mine: fail in 1, pass in 3 of 4 runs\n"),
        "{text}"
    );
    assert!(text.contains("a task was lost"), "{text}");
}

#[test]
fn what_always_fails_is_accepted_if_the_runs_need_only_be_alike() {
    let script = format!("verdict=fail; {RECORD}; exit 1");
    let output = repeat("alike", &["--alike"], &script);
    let text = text(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.ends_with("4 of 4 runs with the same verdicts\n"),
        "{text}"
    );
}

#[test]
fn and_what_comes_and_goes_is_not() {
    let output = repeat("unlike", &["--alike"], &format!("{THIRD_FAILS}; {RECORD}"));
    let text = text(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("3 of 4 runs with the same verdicts\n"),
        "{text}"
    );
    assert!(
        text.contains("W1 on mine: fail in 1, pass in 3 of 4 runs\n"),
        "{text}"
    );
}

#[test]
fn a_record_that_is_missing_in_one_run_makes_the_runs_differ() {
    let script =
        format!("{THIRD_FAILS}; [ $verdict = fail ] || {{ {RECORD}; {RECORD}; }}; {RECORD}");
    let output = repeat("missing", &["--alike"], &script);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
}

#[test]
fn a_command_that_leaves_no_records_is_an_error_with_its_last_words() {
    let output = repeat("mute", &[], "echo no such test; exit 3");
    let text = text(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(
        text.contains("no records") && text.contains("no such test"),
        "{text}"
    );
}

#[test]
fn a_command_that_fails_by_something_else_than_a_rule_is_an_error() {
    let script = format!("verdict=pass; {RECORD}; echo the expectations are wrong; exit 101");
    let output = repeat("other", &[], &script);
    let text = text(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("the expectations are wrong"), "{text}");
}

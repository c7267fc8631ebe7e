//! Adapters that lie, executors that do their worst, and settings that make no sense: each gets
//! its verdict or a message that says what to do, and the other rules still run.

mod troubled;

use std::panic::catch_unwind;
use std::process::{Command, Output};
use std::time::Duration;

use executor_conformance::harness::{self, Case, Entry, Expectations, Record, Settings, Verdict};
use executor_conformance::{Executor, entries};

use troubled::*;

/// Checks a rule in a child process of the test of this path.
fn check(test: &str, entries: Vec<Entry>, rule: &str) -> Record {
    check_within(60, test, entries, rule)
}

fn check_within(seconds: u64, test: &str, entries: Vec<Entry>, rule: &str) -> Record {
    let entry = entries.iter().find(|entry| entry.rule.id() == rule);
    let mut settings = Settings::default();
    settings.timeout = Duration::from_secs(seconds);
    harness::check(test, entry.expect("the rule is in the list"), &settings)
}

/// A test for each line: what becomes of a rule on an executor, and what the record says.
macro_rules! verdicts {
    ($($test:ident: $entries:expr, $rule:literal => $verdict:expr, $says:literal;)*) => {
        $(
            #[test]
            fn $test() {
                let path = concat!(module_path!(), "::", stringify!($test));
                // Nothing but a hang should take long.
                let seconds = if $verdict == Verdict::Hang { 2 } else { 60 };
                let record = check_within(seconds, path, $entries, $rule);
                assert_eq!(record.verdict, $verdict, "{record}");
                assert!(record.note.contains($says), "no word of `{}`: {record}", $says);
            }
        )*
    };
}

verdicts! {
    a_spawn_that_is_declared_and_missing_fails:
        entries!(Troubled<Lies>: spawn), "W1" => Verdict::Fail, "Cancelled";
    and_what_needs_no_spawn_is_checked:
        entries!(Troubled<Lies>: spawn), "W15" => Verdict::Pass, "";
    and_what_is_not_declared_is_skipped:
        entries!(Troubled<Lies>), "W9" => Verdict::Skip, "needs the capability `spawn`";

    an_abort_is_told_with_its_signal_and_last_words:
        entries!(Troubled<Aborts>: spawn), "W9" => Verdict::Abort(6), "these are my last words";
    and_the_next_rule_runs_after_the_abort:
        entries!(Troubled<Aborts>: spawn), "W15" => Verdict::Pass, "";

    an_end_without_a_verdict_is_an_abort_without_a_signal:
        entries!(Troubled<Exits>: spawn), "W9" => Verdict::Abort(0), "ended without a verdict";
    and_the_next_rule_runs_after_the_end:
        entries!(Troubled<Exits>: spawn), "W15" => Verdict::Pass, "";

    a_hang_is_told_with_the_call_that_it_waits_in:
        hangs(), "W15" => Verdict::Hang, "futex: a lock, a condition or a park";
    // What a thread that naps is seen in depends on the moment, and on who else needs a processor.
    a_hang_in_naps_is_a_hang:
        entries!(Troubled<Naps>: spawn), "W9" => Verdict::Hang, "still running after 2s; its threads:";
    a_busy_hang_is_told_as_such:
        entries!(Troubled<Spins>: spawn), "W9" => Verdict::Hang, "on a processor";
    a_hang_is_told_with_the_last_events:
        hangs(), "W15" => Verdict::Hang, "last events:\n  it goes well so far";
    a_hang_is_told_with_the_panic_that_came_before:
        panics_and_hangs(), "W15" => Verdict::Hang, "panicked at";
    and_with_its_message_however_much_was_printed_since:
        panics_and_hangs(), "W15" => Verdict::Hang, "this is what is wrong";
    a_rule_that_sees_that_everybody_sleeps_need_not_wait:
        entries!(Troubled<Hangs>: spawn), "W9" => Verdict::Fail, "every thread is asleep";
    and_the_next_rule_runs_after_the_hang:
        entries!(Troubled<Hangs>: spawn), "W15" => Verdict::Pass, "";

    threads_that_are_left_behind_are_told:
        entries!(Troubled<LeaksThreads>: spawn), "D8" => Verdict::Fail, "threads";
    and_hold_up_nobody:
        entries!(Troubled<LeaksThreads>: spawn), "W15" => Verdict::Pass, "";

    a_panic_in_new_is_a_failure:
        entries!(Troubled<CannotBeMade>), "W15" => Verdict::Fail, "no io_uring here";
    a_panic_without_a_message_is_a_failure:
        entries!(Troubled<PanicsMutely>), "W15" => Verdict::Fail, "a panic without a message";
}

/// A rule that waits for ever, and does not see that.
fn hangs() -> Vec<Entry> {
    fn body(case: &Case) {
        case.event("it goes well so far");
        Troubled::<Lies>::new().block_on(std::future::pending())
    }
    vec![Entry::new("W15", "mine", body)]
}

/// A rule that fails, and whose executor then talks a lot and does not come to its end.
fn panics_and_hangs() -> Vec<Entry> {
    struct Talks;
    impl Drop for Talks {
        fn drop(&mut self) {
            (0..100).for_each(|line| eprintln!("line {line}"));
            Troubled::<Lies>::new().block_on(std::future::pending())
        }
    }
    fn body(_: &Case) {
        let _talks = Talks;
        panic!("this is what is wrong");
    }
    vec![Entry::new("W15", "mine", body)]
}

/// Checks a rule of this name that hangs, or aborts.
fn hang_or_abort(test: &str, rule: &str, body: fn(&Case)) -> Record {
    check_within(2, test, vec![Entry::new(rule, "mine", body)], rule)
}

#[test]
fn a_should_that_is_missed_by_a_hang_passes_if_lenient() {
    let path = concat!(
        module_path!(),
        "::a_should_that_is_missed_by_a_hang_passes_if_lenient"
    );
    let hang = |_: &Case| Troubled::<Lies>::new().block_on(std::future::pending());
    let record = hang_or_abort(path, "S1", hang);
    assert_eq!(record.verdict, Verdict::NonStrict, "{record}");
    assert!(record.note.contains("still running after 2s"), "{record}");
    let mut settings = Settings::default();
    assert!(!record.is_acceptable(&settings));
    settings.lenient = true;
    assert!(record.is_acceptable(&settings));
}

#[test]
fn a_should_that_is_missed_by_an_abort_is_told_as_such() {
    let path = concat!(
        module_path!(),
        "::a_should_that_is_missed_by_an_abort_is_told_as_such"
    );
    let record = hang_or_abort(path, "P5", |_| std::process::abort());
    assert_eq!(record.verdict, Verdict::NonStrict, "{record}");
    assert!(record.note.contains("signal: 6"), "{record}");
}

#[test]
fn an_info_rule_demands_nothing_of_who_aborts() {
    let path = concat!(
        module_path!(),
        "::an_info_rule_demands_nothing_of_who_aborts"
    );
    let record = hang_or_abort(path, "S13", |_| std::process::abort());
    assert_eq!(record.verdict, Verdict::Info, "{record}");
    assert!(record.is_acceptable(&Settings::default()));
}

#[test]
fn a_failure_that_is_expected_passes_and_says_why() {
    let path = concat!(
        module_path!(),
        "::a_failure_that_is_expected_passes_and_says_why"
    );
    let record = check(path, entries!(Troubled<Lies>: spawn), "W1");
    let expected = Expectations::parse("# known\n\nw01 : no tasks yet\n").expect("it is in order");
    let record = expected.judge(record);
    assert_eq!(record.verdict, Verdict::ExpectedFail);
    assert!(
        record.note.starts_with("expected: no tasks yet\n"),
        "{record}"
    );
    assert!(record.is_acceptable(&Settings::default()));
}

#[test]
fn an_abort_can_be_expected() {
    let path = concat!(module_path!(), "::an_abort_can_be_expected");
    let expected = Expectations::parse("W9: it is not ready").expect("it is in order");
    let record = expected.judge(check(path, entries!(Troubled<Aborts>: spawn), "W9"));
    assert_eq!(record.verdict, Verdict::ExpectedFail);
    assert!(record.note.contains("these are my last words"), "{record}");
}

#[test]
fn a_pass_that_is_not_expected_fails_and_says_what_to_do() {
    let path = concat!(
        module_path!(),
        "::a_pass_that_is_not_expected_fails_and_says_what_to_do"
    );
    let failed = catch_unwind(|| harness::test(path, pass(), "W1: it cannot yield"));
    let said = message(failed);
    assert!(said.contains("unexpected-pass"), "{said}");
    assert!(said.contains("take it off the expectations; they say: it cannot yield"));
}

#[test]
fn a_skip_is_neither_expected_nor_unexpected() {
    let entry = entries!(Troubled<Lies>)
        .into_iter()
        .find(|entry| entry.rule.id() == "W9");
    let record = harness::check("unused", &entry.expect("W9"), &Settings::default());
    let expected = Expectations::parse("W9: no tasks").expect("it is in order");
    assert_eq!(expected.judge(record).verdict, Verdict::Skip);
}

#[test]
fn expectations_that_make_no_sense_are_refused_by_line() {
    let path = concat!(
        module_path!(),
        "::expectations_that_make_no_sense_are_refused_by_line"
    );
    for (text, says) in [
        ("W1", "line 1: it gives no reason; write `ID: reason`"),
        ("\n# all well\nW99: it cannot", "line 3: it names no rule"),
        (
            "W1: a\nw01_must_self_wake_is_a_repoll: b",
            "line 2: the rule is named twice",
        ),
        (": no rule", "line 1: it names no rule"),
        ("ß: no rule", "line 1: it names no rule"),
    ] {
        let failed = catch_unwind(|| harness::test(path, pass(), text));
        let said = message(failed);
        assert!(said.contains(says), "{text:?}: {said}");
    }
}

/// The test that the processes below run with settings of their own.
#[test]
#[ignore = "other tests run it"]
fn a_rule_that_holds() {
    harness::test(concat!(module_path!(), "::a_rule_that_holds"), pass(), "");
}

/// And one whose rule is a SHOULD, and is missed.
#[test]
#[ignore = "other tests run it"]
fn a_should_that_is_missed() {
    let path = concat!(module_path!(), "::a_should_that_is_missed");
    harness::test(
        path,
        Entry::new("S11", "mine", |_| panic!("it is busy")),
        "",
    );
}

#[test]
fn settings_that_make_no_sense_are_refused_by_name() {
    for (variable, value, says) in [
        ("SEED", "five", "must be a number that fits, not \"five\""),
        ("SEED", "", "must be a number that fits, not \"\""),
        ("STRESS", "-1", "must be a number that fits, not \"-1\""),
        ("STRESS", "0", "must be 1 or more"),
        ("STRESS", "4294967296", "must be a number that fits"),
        ("TIMEOUT", "0.5", "must be a number that fits"),
        ("TIMEOUT", "0", "must be 1 or more"),
        ("LENIENT", "yes", "must be 0 or 1, not \"yes\""),
        ("IN_PROCESS", "2", "must be 0 or 1, not \"2\""),
        (
            "REPORT",
            "/nowhere/report",
            "REPORT=/nowhere/report: No such file",
        ),
    ] {
        let output = run("a_rule_that_holds", variable, value);
        let said =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{variable}={value} was taken");
        let named = said.contains(&format!("EXECUTOR_CONFORMANCE_{variable}"));
        assert!(named && said.contains(says), "{variable}={value}: {said}");
    }
}

#[test]
fn settings_at_the_end_of_their_range_are_taken() {
    for (variable, value) in [
        ("SEED", "18446744073709551615"),
        ("STRESS", "4294967295"),
        ("TIMEOUT", "18446744073709551615"),
        ("LENIENT", ""),
        ("IN_PROCESS", "1"),
    ] {
        let output = run("a_rule_that_holds", variable, value);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{variable}={value}: {said}");
    }
}

#[test]
fn a_should_that_is_missed_passes_if_lenient() {
    let output = run("a_should_that_is_missed", "LENIENT", "0");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("S11 SHOULD on mine: non-strict"), "{said}");
    let output = run("a_should_that_is_missed", "LENIENT", "1");
    assert!(output.status.success());
}

#[test]
fn a_report_that_is_half_written_is_refused_and_named() {
    let record = pass().run_in_process(&Settings::default()).to_json();
    let half = &record[..record.len() / 2];
    let error = executor_conformance::report::parse(&format!("{record}\n{half}"));
    let said = error.expect_err("it is no record").to_string();
    assert!(said.starts_with("line 2 is no record"), "{said}");
    assert!(said.contains("take the line out"), "{said}");
}

/// An entry whose rule holds.
fn pass() -> Entry {
    fn body(_: &Case) {
        Troubled::<Lies>::new().block_on(async {});
    }
    Entry::new("W1", "mine", body)
}

/// Runs an ignored test of this file with a variable set.
fn run(test: &str, variable: &str, value: &str) -> Output {
    let exe = std::env::current_exe().expect("a running program has a path");
    let mut command = Command::new(exe);
    let set = std::env::vars_os().map(|(name, _)| name);
    for name in set.filter(|name| name.to_string_lossy().starts_with("EXECUTOR_CONFORMANCE_")) {
        command.env_remove(name);
    }
    command
        .args([test, "--exact", "--include-ignored"])
        .env(format!("EXECUTOR_CONFORMANCE_{variable}"), value);
    command.output().expect("a program can be run again")
}

fn message(result: std::thread::Result<()>) -> String {
    let payload = result.expect_err("the test fails");
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| {
        payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
    })
    .expect("it says why")
}

//! Running rules: child processes, verdicts, time limits, seeds.
//!
//! [`test()`] is what [`suite!`](crate::suite) puts into each `#[test]`. The process that libtest runs
//! starts itself again with the name of that one test; the child checks the rule and writes down how
//! that went; the parent waits for it, for as long as the rule may take, and judges.
//!
//! # Verdicts
//!
//! | verdict | meaning | the test |
//! |---|---|---|
//! | pass | the rule holds | passes |
//! | skip | it could not be checked here, and the note says why | passes |
//! | info | an INFO rule's observation | passes |
//! | non-strict | a SHOULD was missed, by a hang or an abort also | fails, passes if lenient |
//! | fail | the executor breaks a MUST | fails |
//! | hang | the same: the child was still running at the time limit | fails |
//! | abort | the same: the child died of a signal, or ended without a verdict | fails |
//! | expected-fail | it fails, as the expectations say | passes |
//! | unexpected-pass | it holds, and the expectations say otherwise | fails |
//!
//! # Environment
//!
//! | variable | default | |
//! |---|---|---|
//! | `EXECUTOR_CONFORMANCE_SEED` | of the clock | the seed of stochastic rules; a failure prints it |
//! | `EXECUTOR_CONFORMANCE_STRESS` | 1 | multiplies their iterations |
//! | `EXECUTOR_CONFORMANCE_TIMEOUT` | 30 | seconds that a rule may take |
//! | `EXECUTOR_CONFORMANCE_REPORT` | none | a file to which a line of JSON is added for each rule |
//! | `EXECUTOR_CONFORMANCE_LENIENT` | off | `1`: what misses a SHOULD passes |
//! | `EXECUTOR_CONFORMANCE_IN_PROCESS` | off | `1`: no child processes, for debuggers and Miri |

mod case;
mod child;
mod diagnosis;
mod expectations;
mod folder;
mod launch;
mod settings;
mod stall;
mod verdict;

use std::any::Any;
use std::env;
use std::process::Command;

pub use case::Case;
pub use expectations::{Expectations, ExpectationsError};
pub(crate) use folder::Folder;
pub use launch::run;
pub use settings::Settings;
pub(crate) use stall::{Others, eventually, watch, watcher};
pub use verdict::{Record, Verdict};

use crate::Rule;

/// A rule together with the executor that it is checked on.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The rule.
    pub rule: &'static Rule,
    /// The executor's name.
    pub executor: &'static str,
    body: Result<fn(&Case), &'static str>,
}

impl Entry {
    /// An entry that checks the rule of the test `name` by `body`.
    ///
    /// # Panics
    ///
    /// If there is no such rule.
    pub fn new(name: &str, executor: &'static str, body: fn(&Case)) -> Self {
        Self::with(name, executor, Ok(body))
    }

    /// An entry that cannot be checked, because the adapter does not declare `capability`.
    ///
    /// # Panics
    ///
    /// If there is no such rule.
    pub fn missing(name: &str, executor: &'static str, capability: &'static str) -> Self {
        Self::with(name, executor, Err(capability))
    }

    fn with(name: &str, executor: &'static str, body: Result<fn(&Case), &'static str>) -> Self {
        let rule = Rule::find(name).unwrap_or_else(|| panic!("there is no rule `{name}`"));
        Self {
            rule,
            executor,
            body,
        }
    }

    /// The capability that is missing, if one is.
    pub fn missing_capability(&self) -> Option<&'static str> {
        self.body.err()
    }

    /// Checks the rule in this process, which is the child; it does not come back.
    ///
    /// A program that runs entries by [`run`] calls this when it was started to be a child.
    pub fn run_as_child(&self) -> ! {
        child::main(self)
    }

    /// Checks the rule in this process, without a time limit.
    pub fn run_in_process(&self, settings: &Settings) -> Record {
        child::run_in_process(self, settings)
    }
}

/// The body of a `#[test]`: checks one rule in a child process, and panics if it does not hold.
///
/// `path` is the test's full path, crate included; `expected` the text of the expectations.
///
/// # Panics
///
/// If the verdict is one at which a test fails, with a report that says what was found.
pub fn test(path: &str, entry: Entry, expected: &str) {
    become_child(&[entry]);
    let expected = Expectations::parse(expected).unwrap_or_else(|error| panic!("{error}"));
    let settings = Settings::from_env();
    let record = expected.judge(check(path, &entry, &settings));
    settings.report(&record);
    println!("{record}");
    assert!(record.is_acceptable(&settings), "{record}");
}

/// Checks a rule in a child process which runs the `#[test]` of this `path` again.
///
/// It is what [`test()`] does, without judging: for tests that expect another verdict than a pass.
/// A test makes one call of it only, since the child begins where the test does.
///
/// ```no_run
/// use executor_conformance::harness::{self, Case, Entry, Settings, Verdict};
///
/// fn an_executor_that_aborts(_: &Case) {
///     std::process::abort();
/// }
///
/// // #[test]
/// fn an_abort_is_a_verdict() {
///     let entry = Entry::new("W1", "broken", an_executor_that_aborts);
///     let path = concat!(module_path!(), "::an_abort_is_a_verdict");
///     let record = harness::check(path, &entry, &Settings::from_env());
///     assert!(matches!(record.verdict, Verdict::Abort(_)));
/// }
/// ```
///
/// # Panics
///
/// If the child process cannot be started.
pub fn check(path: &str, entry: &Entry, settings: &Settings) -> Record {
    become_child(std::slice::from_ref(entry));
    if settings.in_process {
        return entry.run_in_process(settings);
    }
    let test = path.split_once("::").map_or(path, |(_, test)| test);
    let mut command = this_program();
    command.args([
        test,
        "--exact",
        "--nocapture",
        "--include-ignored",
        "--test-threads=1",
    ]);
    run(entry, command, settings)
}

/// Checks rules one after the other, each in a child process which runs this program again.
///
/// For programs of one's own that run [`entries!`](crate::entries). Call it early in `main`, with
/// the same entries in each run: in a child it checks the rule and does not come back. Each
/// record is added to the report of the settings, and handed to `each` as soon as it is there.
///
/// # Panics
///
/// If a child process cannot be started, or the report not be written.
pub fn run_all(
    entries: &[Entry],
    settings: &Settings,
    mut each: impl FnMut(&Record),
) -> Vec<Record> {
    become_child(entries);
    let records = entries.iter().map(|entry| {
        let record = if settings.in_process {
            entry.run_in_process(settings)
        } else {
            let mut command = this_program();
            command.args(env::args_os().skip(1));
            run(entry, command, settings)
        };
        settings.report(&record);
        each(&record);
        record
    });
    records.collect()
}

/// Checks the rule that this process was started for, if it is among `entries`, and ends.
fn become_child(entries: &[Entry]) {
    if let Some(entry) = entries.iter().find(|entry| child::asked_for(entry)) {
        entry.run_as_child();
    }
}

fn this_program() -> Command {
    Command::new(env::current_exe().expect("a running program has a path"))
}

/// A panic's message, if it is a string.
pub(crate) fn message(payload: &(dyn Any + Send)) -> Option<&str> {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied())
}

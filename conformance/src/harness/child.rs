//! The process in which a rule is checked.

use std::env;
use std::fs::{self, OpenOptions};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Mutex;
use std::time::Instant;

use super::case::Skipped;
use super::{Case, Entry, Record, Settings, Verdict, message};
use crate::lock::lock;

/// Names the rule that a child process is to check.
const RULE: &str = "EXECUTOR_CONFORMANCE_CHILD";
/// Names the executor that it is to check the rule on.
const EXECUTOR: &str = "EXECUTOR_CONFORMANCE_CHILD_OF";
/// The folder that it shares with its parent.
const FOLDER: &str = "EXECUTOR_CONFORMANCE_FOLDER";

/// Whether this process was started to check `entry`.
pub(super) fn asked_for(entry: &Entry) -> bool {
    let is = |variable, wanted: &str| env::var(variable).is_ok_and(|name| name == wanted);
    is(RULE, entry.rule.name) && is(EXECUTOR, entry.executor)
}

/// The variables that make a process the child for `entry`.
pub(super) fn environment<'a>(entry: &'a Entry, folder: &'a Path) -> [(&'static str, &'a Path); 3] {
    [
        (RULE, Path::new(entry.rule.name)),
        (EXECUTOR, Path::new(entry.executor)),
        (FOLDER, folder),
    ]
}

/// Where the child writes its record.
pub(super) fn record_path(folder: &Path) -> PathBuf {
    folder.join("record.json")
}

/// Where the child writes its events.
pub(super) fn events_path(folder: &Path) -> PathBuf {
    folder.join("events")
}

/// Checks the rule, writes the record, and ends the process.
///
/// The process ends without waiting for threads: an executor that leaves some behind is judged by
/// the rules about that, and must not hold up the others.
pub(super) fn main(entry: &Entry) -> ! {
    let folder = env::var_os(FOLDER).map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| panic!("{RULE} is set, and {FOLDER} is not"));
    let settings = Settings::from_env();
    let events = OpenOptions::new()
        .create(true)
        .append(true)
        .open(events_path(&folder));
    let reporter = Reporter {
        entry: *entry,
        settings: settings.clone(),
        folder,
        started: Instant::now(),
    };
    let case = Case::new(&settings, events.ok()).with_reporter(reporter.clone());
    let record = check(entry, &settings, &case);
    reporter.end(&record)
}

static ENDING: Mutex<()> = Mutex::new(());

/// Writes the record of this process' rule and ends the process.
#[derive(Clone, Debug)]
pub(super) struct Reporter {
    entry: Entry,
    settings: Settings,
    folder: PathBuf,
    started: Instant,
}

impl Reporter {
    /// Ends the process: the rule has stalled, and that is a failure.
    pub(super) fn stalled(&self, meaning: &str) -> ! {
        let record = Record {
            took: self.started.elapsed(),
            note: format!("{meaning} (nothing goes on any more: every thread is asleep)"),
            ..Record::new(&self.entry, &self.settings, Verdict::Fail)
        };
        self.end(&record.at_level())
    }

    fn end(&self, record: &Record) -> ! {
        // Never released: of a stall and an end at one time only the first is told.
        let _first = lock(&ENDING);
        // Written under another name first: the parent must not read half a record.
        let draft = self.folder.join("draft.json");
        let written = fs::write(&draft, record.to_json())
            .and_then(|()| fs::rename(&draft, record_path(&self.folder)));
        if let Err(error) = written {
            eprintln!("the record could not be written: {error}");
            process::exit(1);
        }
        process::exit(0)
    }
}

/// Checks the rule here and now.
pub(super) fn run_in_process(entry: &Entry, settings: &Settings) -> Record {
    check(entry, settings, &Case::new(settings, None))
}

fn check(entry: &Entry, settings: &Settings, case: &Case) -> Record {
    let body = match entry.body {
        Ok(body) => body,
        Err(capability) => return Record::missing(entry, settings, capability),
    };
    let started = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(|| body(case)));
    let took = started.elapsed();
    let mut notes = case.take_notes();
    let verdict = match result {
        Ok(()) => Verdict::Pass,
        Err(payload) => match payload.downcast::<Skipped>() {
            Ok(skipped) => {
                notes.push(skipped.0);
                Verdict::Skip
            }
            Err(payload) => {
                let said = message(payload.as_ref()).unwrap_or("a panic without a message");
                notes.push(said.to_owned());
                Verdict::Fail
            }
        },
    };
    let record = Record {
        took,
        note: notes.join("\n"),
        ..Record::new(entry, settings, verdict)
    };
    record.at_level()
}

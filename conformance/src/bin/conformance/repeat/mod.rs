//! Running tests again and again, on a busy machine if asked, and telling what came and went.

mod load;
mod tally;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Output, Stdio};
use std::{env, fs, io};

use executor_conformance::harness::Record;
use executor_conformance::report;
use load::Load;
use tally::Tally;

/// The variable that makes tests leave records.
const REPORT: &str = "EXECUTOR_CONFORMANCE_REPORT";

/// What to repeat, and how.
pub(crate) struct Repeat {
    pub(crate) times: usize,
    /// Whether every processor is kept busy meanwhile.
    pub(crate) load: bool,
    /// Whether a failure is accepted that all runs have.
    pub(crate) alike: bool,
    pub(crate) command: Vec<OsString>,
}

/// Runs the command as often as asked; says whether all went well.
///
/// Each run is told when it is over, since all of them take long.
pub(crate) fn run(asked: &Repeat) -> Result<bool, String> {
    let file = ReportFile::new();
    let _load = asked.load.then(Load::new);
    let mut tally = Tally::default();
    for number in 1..=asked.times {
        let records = run_once(&asked.command, &file.0)?;
        let told = tally.add(records, asked.alike);
        say(&format!("run {number} of {}: {told}", asked.times));
    }
    let (well, summary) = tally.sum_up(asked.alike);
    say(&summary);
    Ok(well)
}

fn run_once(command: &[OsString], file: &Path) -> Result<Vec<Record>, String> {
    // Records are added to the file: the former run's must go.
    if let Err(error) = fs::remove_file(file) {
        if error.kind() != io::ErrorKind::NotFound {
            return Err(format!("cannot remove {}: {error}", file.display()));
        }
    }
    let started = Command::new(&command[0])
        .args(&command[1..])
        .env(REPORT, file)
        .stdin(Stdio::null())
        .output();
    let output = started.map_err(|error| format!("cannot run {:?}: {error}", command[0]))?;
    let text = fs::read_to_string(file).unwrap_or_default();
    let records = report::parse(&text).map_err(|error| error.to_string())?;
    if records.is_empty() {
        return Err(explain_emptiness(&output));
    }
    // A test may fail by more than a rule: a file of expectations that nobody can read, say.
    let excused = records.iter().any(|record| record.verdict.is_failure());
    match output.status.success() || excused {
        true => Ok(records),
        false => Err(format!(
            "no rule failed, and the command did: {}\n{}",
            output.status,
            last_lines(&output)
        )),
    }
}

fn explain_emptiness(output: &Output) -> String {
    let status = output.status;
    let last = last_lines(output);
    format!("the command left no records ({status}); is it a test of the suite?\n{last}")
}

fn last_lines(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

fn say(text: &str) {
    let mut out = io::stdout();
    // Who stops reading must not end the runs: their exit status remains.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// A file for the records of one run; it goes when it is dropped.
struct ReportFile(PathBuf);

impl ReportFile {
    fn new() -> Self {
        let name = format!("conformance-repeat-{}.jsonl", process::id());
        Self(env::temp_dir().join(name))
    }
}

impl Drop for ReportFile {
    fn drop(&mut self) {
        // Left-overs in the folder for temporary files harm nobody.
        let _ = fs::remove_file(&self.0);
    }
}

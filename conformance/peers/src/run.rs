//! Runs the rules, each in a child process of this program.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use executor_conformance::harness::{Entry, Record, Settings, run};
use executor_conformance::report;

use crate::results;

/// The argument by which this program tells itself to be a child.
const CHILD: &str = "--child";

const USAGE: &str = "usage: [--only EXECUTOR] [--runs N] [--from RECORDS] [--results FILE]";

/// What the arguments ask for.
struct Asked {
    /// A part of the names of the executors that are meant; all if it is empty.
    only: String,
    /// How often each rule is run.
    runs: usize,
    /// The records to take, instead of running anything.
    from: Option<PathBuf>,
    /// The page to write.
    results: Option<PathBuf>,
}

impl Asked {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut asked = Self {
            only: String::new(),
            runs: 1,
            from: None,
            results: None,
        };
        for pair in arguments.chunks(2) {
            let [name, value] = pair else {
                return Err(USAGE.to_owned());
            };
            match name.as_str() {
                "--only" => asked.only.clone_from(value),
                "--runs" => asked.runs = value.parse().map_err(|_| USAGE)?,
                "--from" => asked.from = Some(value.into()),
                "--results" => asked.results = Some(value.into()),
                _ => return Err(USAGE.to_owned()),
            }
        }
        Ok(asked)
    }
}

/// Runs what `arguments` ask for.
///
/// # Errors
///
/// What is wrong with the arguments, or with a file that they name.
pub(crate) fn main(peers: &[Vec<Entry>], arguments: &[String]) -> Result<(), String> {
    let entries: Vec<&Entry> = peers.iter().flatten().collect();
    if let [CHILD, executor, rule] = &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        let mut entries = entries.iter();
        let asked = entries.find(|entry| entry.executor == *executor && entry.rule.name == *rule);
        asked.ok_or("no such rule")?.run_as_child();
    }
    let asked = Asked::parse(arguments)?;
    let wanted = |executor: &str| executor.contains(&asked.only);
    let mut records = match &asked.from {
        Some(path) => read(path)?,
        None => {
            let entries = entries
                .iter()
                .copied()
                .filter(|entry| wanted(entry.executor));
            check(&entries.collect::<Vec<_>>(), asked.runs)
        }
    };
    if let Some(path) = &asked.results {
        let mut executors: Vec<&str> = entries.iter().map(|entry| entry.executor).collect();
        executors.dedup();
        let column = |name: &str| executors.iter().position(|executor| *executor == name);
        records.retain(|record| wanted(&record.executor));
        records.sort_by_key(|record| column(&record.executor));
        results::write(path, records, &executors)?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<Record>, String> {
    let lines = fs::read_to_string(path);
    let lines = lines.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    report::parse(&lines).map_err(|error| format!("{}: {error}", path.display()))
}

/// Checks all entries so often, two at a time, and prints what was broken.
fn check(entries: &[&Entry], runs: usize) -> Vec<Record> {
    let settings = Settings::from_env();
    let next = AtomicUsize::new(0);
    let records = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                // Relaxed: the number is all that matters.
                while let Some(entry) = entry(entries, runs, next.fetch_add(1, Relaxed)) {
                    let record = run(entry, child(entry), &settings);
                    settings.report(&record);
                    say(&record);
                    let mut records = records.lock().expect("no panic while it is locked");
                    records.push(record);
                }
            });
        }
    });
    records.into_inner().expect("no panic while it was locked")
}

/// The entry that is checked as the `number`th: all of them, then all of them again.
fn entry<'a>(entries: &[&'a Entry], runs: usize, number: usize) -> Option<&'a Entry> {
    let in_runs = number < runs * entries.len();
    in_runs.then(|| entries[number % entries.len()])
}

fn child(entry: &Entry) -> Command {
    let mut command = Command::new(env::current_exe().expect("a running program has a path"));
    command.args([CHILD, entry.executor, entry.rule.name]);
    command
}

fn say(record: &Record) {
    if record.verdict.is_failure() {
        // A closed pipe must not end the run.
        let _ = writeln!(std::io::stdout(), "{record}\n");
    }
}

//! Runs the rules, each in a child process of this program.

use std::env;
use std::io::Write as _;
use std::process::Command;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use executor_conformance::harness::{Entry, Record, Settings, run};

/// The argument by which this program tells itself to be a child.
const CHILD: &str = "--child";

/// Runs what `arguments` ask for.
///
/// # Errors
///
/// What is wrong with the arguments.
pub(crate) fn main(peers: &[Vec<Entry>], arguments: Vec<String>) -> Result<(), String> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let entries: Vec<&Entry> = peers.iter().flatten().collect();
    match arguments[..] {
        [CHILD, executor, rule] => {
            let mut entries = entries.into_iter();
            let asked = entries.find(|entry| entry.executor == executor && entry.rule.name == rule);
            asked.ok_or("no such rule")?.run_as_child()
        }
        [] => check(&entries),
        ["--only", executor] => {
            let wanted = |entry: &&Entry| entry.executor.contains(executor);
            check(&entries.into_iter().filter(wanted).collect::<Vec<_>>());
        }
        _ => return Err("usage: [--only EXECUTOR]".to_owned()),
    }
    Ok(())
}

/// Checks all entries, two at a time, and prints what was broken.
fn check(entries: &[&Entry]) {
    let settings = Settings::from_env();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                // Relaxed: the number is all that matters.
                while let Some(entry) = entries.get(next.fetch_add(1, Relaxed)) {
                    let record = run(entry, child(entry), &settings);
                    settings.report(&record);
                    say(&record);
                }
            });
        }
    });
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

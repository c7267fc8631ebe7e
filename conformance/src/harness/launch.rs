//! Starting a child process, waiting for it, and judging what became of it.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{Entry, Folder, Record, Settings, Verdict, child, diagnosis};

/// How many of a child's last lines a record quotes.
const QUOTED_LINES: usize = 30;

/// Checks a rule in a child process that `command` starts.
///
/// The process that `command` starts must call [`Entry::run_as_child`] on the same entry; the
/// environment that it needs for that is added here.
///
/// # Panics
///
/// If there is no room for its files, or the process cannot be started.
pub fn run(entry: &Entry, command: Command, settings: &Settings) -> Record {
    if let Some(capability) = entry.missing_capability() {
        return Record::missing(entry, settings, capability);
    }
    let folder = Folder::new();
    let started = Instant::now();
    let mut child = start(entry, command, settings, &folder.0)
        .unwrap_or_else(|error| panic!("no child process for {}: {error}", entry.rule.id()));
    let ended = wait(&mut child, settings.timeout);
    let mut record = match ended {
        Some(status) => ended_by_itself(entry, settings, status, &folder.0),
        None => hung(entry, settings, &mut child, &folder.0),
    };
    if record.took.is_zero() {
        record.took = started.elapsed();
    }
    record
}

fn start(
    entry: &Entry,
    mut command: Command,
    settings: &Settings,
    folder: &Path,
) -> io::Result<Child> {
    let output = fs::File::create(folder.join("output"))?;
    command
        .envs(settings.to_env())
        .envs(child::environment(entry, folder))
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
}

/// Waits for the child's end, but no longer than `timeout`.
fn wait(child: &mut Child, timeout: Duration) -> Option<ExitStatus> {
    // A limit beyond what the clock can tell is none.
    let deadline = Instant::now().checked_add(timeout);
    let mut pause = Duration::from_micros(500);
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return None;
        }
        // std offers no wait with a limit. Short rules are answered soon, long ones cost little.
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

fn ended_by_itself(
    entry: &Entry,
    settings: &Settings,
    status: ExitStatus,
    folder: &Path,
) -> Record {
    let said = fs::read_to_string(child::record_path(folder));
    let said = said.ok().and_then(|line| Record::from_json(&line).ok());
    let said = said.filter(|record| record.is_of(entry));
    let what = match said {
        // What was found stands, whatever came after.
        Some(record) if status.success() || record.verdict.is_failure() => return record,
        Some(_) => "the rule held, and the process died when it was to end",
        None => "the process ended without a verdict",
    };
    let signal = signal_of(status);
    Record {
        note: format!("{what}: {status}\n{}", quote(folder)),
        ..Record::new(entry, settings, Verdict::Abort(signal))
    }
    .at_level()
}

fn hung(entry: &Entry, settings: &Settings, child: &mut Child, folder: &Path) -> Record {
    let threads = diagnosis::threads(child.id());
    // It may have ended since; then there is nothing to kill.
    let _ = child.kill();
    let _ = child.wait();
    let note = format!(
        "still running after {:?}; its threads:\n{threads}{}",
        settings.timeout,
        quote(folder)
    );
    Record {
        note,
        ..Record::new(entry, settings, Verdict::Hang)
    }
    .at_level()
}

/// The last events, the first panic and the last output of a child that gave no verdict.
fn quote(folder: &Path) -> String {
    let (events, output) = (
        lines(&child::events_path(folder)),
        lines(&folder.join("output")),
    );
    let early = &output[..output.len().saturating_sub(QUOTED_LINES)];
    [
        ("last events", last(&events)),
        // It may be the rule's own, whose executor then does not come to its end.
        ("first panic", first_panic(early)),
        ("last output", last(&output)),
    ]
    .into_iter()
    .filter(|(_, lines)| !lines.is_empty())
    .map(|(what, lines)| format!("{what}:\n  {}\n", lines.join("\n  ")))
    .collect()
}

fn lines(file: &Path) -> Vec<String> {
    let text = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().map(str::to_owned).collect()
}

fn last(lines: &[String]) -> &[String] {
    &lines[lines.len().saturating_sub(QUOTED_LINES)..]
}

/// The place and the message of the first panic among these lines, without its backtrace.
fn first_panic(lines: &[String]) -> &[String] {
    let is_end = |line: &String| line.starts_with("note: ") || line == "stack backtrace:";
    let Some(start) = lines.iter().position(|line| line.contains(" panicked at ")) else {
        return &[];
    };
    let panic = &lines[start..];
    let end = panic.iter().position(is_end).unwrap_or(panic.len());
    &panic[..end.min(QUOTED_LINES)]
}

#[cfg(unix)]
fn signal_of(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.signal().unwrap_or(0)
}

#[cfg(not(unix))]
fn signal_of(_: ExitStatus) -> i32 {
    0
}

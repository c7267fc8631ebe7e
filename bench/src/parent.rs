//! The parent: runs children in interleaved rounds and reports.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::catalog::{Row, Scenario};
use crate::child::{self, Report};
use crate::cli::Plan;
use crate::report;
use crate::runtimes::Entry;
use crate::sys;
use crate::targets;

/// Far longer than any child takes; one that is slower hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// The values of one row on one runtime, one per round (`None` where that round gave none).
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) row: Row,
    pub(crate) runtime: &'static str,
    pub(crate) rounds: Vec<Option<f64>>,
}

impl Series {
    /// The values there are.
    pub(crate) fn values(&self) -> Vec<f64> {
        self.rounds.iter().copied().flatten().collect()
    }
}

/// Why a runtime has no numbers in a scenario.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) runtime: &'static str,
    pub(crate) text: String,
    pub(crate) failed: bool,
}

/// Measures everything in `plan`, printing as it goes.
///
/// # Errors
///
/// When the JSON file cannot be written, when children cannot be started, or, after everything
/// has been reported, when some measurement failed.
pub(crate) fn run(plan: &Plan) -> Result<(), String> {
    let program = std::env::current_exe()
        .map_err(|error| format!("cannot find this program's own file: {error}"))?;
    // Opened before the measuring, so that a bad path costs a second and not the whole run.
    let mut json = match &plan.json {
        Some(path) => Some((create(path)?, path)),
        None => None,
    };
    let load = sys::load_average().map_err(|error| format!("cannot tell the load: {error}"))?;
    print!("{}", report::preamble(plan, load));
    let started = Instant::now();
    let mut all = Vec::new();
    let mut failures = 0;
    for scenario in &plan.scenarios {
        let (series, notes) = measure(&program, plan, scenario)?;
        print!("{}", report::table(scenario, &series, &notes));
        failures += notes.iter().filter(|note| note.failed).count();
        all.extend(series);
    }
    print!("{}", targets::verdicts(&all, plan.rounds));
    println!("\n{:.0} s in all.", started.elapsed().as_secs_f64());
    if let Some((file, path)) = &mut json {
        report::write_json(file, &all)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    match failures {
        0 => Ok(()),
        n => Err(format!(
            "{n} measurement(s) failed; the tables say which and why"
        )),
    }
}

fn create(path: &Path) -> Result<File, String> {
    File::create(path).map_err(|error| {
        format!(
            "cannot write {}: {error}; give --json a file that can be made",
            path.display()
        )
    })
}

/// All rounds of one scenario, the runtimes in turn within each.
fn measure(
    program: &PathBuf,
    plan: &Plan,
    scenario: &'static Scenario,
) -> Result<(Vec<Series>, Vec<Note>), String> {
    let rounds = if plan.quick && scenario.steady {
        1
    } else {
        plan.rounds
    };
    let mut runtimes: Vec<&'static Entry> = plan
        .runtimes
        .iter()
        .copied()
        .filter(|entry| entry.takes_part(scenario))
        .collect();
    let mut series = empty_series(scenario, &runtimes);
    let mut notes = Vec::new();
    for round in 0..rounds {
        let mut dropped = Vec::new();
        for runtime in &runtimes {
            let report = run_child(program, scenario, runtime.name, plan.quick)
                .map_err(|error| format!("cannot run {}: {error}", program.display()))?;
            match report {
                Report::Measured(rows) => record(&mut series, runtime.name, round, &rows),
                Report::Skipped(text) => {
                    notes.push(Note {
                        runtime: runtime.name,
                        text,
                        failed: false,
                    });
                    dropped.push(runtime.name);
                }
                Report::Failed(text) => {
                    let text = format!("round {}: {text}", round + 1);
                    notes.push(Note {
                        runtime: runtime.name,
                        text,
                        failed: true,
                    });
                }
            }
        }
        runtimes.retain(|entry| !dropped.contains(&entry.name));
        for series in &mut series {
            series.rounds.resize(round + 1, None);
        }
    }
    series.retain(|series| series.rounds.iter().any(Option::is_some));
    Ok((series, notes))
}

fn empty_series(scenario: &'static Scenario, runtimes: &[&'static Entry]) -> Vec<Series> {
    let one = |row: &Row, entry: &&'static Entry| Series {
        row: *row,
        runtime: entry.name,
        rounds: Vec::new(),
    };
    scenario
        .rows
        .iter()
        .flat_map(|row| runtimes.iter().map(move |entry| one(row, entry)))
        .collect()
}

fn record(series: &mut [Series], runtime: &str, round: usize, rows: &[(String, String, f64)]) {
    for (id, metric, value) in rows {
        let place = series.iter_mut().find(|series| {
            series.runtime == runtime && series.row.id == id && series.row.metric == metric
        });
        if let Some(series) = place {
            series.rounds.resize(round, None);
            series.rounds.push(Some(*value));
        }
    }
}

/// Runs one child to its end.
fn run_child(
    program: &PathBuf,
    scenario: &Scenario,
    runtime: &str,
    quick: bool,
) -> io::Result<Report> {
    let mut command = Command::new(program);
    command.arg("--child").arg(scenario.id).arg(runtime);
    if quick {
        command.arg("--quick");
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = child.stdout.take();
    let output = match stdout.map(read_all) {
        Some(Ok(Some(output))) => output,
        Some(Err(error)) => {
            stop(&mut child)?;
            return Err(error);
        }
        Some(Ok(None)) | None => {
            stop(&mut child)?;
            return Ok(Report::Failed(format!(
                "still running after {} s",
                PATIENCE.as_secs()
            )));
        }
    };
    let status = child.wait()?;
    if !status.success() {
        return Ok(Report::Failed(format!("the child ended with {status}")));
    }
    Ok(child::read(&output))
}

fn stop(child: &mut Child) -> io::Result<()> {
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// Reads to the end, or gives `None` when that takes too long.
fn read_all(mut stdout: ChildStdout) -> io::Result<Option<String>> {
    let deadline = Instant::now() + PATIENCE;
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec {
            tv_sec: left.as_secs() as i64,
            tv_nsec: 0,
        };
        match poll(&mut [PollFd::new(&stdout, PollFlags::IN)], Some(&timeout)) {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        match stdout.read(&mut chunk)? {
            0 => break,
            n => bytes.extend_from_slice(&chunk[..n]),
        }
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

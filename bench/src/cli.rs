//! The command line.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::catalog::{self, Scenario};
use crate::runtimes::{self, Entry};
use crate::scenarios::tcp::{ServeJob, Service};

/// What `--help` prints.
pub(crate) const USAGE: &str = "\
Usage: anyloop-bench [OPTIONS]

Measures anyloop beside its peers and prints medians, spread and ratios.

  --quick            short measurements, the whole run in about two minutes
  --json FILE        also write the rows to FILE as one JSON array
  --only PATTERN     only scenarios whose id contains PATTERN (commas separate several)
  --runtimes a,b     only these runtimes
  --rounds N         rounds per scenario, 1 to 100 (default 5, with --quick 3)
  --list             print the scenarios and the runtimes, measure nothing
  --help             print this
";

const DEFAULT_ROUNDS: usize = 5;
const QUICK_ROUNDS: usize = 3;
const MOST_ROUNDS: usize = 100;

/// What this process has been asked to be.
#[derive(Debug)]
pub(crate) enum Command {
    /// Print the usage.
    Help,
    /// Print what can be measured.
    List,
    /// The parent: measure and report.
    Measure(Plan),
    /// A child: one scenario, one runtime, once.
    Child(ChildJob),
    /// A TCP server for a child.
    Serve(ServeJob),
}

/// What the parent is to measure.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) quick: bool,
    pub(crate) json: Option<PathBuf>,
    pub(crate) rounds: usize,
    pub(crate) scenarios: Vec<&'static Scenario>,
    pub(crate) runtimes: Vec<&'static Entry>,
}

/// What a child is to measure.
#[derive(Debug)]
pub(crate) struct ChildJob {
    pub(crate) scenario: &'static Scenario,
    pub(crate) runtime: &'static Entry,
    pub(crate) quick: bool,
}

/// Reads the arguments (without the program's name).
///
/// # Errors
///
/// A message which says what was wrong and what could stand there instead.
pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut args = args.peekable();
    match args.peek().map(String::as_str) {
        Some("--child") => return parse_child(args.skip(1)).map(Command::Child),
        Some("--serve") => return parse_serve(args.skip(1)).map(Command::Serve),
        _ => {}
    }
    let mut plan = Plan {
        quick: false,
        json: None,
        rounds: 0,
        scenarios: catalog::ALL.iter().collect(),
        runtimes: runtimes::ALL.iter().collect(),
    };
    while let Some(arg) = args.next() {
        let mut value = || {
            args.next()
                .filter(|value| !value.is_empty())
                .ok_or_else(|| format!("{arg} needs a value after it; --help shows which"))
        };
        match arg.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--list" => return Ok(Command::List),
            "--quick" => plan.quick = true,
            "--json" => plan.json = Some(PathBuf::from(value()?)),
            "--only" => plan.scenarios = select_scenarios(&value()?)?,
            "--runtimes" => plan.runtimes = select_runtimes(&value()?)?,
            "--rounds" => plan.rounds = parse_rounds(&value()?)?,
            other => return Err(format!("unknown argument {other:?}\n\n{USAGE}")),
        }
    }
    if plan.rounds == 0 {
        plan.rounds = if plan.quick {
            QUICK_ROUNDS
        } else {
            DEFAULT_ROUNDS
        };
    }
    Ok(Command::Measure(plan))
}

/// What `--list` prints.
pub(crate) fn listing() -> String {
    let mut text = String::from("Scenarios (rows as id [metric]):\n");
    for scenario in catalog::ALL {
        let rows: Vec<String> = scenario
            .rows
            .iter()
            .map(|row| format!("{} [{}]", row.id, row.metric))
            .collect();
        let _ = writeln!(text, "  {}\n      {}", rows.join(", "), scenario.about);
    }
    text.push_str("Runtimes:\n");
    for entry in runtimes::ALL {
        let _ = writeln!(text, "  {:<14} {}", entry.name, entry.about);
    }
    text
}

fn select_scenarios(patterns: &str) -> Result<Vec<&'static Scenario>, String> {
    let mut chosen = vec![false; catalog::ALL.len()];
    for pattern in patterns.split(',') {
        let mut found = false;
        for (scenario, chosen) in catalog::ALL.iter().zip(&mut chosen) {
            let hit = scenario.rows.iter().any(|row| row.id.contains(pattern));
            *chosen |= hit;
            found |= hit;
        }
        if !found || pattern.is_empty() {
            return Err(format!(
                "no scenario matches {pattern:?}; there are: {}",
                scenario_ids()
            ));
        }
    }
    Ok(catalog::ALL
        .iter()
        .zip(chosen)
        .filter(|(_, chosen)| *chosen)
        .map(|(s, _)| s)
        .collect())
}

fn select_runtimes(names: &str) -> Result<Vec<&'static Entry>, String> {
    let wanted: Vec<&str> = names.split(',').collect();
    for name in &wanted {
        find_runtime(name)?;
    }
    Ok(runtimes::ALL
        .iter()
        .filter(|entry| wanted.contains(&entry.name))
        .collect())
}

fn parse_rounds(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|rounds| (1..=MOST_ROUNDS).contains(rounds))
        .ok_or_else(|| format!("--rounds takes a number from 1 to {MOST_ROUNDS}, not {text:?}"))
}

fn parse_child(mut args: impl Iterator<Item = String>) -> Result<ChildJob, String> {
    let usage = "--child is for the program itself: --child SCENARIO RUNTIME [--quick]";
    let scenario = args.next().ok_or(usage)?;
    let scenario = catalog::find(&scenario)
        .ok_or_else(|| format!("no scenario {scenario:?}; there are: {}", scenario_ids()))?;
    let runtime = find_runtime(&args.next().ok_or(usage)?)?;
    match args.next().as_deref() {
        None => Ok(ChildJob {
            scenario,
            runtime,
            quick: false,
        }),
        Some("--quick") => Ok(ChildJob {
            scenario,
            runtime,
            quick: true,
        }),
        Some(_) => Err(usage.to_owned()),
    }
}

fn parse_serve(mut args: impl Iterator<Item = String>) -> Result<ServeJob, String> {
    let usage = "--serve is for the program itself: --serve echo|accept RUNTIME CORE...";
    let service = args.next().ok_or(usage)?;
    let service = Service::from_name(&service).ok_or(usage)?;
    let runtime = find_runtime(&args.next().ok_or(usage)?)?;
    let cpus: Result<Vec<usize>, _> = args.map(|cpu| cpu.parse()).collect();
    let cpus = cpus.ok().filter(|cpus| !cpus.is_empty()).ok_or(usage)?;
    Ok(ServeJob {
        service,
        runtime,
        cpus,
    })
}

fn find_runtime(name: &str) -> Result<&'static Entry, String> {
    runtimes::ALL
        .iter()
        .find(|entry| entry.name == name)
        .ok_or_else(|| {
            let names: Vec<&str> = runtimes::ALL.iter().map(|entry| entry.name).collect();
            format!("no runtime {name:?}; there are: {}", names.join(", "))
        })
}

fn scenario_ids() -> String {
    let mut ids: Vec<&str> = catalog::ALL
        .iter()
        .flat_map(|scenario| scenario.rows)
        .map(|row| row.id)
        .collect();
    ids.dedup();
    ids.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Command, Plan, parse};

    fn plan(args: &[&str]) -> Result<Plan, String> {
        match parse(args.iter().map(|&arg| arg.to_owned()))? {
            Command::Measure(plan) => Ok(plan),
            other => panic!("not a plan: {other:?}"),
        }
    }

    #[test]
    fn only_selects_by_row_id_too() {
        let plan = plan(&["--only", "timer_fire_cpu,spawn_join"]).unwrap();
        let ids: Vec<&str> = plan.scenarios.iter().map(|scenario| scenario.id).collect();
        assert_eq!(ids, ["st/spawn_join", "st/timer_fire", "mt/timer_fire"]);
    }

    #[test]
    fn bad_arguments_say_what_exists() {
        for (args, hint) in [
            (&["--only", "nonsense"][..], "st/yield_many"),
            (&["--only", "tcp,"], "st/yield_many"),
            (&["--runtimes", "tokio-ct,monoio"], "smol-local"),
            (&["--rounds", "0"], "1 to 100"),
            (&["--rounds", "many"], "1 to 100"),
            (&["--json"], "needs a value"),
            (&["--fast"], "--quick"),
            (&["--child", "st/tick"], "--child SCENARIO RUNTIME"),
            (&["--serve", "time", "tokio-ct", "0"], "echo|accept"),
        ] {
            let message = plan(args).unwrap_err();
            assert!(message.contains(hint), "{args:?}: {message}");
        }
    }

    #[test]
    fn rounds_default_by_length_of_run() {
        assert_eq!(plan(&[]).unwrap().rounds, 5);
        assert_eq!(plan(&["--quick"]).unwrap().rounds, 3);
        assert_eq!(plan(&["--rounds", "9", "--quick"]).unwrap().rounds, 9);
    }
}

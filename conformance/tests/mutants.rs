//! The suite's proof of itself: each way of breaking the reference executor is noticed by a rule.
//!
//! `reference/fault/list.rs` says what can be broken, and which rules must notice. By default some
//! of the faults, picked by the seed of the run, are shown to the first of their rules;
//! `EXECUTOR_CONFORMANCE_MUTANTS` asks for more:
//!
//! | value | |
//! |---|---|
//! | `first` | each fault is shown to the first of its rules |
//! | `all` | each fault is shown to all of its rules, which takes some minutes |
//! | `matrix` | each fault is shown to every rule, which takes an hour; it prints who notices what |
//! | names, with commas | these faults are shown to every rule |
//!
//! A rule may notice in any way: by failing, by a missed SHOULD, by a hang, by a death of the
//! process. It is best if it says what is wrong, so that faults which only a hang shows are listed.

#[allow(
    dead_code,
    reason = "`stream_from_std` and its like are for the suite only"
)]
mod reference;

use std::collections::BTreeSet;
use std::env;
use std::iter;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use executor_conformance::harness::{self, Entry, Record, Settings};
use executor_conformance::{Level, Rule};
use reference::fault::{self, Fault, On};
use reference::sent::Sent;
use reference::{OneThread, Reference, Workers};

executor_conformance::allocator!();

/// How much to check.
const MODE: &str = "EXECUTOR_CONFORMANCE_MUTANTS";
/// Names the rule that a child process checks.
const RULE: &str = "EXECUTOR_CONFORMANCE_MUTANT_RULE";
/// How many faults are tried if nobody asks for more.
const SAMPLE: usize = 40;
/// How many child processes run at once.
const AT_ONCE: usize = 2;
/// A mutant that hangs does so for good; the rules need far less than this.
const TIMEOUT: Duration = Duration::from_secs(8);

/// A fault, a rule, and how that ended.
struct Trial {
    fault: Fault,
    record: Record,
}

#[test]
fn every_fault_is_noticed() {
    let mode = env::var(MODE).unwrap_or_default();
    let pairs: Vec<_> = faults_for(&mode)
        .into_iter()
        .flat_map(|fault| iter::repeat(fault).zip(rules_for(fault, &mode)))
        .collect();
    let trials = run(pairs);
    report(&trials);
    if mode == "all" || mode == "matrix" {
        report_unproven(&trials);
    }
    let survivors = trials.iter().filter(|trial| {
        let listed = trial.fault.noticed_by().contains(&&*trial.record.rule.id());
        listed && !trial.record.verdict.is_failure()
    });
    let survivors: Vec<String> = survivors.map(describe).collect();
    assert!(
        survivors.is_empty(),
        "not noticed:\n{}",
        survivors.join("\n")
    );
}

#[test]
fn every_fault_names_rules_that_apply_to_its_executor() {
    for &fault in Fault::ALL {
        let entries = entries(fault.on());
        for id in fault.noticed_by() {
            let entry = entries.iter().find(|entry| entry.rule.id() == *id);
            let entry = entry.unwrap_or_else(|| panic!("{}: no rule {id}", fault.name()));
            let missing = entry.missing_capability();
            assert_eq!(missing, None, "{}: {id} does not apply", fault.name());
        }
    }
}

/// The child process, if this is one; else a test of nothing.
#[test]
fn child() {
    let Ok(name) = env::var(RULE) else { return };
    let on = match env::var("EXECUTOR_CONFORMANCE_MUTANT_ON").as_deref() {
        Ok("Workers") => On::Workers,
        Ok("Sent") => On::Sent,
        _ => On::OneThread,
    };
    let entries = entries(on);
    let entry = entries.iter().find(|entry| entry.rule.name == name);
    entry.expect("the parent names a rule").run_as_child();
}

fn entries(on: On) -> Vec<Entry> {
    match on {
        On::OneThread => executor_conformance::entries!(Reference<OneThread>:
            spawn, remote, abort, local, timers, reset, intervals, tcp, udp, unix, blocking,
            nested, shutdown_timeout, wrap),
        On::Workers => executor_conformance::entries!(Reference<Workers>:
            spawn, remote, abort, timers, reset, intervals, tcp, udp, unix, blocking, parallel,
            shared, shutdown_timeout, wrap),
        On::Sent => executor_conformance::entries!(Sent: spawn, local),
    }
}

/// The faults that are shown to rules.
fn faults_for(mode: &str) -> Vec<Fault> {
    let mut faults = Fault::ALL.to_vec();
    if mode.is_empty() {
        let seed = Settings::from_env().seed;
        println!("{SAMPLE} of {} faults, by the seed {seed}", faults.len());
        fastrand::Rng::with_seed(seed).shuffle(&mut faults);
        faults.truncate(SAMPLE);
    }
    faults
}

/// The rules that a fault is shown to.
fn rules_for(fault: Fault, mode: &str) -> Vec<Entry> {
    let entries = entries(fault.on()).into_iter();
    let applies = |entry: &Entry| entry.missing_capability().is_none();
    let listed = |entry: &Entry| fault.noticed_by().contains(&&*entry.rule.id());
    let first = |entry: &Entry| fault.noticed_by()[0] == entry.rule.id();
    match mode {
        "" | "first" => entries.filter(first).collect(),
        "all" => entries.filter(listed).collect(),
        "matrix" => entries.filter(applies).collect(),
        names => {
            let known = |name: &str| Fault::ALL.iter().any(|fault| fault.name() == name);
            let unknown = names.split(',').find(|name| !known(name));
            assert_eq!(unknown, None, "{MODE} names something that is no fault");
            let asked = names.split(',').any(|name| name == fault.name());
            entries.filter(|entry| asked && applies(entry)).collect()
        }
    }
}

/// Runs all pairs, a few at a time.
fn run(pairs: Vec<(Fault, Entry)>) -> Vec<Trial> {
    let settings = settings();
    let pairs = Mutex::new(pairs.into_iter().enumerate());
    let trials = Mutex::new(Vec::new());
    let work = || {
        loop {
            let next = lock(&pairs).next();
            let Some((number, (fault, entry))) = next else {
                break;
            };
            let record = harness::run(&entry, child_of(fault, &entry), &settings);
            if record.verdict.is_failure() {
                // A run of all takes long, and may be cut short.
                println!("{} {} {}", fault.name(), record.rule.id(), record.verdict);
            }
            lock(&trials).push((number, Trial { fault, record }));
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let mut trials = trials.into_inner().unwrap_or_else(PoisonError::into_inner);
    trials.sort_by_key(|(number, _)| *number);
    trials.into_iter().map(|(_, trial)| trial).collect()
}

fn settings() -> Settings {
    let mut settings = Settings::from_env();
    settings.timeout = TIMEOUT;
    settings
}

fn child_of(fault: Fault, entry: &Entry) -> Command {
    let program = env::current_exe().expect("a running program has a path");
    let mut command = Command::new(program);
    command
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .env(fault::VARIABLE, fault.name())
        .env(
            "EXECUTOR_CONFORMANCE_MUTANT_ON",
            format!("{:?}", fault.on()),
        )
        .env(RULE, entry.rule.name);
    command
}

/// Prints which rules noticed each fault, and how.
fn report(trials: &[Trial]) {
    let mut hangs = Vec::new();
    for &fault in Fault::ALL {
        let of_fault = trials.iter().filter(|trial| trial.fault == fault);
        let noticed: Vec<&Trial> = of_fault
            .filter(|trial| trial.record.verdict.is_failure())
            .collect();
        if noticed.is_empty() {
            continue;
        }
        println!("{}:{}", fault.name(), fault.description());
        for trial in &noticed {
            let first = trial.record.note.lines().next().unwrap_or_default();
            let took = trial.record.took.as_millis();
            let (id, verdict) = (trial.record.rule.id(), &trial.record.verdict);
            println!("  {id:<4} {verdict:<10} {took:>5} ms  {first}");
        }
        if noticed.iter().all(|trial| trial.record.took >= TIMEOUT) {
            hangs.push(fault.name());
        }
    }
    println!("noticed by hangs only: {}", or_none(&hangs));
}

/// Prints the rules that noticed no fault.
fn report_unproven(trials: &[Trial]) {
    let noticed = trials
        .iter()
        .filter(|trial| trial.record.verdict.is_failure());
    let proven: BTreeSet<&str> = noticed.map(|trial| trial.record.rule.name).collect();
    let unproven: Vec<&str> = Rule::all()
        .filter(|rule| rule.level() != Level::Info && !proven.contains(rule.name))
        .map(|rule| rule.name)
        .collect();
    println!(
        "unproven, as no fault here breaks them: {}",
        or_none(&unproven)
    );
}

fn or_none(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}

fn describe(trial: &Trial) -> String {
    format!(
        "{}:{}\n{}",
        trial.fault.name(),
        trial.fault.description(),
        trial.record
    )
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! The failures, by package and by the program that shows them.

use std::fmt::Write as _;

use executor_conformance::Rule;
use executor_conformance::report::{Outcome, Report};

use super::repro::Repro;
use super::versions;

/// Writing to a string cannot fail.
const WRITES: &str = "a string takes what is written";

/// A rule that an executor failed.
type Failure<'a> = (&'a str, &'a Outcome);

/// A section for each package whose executors failed by anything.
pub(super) fn write(report: &Report, repros: &[Repro]) -> String {
    let mut packages: Vec<&str> = report.executors().map(package).collect();
    packages.dedup();
    let mut out = String::new();
    for package_name in packages {
        let executors = report.executors();
        let executors: Vec<_> = executors
            .filter(|name| package(name) == package_name)
            .collect();
        section(&mut out, package_name, &executors, report, repros).expect(WRITES);
    }
    out
}

/// The first word of an executor's name is the package that it is from.
fn package(executor: &str) -> &str {
    executor.split(' ').next().unwrap_or(executor)
}

fn section(
    out: &mut String,
    package: &str,
    executors: &[&str],
    report: &Report,
    repros: &[Repro],
) -> std::fmt::Result {
    let failed = executors.iter();
    let failed = failed.flat_map(|name| report.failures(name).map(move |outcome| (*name, outcome)));
    let failed: Vec<Failure<'_>> = failed.collect();
    let program = |(executor, outcome): &Failure<'_>| {
        let rule = outcome.record().rule;
        let mut programs = repros.iter();
        programs.position(|repro| repro.shows(executor, rule))
    };
    let shown_by = |wanted: Option<usize>| -> Vec<Failure<'_>> {
        let failed = failed.iter().copied();
        failed
            .filter(|failure| program(failure) == wanted)
            .collect()
    };
    let version = versions::version(package).unwrap_or_default();
    writeln!(out, "\n### {package} {version}")?;
    if failed.is_empty() {
        writeln!(out, "\nNothing failed.")?;
    }
    let mut told = Vec::new();
    for index in failed.iter().filter_map(program) {
        if !told.contains(&index) {
            told.push(index);
            heading(out, &repros[index])?;
            table(out, package, &shown_by(Some(index)))?;
        }
    }
    let unexplained = shown_by(None);
    if !unexplained.is_empty() {
        writeln!(out, "\n#### Not yet reproduced by itself")?;
        table(out, package, &unexplained)?;
    }
    unseen(out, executors, report, repros)
}

fn heading(out: &mut String, repro: &Repro) -> std::fmt::Result {
    writeln!(
        out,
        "\n#### {}\n\n{}\n\nProgram: [{name}.rs](peers/repro/src/bin/{name}.rs), on {}.",
        repro.title,
        repro.text,
        repro.package,
        name = repro.name
    )
}

/// What the suite saw: a line for each rule and verdict, with the executors that they are of.
fn table(out: &mut String, package: &str, failures: &[Failure<'_>]) -> std::fmt::Result {
    writeln!(
        out,
        "\n| rule | asks | on | verdict | the suite saw |\n|---|---|---|---|---|"
    )?;
    let mut lines: Vec<(&Outcome, String, Vec<&str>)> = Vec::new();
    for (executor, outcome) in failures {
        let (id, verdict) = (outcome.record().rule.id(), outcome.to_string());
        let same = lines
            .iter_mut()
            .find(|(known, of, _)| known.record().rule.id() == id && *of == verdict);
        let short = executor.strip_prefix(package).unwrap_or(executor).trim();
        let short = if short.is_empty() { *executor } else { short };
        match same {
            Some((.., executors)) => executors.push(short),
            None => lines.push((outcome, verdict, vec![short])),
        }
    }
    for (outcome, verdict, executors) in lines {
        let rule = outcome.record().rule;
        writeln!(
            out,
            "| {} {} | {} | {} | {verdict} | {} |",
            rule.id(),
            rule.level(),
            cell(rule.statement),
            executors.join(", "),
            cell(first_line(&outcome.record().note))
        )?;
    }
    Ok(())
}

/// What a program shows although the suite did not come upon it.
fn unseen(
    out: &mut String,
    executors: &[&str],
    report: &Report,
    repros: &[Repro],
) -> std::fmt::Result {
    for executor in executors {
        for repro in repros {
            let rules = repro.rules(executor).filter(|rule| {
                let mut failures = report.failures(executor);
                !failures.any(|outcome| outcome.record().rule.name == rule.name)
            });
            let rules: Vec<_> = rules.map(Rule::id).collect();
            if !rules.is_empty() {
                writeln!(
                    out,
                    "\nOn {executor} the suite did not come upon {} in these runs, which \
                     [{name}.rs](peers/repro/src/bin/{name}.rs) shows.",
                    rules.join(", "),
                    name = repro.name
                )?;
            }
        }
    }
    Ok(())
}

fn first_line(note: &str) -> &str {
    let line = note.lines().next().unwrap_or_default();
    line.strip_suffix("; its threads:").unwrap_or(line)
}

/// Text as it may stand in a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

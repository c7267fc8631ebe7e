//! The page of results: every rule on every executor, and for each failure its shortest program.

mod failures;
mod repro;
mod versions;

use std::fs;
use std::path::Path;

use executor_conformance::harness::Record;
use executor_conformance::report::Report;

/// Writes the page; `executors` are the names of all that there are.
///
/// # Errors
///
/// What is wrong with a program's head, or cannot be written.
pub(crate) fn write(path: &Path, records: Vec<Record>, executors: &[&str]) -> Result<(), String> {
    let report: Report = records.into_iter().collect();
    let repros = repro::all(executors)?;
    let page = page(&report, &repros);
    fs::write(path, page).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn page(report: &Report, repros: &[repro::Repro]) -> String {
    let packages = versions::packages().into_iter();
    let packages: Vec<_> = packages
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    let release = if cfg!(debug_assertions) {
        ""
    } else {
        "--release "
    };
    format!(
        "{INTRODUCTION}    cargo run {release}-p anyloop-conformance-peers -- --results \
         conformance/RESULTS.md\n\n{}\nThe packages: {}. The machine: {}.\n\n{HOW_TO_READ}\n\
         {PROGRAMS}{}{}",
        report.scores_to_markdown(),
        packages.join(", "),
        versions::surroundings(),
        failures::write(report, repros),
        report.tables_to_markdown()
    )
}

const INTRODUCTION: &str = "\
# Results on released executors

Every rule of the suite on other people's executors, each in a process of its own. This page is
written by one command, and not by hand:

";

const HOW_TO_READ: &str = "\
A MUST is what a correct future may rely on, a SHOULD what users do rely on; who misses a SHOULD
is *non-strict*, which is often a decision, and sometimes documented. The rules are this project's
reading of `std::task` and of the bugs that executors have had; `conformance explain W9` gives the
grounds of each, and an executor that never promised what a rule asks has broken no promise. A dash
is a rule about something that the executor does not have, or its adapter does not use. Where a
failure did not come in each of the runs, the verdict says in how many it did; races may be missed
in all of them. No number here ranks executors: they have different features, and so are asked for
different rules.
";

const PROGRAMS: &str = "\
## What failed

Each failure is tried without the suite, by a short program on that executor alone, so that it is
not the adapter's; what has none is listed as not yet reproduced by itself, and may be a fault of
ours. The programs are in [`peers/repro`](peers/repro/src/bin) and say what they expected and what
happened:

    cargo run -p anyloop-conformance-repro --bin tokio_blocked_worker
";

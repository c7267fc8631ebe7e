//! What the program is asked for.

use std::path::PathBuf;

use executor_conformance::rules::{GROUPS, Group};
use executor_conformance::{Level, Rule};
use lexopt::prelude::*;

use crate::repeat::Repeat;

pub(crate) const USAGE: &str = "\
Lists and explains the rules of the executor conformance suite, makes reports, and repeats tests.

Usage:
  conformance list [--group LETTER]... [--level must|should|info] [-v]
  conformance explain RULE...
  conformance report FILE... [--format markdown|junit|badge] [--strict]
  conformance repeat TIMES [--load] [--alike] -- COMMAND...

list      one line for each rule: id, level, statement
  --group LETTER    only the rules of this group; can be given again
  --level LEVEL     only the rules of this level
  -v, --verbose     also why, the capabilities that are needed, and the bugs behind it

explain   all about some rules, by id (`W9`) or by the name of the test

report    makes a report of records, on standard output
  FILE              what tests wrote with EXECUTOR_CONFORMANCE_REPORT=FILE set; `-` is
                    standard input
  --format FORMAT   `markdown` (the default), `junit` (XML), or `badge` (one line)
  --strict          what misses a SHOULD is a failure too, and the exit status is 1 if
                    there is any failure

repeat    runs tests again and again, such as `cargo test --release --test conformance`; the
          exit status is 1 if a rule failed in any of the runs
  --load            keeps every processor busy meanwhile
  --alike           accepts what fails in every run: only a verdict that differs from run to
                    run makes the exit status 1

  -h, --help        print this
";

/// What to do.
pub(crate) enum Command {
    Help,
    List { filter: Filter, verbose: bool },
    Explain(Vec<&'static Rule>),
    Report(Report),
    Repeat(Repeat),
}

/// Which rules to list.
#[derive(Default)]
pub(crate) struct Filter {
    pub(crate) groups: Vec<&'static Group>,
    pub(crate) level: Option<Level>,
}

/// What to report on, and how.
pub(crate) struct Report {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) format: Format,
    pub(crate) strict: bool,
}

#[derive(Clone, Copy)]
pub(crate) enum Format {
    Markdown,
    Junit,
    Badge,
}

/// Reads the arguments; an error says what is wrong and what is right.
pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Command, String> {
    let parsed = match parser.next().map_err(wrong)? {
        None | Some(Short('h') | Long("help")) => return Ok(Command::Help),
        Some(Value(command)) => match command.to_str() {
            Some("help") => return Ok(Command::Help),
            Some("list") => list(&mut parser),
            Some("explain") => explain(&mut parser),
            Some("report") => report(&mut parser),
            Some("repeat") => repeat(&mut parser),
            _ => return Err(wrong(format!("there is no command {command:?}"))),
        },
        Some(option) => Err(option.unexpected()),
    };
    parsed.map_err(wrong)
}

fn list(parser: &mut lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut filter = Filter::default();
    let mut verbose = false;
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help),
            Short('g') | Long("group") => {
                filter.groups.push(parser.value()?.parse_with(group)?);
            }
            Short('l') | Long("level") => filter.level = Some(parser.value()?.parse_with(level)?),
            Short('v') | Long("verbose") => verbose = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::List { filter, verbose })
}

fn explain(parser: &mut lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut rules = Vec::new();
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help),
            Value(name) => rules.push(name.parse_with(rule)?),
            other => return Err(other.unexpected()),
        }
    }
    if rules.is_empty() {
        return Err("`explain` needs a rule, such as `conformance explain W9`".into());
    }
    Ok(Command::Explain(rules))
}

fn report(parser: &mut lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut report = Report {
        files: Vec::new(),
        format: Format::Markdown,
        strict: false,
    };
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help),
            Short('f') | Long("format") => report.format = parser.value()?.parse_with(format)?,
            Long("strict") => report.strict = true,
            Value(file) => report.files.push(file.into()),
            other => return Err(other.unexpected()),
        }
    }
    if report.files.is_empty() {
        return Err(format!("`report` needs a file of records; {HOW_TO_RECORD}").into());
    }
    Ok(Command::Report(report))
}

fn repeat(parser: &mut lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut repeat = Repeat {
        times: 0,
        load: false,
        alike: false,
        command: Vec::new(),
    };
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("load") => repeat.load = true,
            Long("alike") => repeat.alike = true,
            Value(times) if repeat.times == 0 => repeat.times = times.parse_with(number_of_runs)?,
            Value(command) => {
                repeat.command.push(command);
                repeat.command.extend(parser.raw_args()?);
            }
            other => return Err(other.unexpected()),
        }
    }
    if repeat.command.is_empty() {
        let example = "conformance repeat 50 -- cargo test --release --test conformance";
        return Err(format!("`repeat` needs a number and a command, such as `{example}`").into());
    }
    Ok(Command::Repeat(repeat))
}

/// How a file of records comes about.
pub(crate) const HOW_TO_RECORD: &str = "to write one, run the tests with \
    EXECUTOR_CONFORMANCE_REPORT=/a/path set (in full: tests run in the folder of their package)";

fn group(letter: &str) -> Result<&'static Group, String> {
    let known = |group: &&Group| letter.eq_ignore_ascii_case(&group.letter.to_string());
    GROUPS.iter().find(known).ok_or_else(|| {
        let groups = GROUPS.iter().map(|group| group.letter.to_string());
        let groups: Vec<_> = groups.collect();
        format!(
            "there is no such group; the groups are {}",
            groups.join(" ")
        )
    })
}

fn level(name: &str) -> Result<Level, String> {
    let mut levels = [Level::Must, Level::Should, Level::Info].into_iter();
    let known = |level: &Level| name.eq_ignore_ascii_case(&level.to_string());
    levels
        .find(known)
        .ok_or_else(|| "the levels are `must`, `should` and `info`".to_owned())
}

fn number_of_runs(number: &str) -> Result<usize, String> {
    match number.parse() {
        Ok(0) | Err(_) => Err("a number of runs is 1 or more".to_owned()),
        Ok(times) => Ok(times),
    }
}

fn format(name: &str) -> Result<Format, String> {
    match name {
        "markdown" | "md" => Ok(Format::Markdown),
        "junit" => Ok(Format::Junit),
        "badge" => Ok(Format::Badge),
        _ => Err("the formats are `markdown`, `junit` and `badge`".to_owned()),
    }
}

fn rule(name: &str) -> Result<&'static Rule, String> {
    Rule::find(name).ok_or_else(|| {
        let mut groups = GROUPS.iter();
        let group = groups.find(|group| name.to_ascii_uppercase().starts_with(group.letter));
        match group {
            Some(group) => {
                let ids: Vec<_> = group.rules.iter().map(Rule::id).collect();
                let (letter, ids) = (group.letter, ids.join(" "));
                format!("there is no such rule; group {letter} has {ids}")
            }
            None => "there is no such rule; `conformance list` prints all".to_owned(),
        }
    })
}

fn wrong(error: impl ToString) -> String {
    format!(
        "{}\n`conformance --help` says what can be asked for.",
        error.to_string()
    )
}

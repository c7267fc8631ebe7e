//! A child: one scenario on one runtime, measured once, told to the parent on stdout.
//!
//! The words are lines: `row ID METRIC VALUE` for each number, or one `skip REASON` or one
//! `fail REASON`. Anything else a child prints goes to stderr, which is the user's.

use std::panic;
use std::process;

use crate::alloc;
use crate::catalog::Family;
use crate::cli::ChildJob;
use crate::scenarios::{Context, Sample, Trouble};

/// What a child has to say.
#[derive(Debug, PartialEq)]
pub(crate) enum Report {
    /// The numbers it measured.
    Measured(Vec<(String, String, f64)>),
    /// It cannot be measured here, which is nobody's fault.
    Skipped(String),
    /// It went wrong.
    Failed(String),
}

/// Measures `job` and prints what came of it.
pub(crate) fn run(job: &ChildJob) -> Result<(), String> {
    // A task that panics has measured nothing; most runtimes would carry on without it.
    let default_hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        default_hook(info);
        process::exit(101);
    }));
    if ![Family::Memory, Family::PoolMemory].contains(&job.scenario.family) {
        alloc::keep_freed_memory();
    }
    let cx = Context {
        quick: job.quick,
        runtime: job.runtime.name,
    };
    match (job.runtime.measure)(job.scenario.id, cx) {
        Ok(samples) => {
            for Sample { id, metric, value } in samples {
                println!("row {id} {metric} {value}");
            }
        }
        Err(Trouble::Skipped(reason)) => println!("skip {reason}"),
        Err(Trouble::Failed(reason)) => println!("fail {reason}"),
    }
    Ok(())
}

/// Reads what a child printed.
pub(crate) fn read(output: &str) -> Report {
    let mut rows = Vec::new();
    for line in output.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "skip" => return Report::Skipped(rest.to_owned()),
            "fail" => return Report::Failed(rest.to_owned()),
            "row" => match read_row(rest) {
                Some(row) => rows.push(row),
                None => return Report::Failed(format!("the child printed a bad row: {line:?}")),
            },
            _ => return Report::Failed(format!("the child printed {line:?}")),
        }
    }
    if rows.is_empty() {
        return Report::Failed("the child printed nothing".to_owned());
    }
    Report::Measured(rows)
}

fn read_row(text: &str) -> Option<(String, String, f64)> {
    let mut words = text.split(' ');
    let (id, metric) = (words.next()?, words.next()?);
    let value: f64 = words.next()?.parse().ok()?;
    (value.is_finite() && words.next().is_none()).then(|| (id.to_owned(), metric.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::{Report, read};

    #[test]
    fn reads_rows_skips_and_failures() {
        let rows = read("row st/a ns 1.5\nrow st/b us 2\n");
        let expected = vec![
            ("st/a".into(), "ns".into(), 1.5),
            ("st/b".into(), "us".into(), 2.0),
        ];
        assert_eq!(rows, Report::Measured(expected));
        assert_eq!(
            read("skip no strace\n"),
            Report::Skipped("no strace".into())
        );
        assert_eq!(
            read("row st/a ns 1\nfail odd\n"),
            Report::Failed("odd".into())
        );
    }

    #[test]
    fn nonsense_is_a_failure() {
        for output in [
            "",
            "row st/a ns\n",
            "row st/a ns NaN\n",
            "row st/a ns 1 2\n",
            "hello\n",
        ] {
            assert!(matches!(read(output), Report::Failed(_)), "{output:?}");
        }
    }
}

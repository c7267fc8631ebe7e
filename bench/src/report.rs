//! Tables for people and rows for programs.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::catalog::{Row, Scenario};
use crate::cli::Plan;
use crate::parent::{Note, Series};
use crate::stats::Spread;

/// More than this before the first measurement is somebody else's load.
const BUSY: f64 = 0.5;

/// The lines before the first table, given the machine's load average.
pub(crate) fn preamble(plan: &Plan, load: f64) -> String {
    let names: Vec<&str> = plan.runtimes.iter().map(|entry| entry.name).collect();
    let mut text = format!(
        "{} scenarios, {} round(s) each, a fresh process for every measurement, in turn: {}\n",
        plan.scenarios.len(),
        plan.rounds,
        names.join(", ")
    );
    if plan.quick {
        text.push_str("--quick: short measurements, expect wide spread.\n");
    }
    if load > BUSY {
        let _ = writeln!(
            text,
            "WARNING: the load average is {load}: others use this machine, and the numbers show it."
        );
    }
    if cfg!(debug_assertions) {
        text.push_str("WARNING: not an optimised build; run with --release for real numbers.\n");
    }
    text
}

/// The table of one scenario.
pub(crate) fn table(scenario: &Scenario, series: &[Series], notes: &[Note]) -> String {
    let mut text = format!("\n{}: {}\n", scenario.id, scenario.about);
    let yardsticks = scenario.family.yardsticks();
    for row in scenario.rows {
        let lines: Vec<(&Series, Spread)> = series
            .iter()
            .filter(|series| series.row == *row)
            .filter_map(|series| Some((series, Spread::of(&series.values())?)))
            .collect();
        if lines.is_empty() {
            continue;
        }
        let title = format!("{} [{}]", row.id, row.metric);
        let _ = write!(
            text,
            "  {title:<32} {:>11} {:>11} {:>11}",
            "median", "min", "max"
        );
        for yardstick in yardsticks {
            let _ = write!(text, " {:>11}", format!("x {yardstick}"));
        }
        text.push('\n');
        for (series, spread) in &lines {
            let _ = write!(text, "    {:<30} {}", series.runtime, numbers(*spread));
            for yardstick in yardsticks {
                let _ = write!(text, " {:>11}", ratio(*spread, yardstick, &lines));
            }
            text.push('\n');
        }
    }
    for note in notes {
        let word = if note.failed { "FAILED" } else { "skipped" };
        let _ = writeln!(text, "    {:<30} {word}: {}", note.runtime, note.text);
    }
    text
}

/// Writes every row, as one JSON array.
pub(crate) fn write_json(out: &mut impl Write, series: &[Series]) -> io::Result<()> {
    let mut text = String::from("[");
    for (series, spread) in series
        .iter()
        .filter_map(|series| Some((series, Spread::of(&series.values())?)))
    {
        let Row { id, metric } = series.row;
        let Spread { median, min, max } = spread;
        text.push_str(if text.len() == 1 { "\n" } else { ",\n" });
        // Ids and names are ours and need no escapes; the numbers are finite.
        let _ = write!(
            text,
            "  {{\"scenario\": \"{id}\", \"runtime\": \"{}\", \"metric\": \"{metric}\", \
             \"median\": {median}, \"min\": {min}, \"max\": {max}}}",
            series.runtime
        );
    }
    text.push_str("\n]\n");
    out.write_all(text.as_bytes())
}

/// A number with about four digits that mean something.
pub(crate) fn digits(value: f64) -> String {
    let places = match value.abs() {
        x if x >= 1000.0 => 0,
        x if x >= 100.0 => 1,
        x if x >= 10.0 => 2,
        _ => 3,
    };
    format!("{value:.places$}")
}

fn numbers(spread: Spread) -> String {
    let Spread { median, min, max } = spread;
    format!(
        "{:>11} {:>11} {:>11}",
        digits(median),
        digits(min),
        digits(max)
    )
}

fn ratio(spread: Spread, yardstick: &str, lines: &[(&Series, Spread)]) -> String {
    lines
        .iter()
        .find(|(series, _)| series.runtime == yardstick)
        .filter(|(_, base)| base.median > 0.0)
        .map_or_else(
            || "-".to_owned(),
            |(_, base)| format!("{:.3}", spread.median / base.median),
        )
}

#[cfg(test)]
mod tests {
    use super::{digits, write_json};
    use crate::catalog::Row;
    use crate::parent::Series;

    #[test]
    fn json_is_one_array_of_flat_rows() {
        let row = Row {
            id: "st/yield_many",
            metric: "ns",
        };
        let series = |runtime, rounds| Series {
            row,
            runtime,
            rounds,
        };
        let all = [
            series("epoll", vec![Some(3.0), Some(1.0), Some(2.0)]),
            series("broken", vec![None]),
            series("floor", vec![Some(0.5), None]),
        ];
        let mut out = Vec::new();
        write_json(&mut out, &all).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            concat!(
                "[\n",
                r#"  {"scenario": "st/yield_many", "runtime": "epoll", "metric": "ns", "#,
                r#""median": 2, "min": 1, "max": 3},"#,
                "\n",
                r#"  {"scenario": "st/yield_many", "runtime": "floor", "metric": "ns", "#,
                r#""median": 0.5, "min": 0.5, "max": 0.5}"#,
                "\n]\n",
            )
        );
    }

    #[test]
    fn digits_keep_about_four() {
        assert_eq!(digits(12345.6), "12346");
        assert_eq!(digits(123.456), "123.5");
        assert_eq!(digits(12.3456), "12.35");
        assert_eq!(digits(0.98765), "0.988");
    }
}

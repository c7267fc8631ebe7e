//! What our runtimes are meant to reach, and whether they did.

use std::fmt::Write as _;

use crate::catalog::Row;
use crate::parent::Series;
use crate::report::digits;
use crate::stats::Spread;

mod list;

use list::TARGETS;

/// The bound a value or a ratio must keep.
#[derive(Clone, Copy, Debug)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(bound) => value <= bound,
            Self::AtLeast(bound) => value >= bound,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtMost(bound) => format!("<= {}", digits(bound)),
            Self::AtLeast(bound) => format!(">= {}", digits(bound)),
        }
    }
}

/// What a value is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Against {
    /// Nothing: it is judged as it is.
    Nothing,
    /// The same row of that runtime.
    Runtime(&'static str),
    /// The same row of whichever other runtime has the least median.
    Best,
}

impl Against {
    fn text(self) -> &'static str {
        match self {
            Self::Nothing => "-",
            Self::Runtime(name) => name,
            Self::Best => "the best",
        }
    }
}

/// One line of the verdict: a row of `ours`, as a ratio where it is against something.
#[derive(Debug)]
struct Target {
    row: Row,
    ours: &'static str,
    against: Against,
    bound: Bound,
}

/// How a target came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The median keeps the bound, and so does every round.
    Reached,
    /// The median keeps the bound, some rounds do not.
    Mostly,
    /// The median misses the bound, some rounds keep it.
    Seldom,
    /// No round keeps the bound.
    Missed,
}

impl Verdict {
    fn of(bound: Bound, overall: f64, rounds: &[f64]) -> Self {
        let held = rounds.iter().filter(|&&value| bound.holds(value)).count();
        match (bound.holds(overall), held) {
            (true, held) if held == rounds.len() => Self::Reached,
            (true, _) => Self::Mostly,
            (false, 0) => Self::Missed,
            (false, _) => Self::Seldom,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::Mostly => "reached, not in every round",
            Self::Seldom => "NOT reached, though in some rounds",
            Self::Missed => "NOT reached",
        }
    }
}

/// The verdict table: each target against the rounds of this run.
///
/// `overall` is the ratio of the medians; the range is that of the ratios within each round, whose
/// two sides ran next to each other.
pub(crate) fn verdicts(all: &[Series], rounds: usize) -> String {
    let mut text = format!(
        "\nTargets\n  {:<28} {:<13} {:<11} {:>9} {:>9} {:>19}  verdict\n",
        "row", "runtime", "against", "target", "got", "range over rounds"
    );
    let mut missing = Vec::new();
    for target in TARGETS {
        let Some((overall, each)) = outcome(target, all) else {
            missing.push(format!("{} ({})", target.row.id, target.ours));
            continue;
        };
        let range = Spread::of(&each).map_or_else(String::new, |spread| {
            format!("{} .. {}", digits(spread.min), digits(spread.max))
        });
        let _ = writeln!(
            text,
            "  {:<28} {:<13} {:<11} {:>9} {:>9} {:>19}  {}",
            format!("{} [{}]", target.row.id, target.row.metric),
            target.ours,
            target.against.text(),
            target.bound.text(),
            digits(overall),
            range,
            Verdict::of(target.bound, overall, &each).text()
        );
    }
    if missing.len() == TARGETS.len() {
        return "\nTargets: none of the runtimes and rows they are about was measured.\n"
            .to_owned();
    }
    missing.dedup();
    if !missing.is_empty() {
        let _ = writeln!(text, "  not measured in this run: {}", missing.join(", "));
    }
    if rounds < 3 {
        text.push_str("  (fewer than three rounds: the range says little about the noise)\n");
    }
    text
}

/// The value to be judged, and the same for each round; `None` when a side is missing.
fn outcome(target: &Target, all: &[Series]) -> Option<(f64, Vec<f64>)> {
    let mut of_row = all.iter().filter(|series| series.row == target.row);
    let ours = of_row
        .clone()
        .find(|series| series.runtime == target.ours)?;
    let our_median = median(ours)?;
    let peer = match target.against {
        Against::Nothing => return Some((our_median, ours.values())),
        Against::Runtime(name) => of_row.find(|series| series.runtime == name)?,
        Against::Best => of_row
            .filter(|series| series.runtime != target.ours)
            .min_by(|a, b| {
                median(a)
                    .unwrap_or(f64::MAX)
                    .total_cmp(&median(b).unwrap_or(f64::MAX))
            })?,
    };
    let peer_median = median(peer)?;
    let pairs = ours.rounds.iter().zip(&peer.rounds);
    let each = pairs
        .filter_map(|(ours, peer)| Some((*ours)? / (*peer)?))
        .collect();
    Some((our_median / peer_median, each))
}

fn median(series: &Series) -> Option<f64> {
    Spread::of(&series.values()).map(|spread| spread.median)
}

#[cfg(test)]
mod tests {
    use super::{Against, Bound, TARGETS, Target, Verdict, outcome};
    use crate::catalog::{self, Row};
    use crate::parent::Series;

    #[test]
    fn every_target_is_about_a_row_that_is_measured() {
        for target in TARGETS {
            let known = catalog::ALL.iter().flat_map(|scenario| scenario.rows);
            assert!(
                known.into_iter().any(|row| *row == target.row),
                "{:?}",
                target.row
            );
        }
    }

    const ROW: Row = Row {
        id: "st/a",
        metric: "ns",
    };

    fn series(runtime: &'static str, rounds: &[Option<f64>]) -> Series {
        Series {
            row: ROW,
            runtime,
            rounds: rounds.to_vec(),
        }
    }

    fn target(against: Against) -> Target {
        Target {
            row: ROW,
            ours: "ours",
            against,
            bound: Bound::AtMost(1.0),
        }
    }

    #[test]
    fn ratios_are_of_medians_and_within_rounds() {
        let target = target(Against::Runtime("peer"));
        let all = [
            series("ours", &[Some(1.0), Some(2.0), None]),
            series("peer", &[Some(4.0), Some(4.0), Some(4.0)]),
        ];
        assert_eq!(outcome(&target, &all), Some((0.375, vec![0.25, 0.5])));
        assert_eq!(outcome(&target, &all[..1]), None);
    }

    #[test]
    fn the_best_is_the_least_of_the_others() {
        let all = [
            series("slow", &[Some(9.0)]),
            series("ours", &[Some(1.0)]),
            series("fast", &[Some(2.0)]),
        ];
        let target = target(Against::Best);
        assert_eq!(outcome(&target, &all), Some((0.5, vec![0.5])));
        assert_eq!(outcome(&target, &all[1..2]), None);
    }

    #[test]
    fn verdicts_tell_a_clear_case_from_a_straddling_one() {
        let bound = Bound::AtMost(1.0);
        assert_eq!(Verdict::of(bound, 0.9, &[0.8, 1.0]), Verdict::Reached);
        assert_eq!(Verdict::of(bound, 0.9, &[0.8, 1.1]), Verdict::Mostly);
        assert_eq!(Verdict::of(bound, 1.1, &[0.9, 1.2]), Verdict::Seldom);
        assert_eq!(Verdict::of(bound, 1.1, &[1.05, 1.2]), Verdict::Missed);
        assert_eq!(
            Verdict::of(Bound::AtLeast(1.5), 1.6, &[1.5]),
            Verdict::Reached
        );
    }
}

//! What our runtimes are meant to reach, and whether they did.

use std::fmt::Write as _;

use crate::catalog::Row;
use crate::parent::Series;
use crate::report::digits;
use crate::stats::Spread;

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

/// One line of the verdict: a row of `ours`, as a ratio to `peer` or, without one, as it is.
#[derive(Debug)]
struct Target {
    row: Row,
    ours: &'static str,
    peer: Option<&'static str>,
    bound: Bound,
}

const fn ratio(
    id: &'static str,
    metric: &'static str,
    ours: &'static str,
    peer: &'static str,
    bound: Bound,
) -> Target {
    Target {
        row: Row { id, metric },
        ours,
        peer: Some(peer),
        bound,
    }
}

const fn absolute(
    id: &'static str,
    metric: &'static str,
    ours: &'static str,
    bound: Bound,
) -> Target {
    Target {
        row: Row { id, metric },
        ours,
        peer: None,
        bound,
    }
}

use Bound::{AtLeast, AtMost};

/// Counting starts and ends within a round trip, so a whole number is met to this far.
const SYSCALL_SLACK: f64 = 0.005;

const TARGETS: &[Target] = &[
    ratio("st/yield_many", "ns", "epoll", "tokio-ct", AtMost(0.65)),
    ratio("st/spawn_many", "ns", "epoll", "tokio-ct", AtMost(0.25)),
    ratio("st/spawn_join", "ns", "epoll", "tokio-ct", AtMost(0.5)),
    ratio("st/ping_pong", "ns", "epoll", "tokio-ct", AtMost(0.95)),
    ratio("st/chained_spawn", "ns", "epoll", "tokio-ct", AtMost(0.5)),
    absolute("st/idle_bytes", "bytes", "epoll", AtMost(160.0)),
    ratio("st/timer_cancel", "ns", "epoll", "tokio-ct", AtMost(0.6)),
    ratio(
        "st/timer_cancel_10k",
        "ns",
        "epoll",
        "tokio-ct",
        AtMost(0.6),
    ),
    ratio("st/timer_fire", "p50_us", "epoll", "tokio-ct", AtMost(0.06)),
    ratio(
        "st/timer_fire_cpu",
        "cpu_us",
        "epoll",
        "tokio-ct",
        AtMost(1.5),
    ),
    ratio("st/sleep_idle", "p50_us", "epoll", "tokio-ct", AtMost(0.06)),
    ratio("st/tick", "p99_us", "epoll", "tokio-ct", AtMost(0.06)),
    ratio(
        "st/tcp_1_cpu",
        "cpu_us",
        "epoll-nospin",
        "floor",
        AtMost(1.03),
    ),
    ratio(
        "st/tcp_50_cpu",
        "cpu_us",
        "epoll-nospin",
        "floor",
        AtMost(1.05),
    ),
    absolute(
        "st/tcp_1_syscalls",
        "syscalls",
        "epoll-nospin",
        AtMost(3.0 + SYSCALL_SLACK),
    ),
    ratio("st/tcp_1", "rt_per_s", "epoll", "tokio-ct", AtLeast(1.5)),
    ratio(
        "st/tcp_1_shared",
        "rt_per_s",
        "epoll",
        "tokio-ct",
        AtLeast(0.97),
    ),
    ratio(
        "st/accept_cpu",
        "cpu_us",
        "epoll-nospin",
        "tokio-ct",
        AtMost(0.9),
    ),
];

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
        "\nTargets\n  {:<20} {:<13} {:<11} {:>9} {:>9} {:>19}  verdict\n",
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
            "  {:<20} {:<13} {:<11} {:>9} {:>9} {:>19}  {}",
            target.row.id,
            target.ours,
            target.peer.unwrap_or("-"),
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
    let find = |runtime| {
        all.iter()
            .find(|series| series.row == target.row && series.runtime == runtime)
    };
    let ours = find(target.ours)?;
    let our_median = Spread::of(&ours.values())?.median;
    let Some(peer) = target.peer else {
        return Some((our_median, ours.values()));
    };
    let peer = find(peer)?;
    let peer_median = Spread::of(&peer.values())?.median;
    let pairs = ours.rounds.iter().zip(&peer.rounds);
    let each = pairs
        .filter_map(|(ours, peer)| Some((*ours)? / (*peer)?))
        .collect();
    Some((our_median / peer_median, each))
}

#[cfg(test)]
mod tests {
    use super::{Bound, TARGETS, Verdict, outcome};
    use crate::catalog;
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

    #[test]
    fn ratios_are_of_medians_and_within_rounds() {
        let target = TARGETS.iter().find(|target| target.peer.is_some()).unwrap();
        let series = |runtime, rounds: &[Option<f64>]| Series {
            row: target.row,
            runtime,
            rounds: rounds.to_vec(),
        };
        let all = [
            series(target.ours, &[Some(1.0), Some(2.0), None]),
            series(target.peer.unwrap(), &[Some(4.0), Some(4.0), Some(4.0)]),
        ];
        assert_eq!(outcome(target, &all), Some((0.375, vec![0.25, 0.5])));
        assert_eq!(outcome(target, &all[..1]), None);
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

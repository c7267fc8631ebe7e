//! The log: a line for each poll, with what is repetitive folded together.

use std::fmt::{self, Write as _};
use std::ops::Range;
use std::time::Duration;

use anyloop::RunEnd;

use super::style::Style;
use crate::record::{Because, Poll, Recording, Who};

/// How many lines the log has at most, so that all is seen on a page or two.
const MAX_LINES: usize = 76;
/// How many of them come after the gap where the log is longer.
const LAST_LINES: usize = 24;

/// The widths of columns whose content may be longer.
const NAME: usize = 9;
const BECAUSE: usize = 24;
const THEN: usize = 36;

/// A line of the log; polls are named by their index.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Line {
    Poll(usize),
    /// One coroutine that yielded and was picked again, time after time.
    Yields(Range<usize>),
    /// Polls that are not shown.
    Gap(Range<usize>),
}

/// Writes the log; each single poll if `all` are asked for.
pub(super) fn write(
    out: &mut String,
    recording: &Recording,
    all: bool,
    style: Style,
) -> fmt::Result {
    let head = format!(
        "{:>9}  {:>4}  {:<NAME$}  {:<BECAUSE$}  {:>8}  {}",
        "time µs", "#", "picked", "because of", "ran µs", "and then waited for"
    );
    writeln!(out, "{}", style.bold(&head))?;
    for line in lines(&recording.polls, all) {
        match line {
            Line::Poll(index) => poll(out, recording, index, style)?,
            Line::Yields(range) => yields(out, recording, range, style)?,
            Line::Gap(range) => {
                let gap = format!("… {} more polls, which --all shows …", range.len());
                writeln!(out, "{:17}{}", "", style.dim(&gap))?;
            }
        }
    }
    writeln!(out)
}

fn lines(polls: &[Poll], all: bool) -> Vec<Line> {
    if all {
        return (0..polls.len()).map(Line::Poll).collect();
    }
    let mut lines = fold_yields(polls);
    if lines.len() > MAX_LINES {
        let last = lines.split_off(lines.len() - LAST_LINES);
        lines.truncate(MAX_LINES - LAST_LINES - 1);
        let gap = end(lines.last())..start(last.first());
        lines.push(Line::Gap(gap));
        lines.extend(last);
    }
    lines
}

/// Folds polls that only went from one yield to the next, with nobody else picked in between.
fn fold_yields(polls: &[Poll]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut next = 0;
    while next < polls.len() {
        let run = polls[next..].iter().take_while(|poll| {
            poll.who == polls[next].who
                && poll.because == Because::Yielded
                && poll.end == RunEnd::Yielded
        });
        let end = next + run.count();
        if end > next + 1 {
            lines.push(Line::Yields(next..end));
            next = end;
        } else {
            lines.push(Line::Poll(next));
            next += 1;
        }
    }
    lines
}

fn start(line: Option<&Line>) -> usize {
    match line {
        Some(Line::Poll(index)) => *index,
        Some(Line::Yields(range) | Line::Gap(range)) => range.start,
        None => 0,
    }
}

fn end(line: Option<&Line>) -> usize {
    match line {
        Some(Line::Poll(index)) => index + 1,
        Some(Line::Yields(range) | Line::Gap(range)) => range.end,
        None => 0,
    }
}

fn poll(out: &mut String, recording: &Recording, index: usize, style: Style) -> fmt::Result {
    let poll = &recording.polls[index];
    let because = reason(recording, poll.because);
    let then = waits_for(recording, poll);
    row(out, recording, index, style, (&because, poll.ran, &then))
}

fn yields(
    out: &mut String,
    recording: &Recording,
    range: Range<usize>,
    style: Style,
) -> fmt::Result {
    let polls = &recording.polls[range.clone()];
    let because = format!("it yielded, {} times", polls.len());
    let ran = polls.iter().map(|poll| poll.ran).sum();
    let then = match polls.iter().map(|poll| poll.others_ready).max() {
        None | Some(0) => "its turn; nobody else was ready".to_owned(),
        Some(most) => format!("its turn; up to {most} others waited"),
    };
    row(out, recording, range.start, style, (&because, ran, &then))
}

/// A line that begins with the poll of this index.
fn row(
    out: &mut String,
    recording: &Recording,
    index: usize,
    style: Style,
    (because, ran, then): (&str, Duration, &str),
) -> fmt::Result {
    let poll = &recording.polls[index];
    let name = fit(&recording.coroutines[poll.who].name, NAME);
    writeln!(
        out,
        "{}  {:>4}  {}  {}  {:>8}  {}",
        style.dim(&format!("{:>9}", micros(poll.picked_at))),
        index + 1,
        style.coroutine(poll.who, &name),
        fit(because, BECAUSE),
        micros(ran),
        fit(then, THEN).trim_end(),
    )
}

/// What made a coroutine ready, in a few words.
fn reason(recording: &Recording, because: Because) -> String {
    match because {
        Because::Spawned(who) => format!("spawned by {}", name(recording, who)),
        Because::Woken(who) => format!("woken by {}", name(recording, who)),
        Because::Yielded => "it yielded".to_owned(),
        _ => event(because),
    }
}

/// What a coroutine did after a poll, which is seen from what made it ready again.
fn waits_for(recording: &Recording, poll: &Poll) -> String {
    match (poll.end, poll.then) {
        (RunEnd::Finished, _) => "nothing: it finished".to_owned(),
        (RunEnd::Yielded, _) => "its turn: it yielded".to_owned(),
        (_, None) => "nothing that ever came".to_owned(),
        (_, Some(Because::Woken(who))) => format!("{} to wake it", name(recording, who)),
        (_, Some(then)) => event(then),
    }
}

fn event(because: Because) -> String {
    match because {
        Because::Timer => "timer".to_owned(),
        Because::Socket(fd, Some(brings)) => format!("socket {fd}: {brings}"),
        Because::Socket(fd, None) => format!("socket {fd}"),
        _ => "the loop".to_owned(),
    }
}

fn name(recording: &Recording, who: Who) -> &str {
    match who {
        Who::Main => "main",
        Who::Coroutine(index) => &recording.coroutines[index].name,
        Who::Outside => "another thread",
    }
}

fn micros(time: Duration) -> String {
    let nanos = time.as_nanos();
    format!("{}.{}", nanos / 1000, nanos % 1000 / 100)
}

/// The text, cut or filled up to a width.
fn fit(text: &str, width: usize) -> String {
    if text.chars().count() > width {
        let kept: String = text.chars().take(width - 1).collect();
        return kept + "…";
    }
    format!("{text:<width$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_poll(who: usize, because: Because, end: RunEnd) -> Poll {
        Poll {
            who,
            because,
            ready_at: Duration::ZERO,
            picked_at: Duration::ZERO,
            others_ready: 0,
            ran: Duration::ZERO,
            end,
            then: None,
        }
    }

    fn yielding(who: usize) -> Poll {
        a_poll(who, Because::Yielded, RunEnd::Yielded)
    }

    #[test]
    fn yields_in_a_row_are_one_line_and_all_else_has_its_own() {
        let polls = [
            a_poll(0, Because::Spawned(Who::Main), RunEnd::Yielded),
            yielding(0),
            yielding(0),
            yielding(0),
            yielding(1),
            yielding(0),
            yielding(0),
            a_poll(0, Because::Yielded, RunEnd::Finished),
            a_poll(1, Because::Timer, RunEnd::Waiting),
        ];
        let folded = [
            Line::Poll(0),
            Line::Yields(1..4),
            Line::Poll(4),
            Line::Yields(5..7),
            Line::Poll(7),
            Line::Poll(8),
        ];
        assert_eq!(lines(&polls, false), folded);
        let each: Vec<_> = (0..polls.len()).map(Line::Poll).collect();
        assert_eq!(lines(&polls, true), each);
    }

    #[test]
    fn a_long_log_has_a_gap_that_says_how_much_it_leaves_out() {
        let polls: Vec<_> = (0..200)
            .map(|_| a_poll(0, Because::Timer, RunEnd::Waiting))
            .collect();
        let lines = lines(&polls, false);
        assert_eq!(lines.len(), MAX_LINES);
        assert_eq!(lines.first(), Some(&Line::Poll(0)));
        assert_eq!(lines.last(), Some(&Line::Poll(199)));
        let before = MAX_LINES - LAST_LINES - 1;
        assert_eq!(lines[before], Line::Gap(before..200 - LAST_LINES));
        assert_eq!(lines[before + 1], Line::Poll(200 - LAST_LINES));
    }

    #[test]
    fn texts_are_cut_or_filled_by_characters() {
        assert_eq!(fit("µs", 4), "µs  ");
        assert_eq!(fit("socket", 6), "socket");
        assert_eq!(fit("sockets", 6), "socke…");
    }
}

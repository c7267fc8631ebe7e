//! The sums: of each coroutine, and of the whole run.

use std::fmt::{self, Write as _};
use std::ops::AddAssign;
use std::time::Duration;

use super::style::Style;
use crate::record::{Because, Poll, Recording};

/// What the polls of one coroutine, or of all, come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) polls: u64,
    pub(crate) running: Duration,
    /// Ready, and not picked yet.
    pub(crate) waiting: Duration,
    pub(crate) worst_wait: Duration,
    /// How often each thing made it ready.
    pub(crate) spawns: u64,
    pub(crate) sockets: u64,
    pub(crate) timers: u64,
    pub(crate) wakes: u64,
    pub(crate) yields: u64,
    pub(crate) rescues: u64,
}

impl AddAssign<&Poll> for Sums {
    fn add_assign(&mut self, poll: &Poll) {
        self.polls += 1;
        self.running += poll.ran;
        self.waiting += poll.waited();
        self.worst_wait = self.worst_wait.max(poll.waited());
        *match poll.because {
            Because::Spawned(_) => &mut self.spawns,
            Because::Socket(..) => &mut self.sockets,
            Because::Timer => &mut self.timers,
            Because::Woken(_) => &mut self.wakes,
            Because::Yielded => &mut self.yields,
            Because::Rescued => &mut self.rescues,
        } += 1;
    }
}

/// The sums of each coroutine, in the order of the recording, and of all together.
pub(crate) fn sums(recording: &Recording) -> (Vec<Sums>, Sums) {
    let mut each = vec![Sums::default(); recording.coroutines.len()];
    let mut total = Sums::default();
    for poll in &recording.polls {
        each[poll.who] += poll;
        total += poll;
    }
    (each, total)
}

pub(super) fn write(out: &mut String, recording: &Recording, style: Style) -> fmt::Result {
    let (each, total) = sums(recording);
    let heads = [
        format!("{:39}ready, not picked      became ready by", ""),
        format!(
            "{:<9}  {:>5}  {:>10}  {:>10}  {:>9}  {:>7}  {:>6}  {:>5}  {:>7}",
            "coroutine",
            "polls",
            "running µs",
            "in all µs",
            "worst µs",
            "sockets",
            "timers",
            "wakes",
            "yields"
        ),
    ];
    for head in heads {
        writeln!(out, "{}", style.bold(&head))?;
    }
    for (who, (coroutine, sums)) in recording.coroutines.iter().zip(&each).enumerate() {
        let name = format!("{:<9}", coroutine.name);
        row(out, &style.coroutine(who, &name), sums)?;
    }
    row(out, &format!("{:<9}", "all"), &total)?;
    writeln!(out)?;
    totals(out, recording, &total)
}

fn row(out: &mut String, name: &str, sums: &Sums) -> fmt::Result {
    writeln!(
        out,
        "{name}  {:>5}  {:>10}  {:>10}  {:>9}  {:>7}  {:>6}  {:>5}  {:>7}",
        sums.polls,
        sums.running.as_micros(),
        sums.waiting.as_micros(),
        sums.worst_wait.as_micros(),
        sums.sockets,
        sums.timers,
        sums.wakes,
        sums.yields,
    )
}

fn totals(out: &mut String, recording: &Recording, total: &Sums) -> fmt::Result {
    let end = recording.polls.last().map_or(Duration::ZERO, Poll::end_at);
    writeln!(
        out,
        "{} polls in {} turns of the loop and {} ms: running {} ms, nobody ready {} ms.",
        total.polls,
        recording.turns,
        millis(end),
        millis(total.running),
        millis(recording.idle),
    )?;
    write!(
        out,
        "They became ready by {} spawns, {} sockets, {} timers, {} wakes of one another or main, \
         {} yields",
        total.spawns, total.sockets, total.timers, total.wakes, total.yields,
    )?;
    match total.rescues {
        0 => writeln!(out, "."),
        rescues => writeln!(out, ", and {rescues} after the policy had dropped them."),
    }
}

fn millis(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}

//! Prints a recording: who takes part, poll by poll what happened, and the sums.

mod polls;
mod style;
mod summary;

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};

use crate::args::Options;
use crate::policies::Policy;
use crate::record::Recording;
use crate::{CLIENTS, Outcome, PRIMES_BELOW};
pub(crate) use style::Style;
#[cfg(test)]
pub(crate) use summary::{Sums, sums};

/// Prints all about one run, coloured where that is wanted.
pub(crate) fn show(recording: &Recording, outcome: Outcome, options: Options) -> io::Result<()> {
    print(&render(recording, outcome, options, Style::of_stdout()))
}

/// The whole print of one run.
pub(crate) fn render(
    recording: &Recording,
    outcome: Outcome,
    options: Options,
    style: Style,
) -> String {
    let mut out = String::new();
    write_all(&mut out, recording, outcome, options, style)
        .expect("a String takes whatever is written");
    out
}

/// Prints to the terminal or a pipe; a reader that has seen enough is no error.
pub(crate) fn print(text: &str) -> io::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

fn write_all(
    out: &mut String,
    recording: &Recording,
    outcome: Outcome,
    options: Options,
    style: Style,
) -> fmt::Result {
    intro(out, options.policy, style)?;
    polls::write(out, recording, options.all, style)?;
    summary::write(out, recording, style)?;
    closing(out, outcome, options, style)
}

fn intro(out: &mut String, policy: Policy, style: Style) -> fmt::Result {
    let policy = style.bold(&policy.to_string());
    writeln!(
        out,
        "One event loop, one thread, real sockets. The policy `{policy}` picked the next coroutine among\n\
         a key-value server (and a conn-N for each connection), {CLIENTS} clients that await its answers,\n\
         a ticker, and a cruncher that yields. Main, which block_on waits for, spawned them.\n",
    )
}

fn closing(out: &mut String, outcome: Outcome, options: Options, style: Style) -> fmt::Result {
    let Outcome {
        connections,
        ticks,
        primes,
    } = outcome;
    writeln!(
        out,
        "The program served {connections} connections, ticked {ticks} times, and found {primes} \
         primes below {PRIMES_BELOW}."
    )?;
    let other = match options.policy {
        Policy::Fifo | Policy::Strict => "lifo",
        Policy::Lifo => "random",
        Policy::Random(_) => "fifo",
    };
    let command = format!("cargo run --release --example tour -- --policy {other}");
    writeln!(out, "The same on another policy: {}", style.bold(&command))
}

//! The command line.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::policies::Policy;

/// What `--help` prints.
pub(crate) const USAGE: &str = "\
Shows what an event loop does: runs a small program on real sockets, and prints which coroutine
was picked when, why, and for how long.

Usage: cargo run --release --example tour -- [OPTIONS]

Options:
  --policy POLICY   who runs next among those that are ready:
                      fifo           whoever became ready first, and those that yielded
                                     after the others (the default)
                      strict         whoever became ready first, however it did
                      lifo           whoever became ready last
                      random[:SEED]  anybody; with a seed, the same lots each time
  --all             print every poll, also the repetitive ones
  --help            print this

Colours are used on a terminal only, and never if NO_COLOR is set.
";

/// What the command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Run(Options),
}

/// How to run the program, and what to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) policy: Policy,
    pub(crate) all: bool,
}

/// Reads the arguments that follow the program's name; an error says what to write instead.
pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut options = Options {
        policy: Policy::Fifo,
        all: false,
    };
    while let Some(arg) = args.next() {
        match arg.split_once('=').unwrap_or((&arg, "")) {
            ("--help" | "-h", "") => return Ok(Command::Help),
            ("--all", "") => options.all = true,
            ("--policy", "") => {
                let name = args.next().ok_or("`--policy` needs a name after it")?;
                options.policy = policy(&name)?;
            }
            ("--policy", name) => options.policy = policy(name)?,
            _ => return Err(format!("unknown argument `{arg}`")),
        }
    }
    Ok(Command::Run(options))
}

fn policy(name: &str) -> Result<Policy, String> {
    match name.split_once(':') {
        None if name == "fifo" => Ok(Policy::Fifo),
        None if name == "strict" => Ok(Policy::Strict),
        None if name == "lifo" => Ok(Policy::Lifo),
        None if name == "random" => Ok(Policy::Random(seed_from_clock())),
        Some(("random", seed)) => match seed.parse() {
            Ok(seed) => Ok(Policy::Random(seed)),
            Err(_) => Err(format!(
                "`{seed}` is no seed: give a whole number, as in `random:42`"
            )),
        },
        _ => Err(format!(
            "unknown policy `{name}`: choose `fifo`, `strict`, `lifo`, `random` or `random:SEED`"
        )),
    }
}

/// A seed of at most four digits, so that it is easily typed again.
fn seed_from_clock() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::from(since.subsec_micros() % 10_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Command, String> {
        parse(args.iter().map(|&arg| arg.to_owned()))
    }

    fn run(policy: Policy, all: bool) -> Result<Command, String> {
        Ok(Command::Run(Options { policy, all }))
    }

    #[test]
    fn options_are_read_in_either_form() {
        assert_eq!(parsed(&[]), run(Policy::Fifo, false));
        for policy in [
            Policy::Fifo,
            Policy::Strict,
            Policy::Lifo,
            Policy::Random(9),
        ] {
            assert_eq!(
                parsed(&["--policy", &policy.to_string()]),
                run(policy, false)
            );
        }
        assert_eq!(
            parsed(&["--all", "--policy=random:7"]),
            run(Policy::Random(7), true)
        );
        assert_eq!(parsed(&["--policy", "lifo", "--help"]), Ok(Command::Help));
        assert!(matches!(
            parsed(&["--policy", "random"]),
            Ok(Command::Run(Options {
                policy: Policy::Random(0..10_000),
                all: false
            }))
        ));
    }

    #[test]
    fn an_error_names_the_culprit() {
        for (args, culprit) in [
            (&["--polcy", "lifo"][..], "`--polcy`"),
            (&["fifo"], "`fifo`"),
            (&["--policy"], "needs a name"),
            (&["--policy="], "needs a name"),
            (&["--policy", "fif"], "`fif`"),
            (&["--policy", "lifo:3"], "`lifo:3`"),
            (&["--policy", "random:x"], "`x`"),
            (&["--all=yes"], "`--all=yes`"),
        ] {
            let error = parsed(args).unwrap_err();
            assert!(error.contains(culprit), "{args:?}: {error}");
        }
    }
}

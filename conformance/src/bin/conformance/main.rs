//! `conformance`: lists and explains the rules of the suite, makes reports of records, and
//! runs tests again and again.

mod args;
mod repeat;
mod report;
mod rules;

use std::io::{self, Write};
use std::process::ExitCode;

use args::Command;

fn main() -> ExitCode {
    let command = match args::parse(lexopt::Parser::from_env()) {
        Ok(command) => command,
        Err(error) => return refuse(&error),
    };
    let done = match command {
        Command::Help => Ok(args::USAGE.to_owned()),
        Command::List { filter, verbose } => Ok(rules::list(&filter, verbose)),
        Command::Explain(explained) => Ok(rules::explain(&explained)),
        Command::Report(asked) => match report::make(&asked) {
            Ok(made) if made.failed => return print(&made.text, ExitCode::FAILURE),
            made => made.map(|made| made.text),
        },
        Command::Repeat(asked) => match repeat::run(&asked) {
            Ok(true) => return ExitCode::SUCCESS,
            Ok(false) => return ExitCode::FAILURE,
            Err(error) => Err(error),
        },
    };
    match done {
        Ok(text) => print(&text, ExitCode::SUCCESS),
        Err(error) => refuse(&error),
    }
}

/// Writes to standard output; who stops reading, as `head` does, has read enough.
fn print(text: &str, code: ExitCode) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            refuse(&format!("cannot write to standard output: {error}"))
        }
        _ => code,
    }
}

fn refuse(error: &str) -> ExitCode {
    // Where nobody reads errors, the exit status remains.
    let _ = writeln!(io::stderr(), "conformance: {error}");
    ExitCode::from(2)
}

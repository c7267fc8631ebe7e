//! Side-by-side benchmarks of anyloop, its peers and a hand-written floor.
//!
//! The program is three things, told apart by its arguments:
//!
//! - the *parent*, which a person starts. It runs every (scenario, runtime) pair several times,
//!   taking the runtimes in turn, and prints medians, spread, ratios and verdicts ([`parent`]);
//! - a *child*, a fresh process which measures one pair once ([`child`]);
//! - a *server*, a second process which a TCP child starts and loads ([`scenarios::tcp`]).
//!
//! A new runtime is a file in `runtimes/` and a line in [`runtimes::ALL`]; a new scenario is a
//! function in `scenarios/` and a line in [`catalog::ALL`].

mod alloc;
mod catalog;
mod child;
mod cli;
mod parent;
mod report;
mod runtimes;
mod scenarios;
mod stats;
mod sys;
mod targets;

use std::process::ExitCode;

use cli::Command;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

fn main() -> ExitCode {
    let command = match cli::parse(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(message) => {
            eprintln!("anyloop-bench: {message}");
            return ExitCode::from(2);
        }
    };
    let outcome = match command {
        Command::Help => {
            print!("{}", cli::USAGE);
            Ok(())
        }
        Command::List => {
            print!("{}", cli::listing());
            Ok(())
        }
        Command::Measure(plan) => parent::run(&plan),
        Command::Child(job) => child::run(&job),
        Command::Serve(job) => scenarios::tcp::serve(&job),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("anyloop-bench: {message}");
            ExitCode::FAILURE
        }
    }
}

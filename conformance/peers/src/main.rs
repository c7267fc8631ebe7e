//! The conformance suite on other people's executors.
//!
//! `cargo run -p anyloop-conformance-peers` checks every rule on every executor, each in a process of
//! its own, and prints what was broken. `--only tokio` is about the executors with that in their
//! names, `--runs 3` checks each rule so often.
//!
//! `--results FILE` writes the page `conformance/RESULTS.md`: the rules by executors, and each failure
//! with the program under `repro/` that shows it. With `EXECUTOR_CONFORMANCE_REPORT=FILE` the records
//! are kept, and `--from FILE` takes those instead of checking anything.
//!
//! forte is not among them: it needs Rust 1.96.

mod bevy_tasks;
mod cancellable;
mod compio;
mod futures;
mod glommio;
mod inside;
mod monoio;
mod nio;
mod pollster;
mod results;
mod run;
mod smol;
mod tokio;

use executor_conformance::entries;
use executor_conformance::harness::Entry;

executor_conformance::allocator!();

/// Every executor's rules, in the order of the table's columns.
fn peers() -> Vec<Vec<Entry>> {
    use crate::tokio::{CurrentThread, InLocalSet, MultiThread, Tokio};
    vec![
        entries!(Tokio<CurrentThread>: spawn, remote, abort, timers, reset, intervals, tcp, udp,
            unix, blocking, shared, nested, shutdown_timeout),
        entries!(Tokio<MultiThread>: spawn, remote, abort, timers, reset, intervals, tcp, udp,
            unix, blocking, parallel, shared, nested, shutdown_timeout),
        entries!(InLocalSet: spawn, abort, local, timers, reset, intervals, tcp, udp, unix),
        entries!(smol::Smol: spawn, remote, abort, timers, reset, tcp, udp, unix, blocking, shared),
        entries!(smol::Threads: spawn, remote, abort, timers, reset, tcp, udp, unix, parallel,
            shared),
        entries!(smol::Local: spawn, abort, local, timers, reset, tcp, udp, unix),
        entries!(futures::Local: spawn, local),
        entries!(futures::Pool: spawn, remote, parallel, shared),
        entries!(monoio::Monoio: spawn, local, timers, reset),
        entries!(compio::Compio: spawn, abort, local, timers, blocking),
        entries!(glommio::Glommio: spawn, local, timers),
        entries!(pollster::Pollster),
        entries!(nio::Nio: spawn, remote, abort, local, timers, reset, blocking),
        entries!(bevy_tasks::Bevy: spawn, remote, abort, parallel, shared),
    ]
}

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    run::main(&peers(), &arguments)
}

//! A fixed number of polls, to be counted in instructions: `bench/instructions/run` runs it under
//! callgrind, with this loop and with one whose queue is hard-coded.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::process::ExitCode;
use std::rc::Rc;
use std::task::{Poll, Waker};

use executor_core::{Fifo, Runtime, spawn_local, task};

const TASKS: usize = 100;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [policy, kind, rounds] = args.as_slice() else {
        return usage();
    };
    let policy = match policy.as_str() {
        "fifo" => Fifo::new(),
        "strict" => Fifo::strict(),
        _ => return usage(),
    };
    let Ok(rounds) = rounds.parse() else {
        return usage();
    };
    let runtime = Runtime::without_io(policy);
    match kind.as_str() {
        "yield" => runtime.block_on(each_of_many(move || yields(rounds))),
        "wake" => runtime.block_on(each_of_many(move || waits_in_a_ring(rounds))),
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!(
        "usage: polls fifo|strict yield|wake ROUNDS   (each of {TASKS} tasks is polled so often)"
    );
    ExitCode::from(2)
}

async fn each_of_many<F: Future<Output = ()> + 'static>(make: impl Fn() -> F) {
    let tasks: Vec<_> = (0..TASKS).map(|_| spawn_local(make())).collect();
    for task in tasks {
        task.await.expect("the task does not panic");
    }
}

async fn yields(rounds: usize) {
    for _ in 0..rounds {
        task::yield_now().await;
    }
}

thread_local! {
    /// The task that waits for its neighbour.
    static WAITING: Rc<RefCell<Option<Waker>>> = Rc::default();
}

/// Wakes the task that waits, and waits in its place.
async fn waits_in_a_ring(rounds: usize) {
    let waiting = WAITING.with(Rc::clone);
    for round in 0..rounds {
        let mut waited = false;
        poll_fn(|cx| {
            if waited || round + 1 == rounds {
                return Poll::Ready(());
            }
            waited = true;
            if let Some(neighbour) = waiting.replace(Some(cx.waker().clone())) {
                neighbour.wake();
            }
            Poll::Pending
        })
        .await;
    }
    if let Some(neighbour) = waiting.take() {
        neighbour.wake();
    }
}

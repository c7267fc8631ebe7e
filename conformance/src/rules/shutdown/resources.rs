//! What shutdown gives back, and how deep it goes.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use super::shut_down;
use crate::Case;
use crate::adapter::{JoinHandle, Spawn};
use crate::devices::{Opener, descriptor_count, gate, thread_count, turns};
use crate::harness::{Settings, eventually};
use crate::rules::lifecycle::{Notifier, Progress};
use crate::rules::memory::Growth;

/// D8: threads, descriptors and memory stay flat over cycles of start and shutdown.
pub fn d08_must_give_back_what_cycles_take<E: Spawn>(case: &Case) {
    const WINDOW: usize = 10;
    if Settings::from_env().in_process {
        case.skip("other rules use threads, descriptors and memory in this process");
    }
    let threads = || thread_count().unwrap_or(0);
    let descriptors = || descriptor_count().unwrap_or(0);
    let mut threads = Growth::of(threads, WINDOW);
    let mut descriptors = Growth::of(descriptors, WINDOW);
    let mut bytes = Growth::of_memory(WINDOW);
    let mut least_threads = usize::MAX;
    for cycles in [WINDOW, WINDOW, 2 * WINDOW] {
        for _ in 0..cycles {
            cycle::<E>(case);
        }
        // A thread that was joined may be listed for a moment, and some may end after the drop.
        eventually(|| thread_count().unwrap_or(0) <= least_threads);
        least_threads = least_threads.min(thread_count().unwrap_or(0));
        threads.read();
        descriptors.read();
        bytes.iter_mut().for_each(Growth::read);
    }
    let with = "cycles of start and shutdown";
    threads.assert_less_than(0.5, "threads", with);
    descriptors.assert_less_than(0.5, "descriptors", with);
    match bytes {
        Some(bytes) => bytes.assert_less_than(16.0, "bytes in use", with),
        None => case.note("memory was not looked at: add `executor_conformance::allocator!();`"),
    }
}

/// Starts, runs and drops an executor, which leaves tasks in every state behind.
fn cycle<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let mut openers: Vec<Opener> = Vec::new();
    let mut tasks: Vec<JoinHandle<()>> = Vec::new();
    executor.block_on(async {
        turns::<E>(&handle, 5).await;
        for number in 0..20 {
            let (gate, opener) = gate();
            let task = E::spawn(&handle, gate);
            openers.push(opener);
            if number % 2 == 0 {
                tasks.push(task);
            }
            if number == 10 {
                // What comes after is not polled, on most executors.
                turns::<E>(&handle, 5).await;
            }
        }
        openers[3].open();
    });
    shut_down(case, executor);
}

/// How many tasks the chains of D11 have that are dropped.
const LONG: usize = 100_000;
/// How many the one has that is joined: for each there is a wake, which would have to nest.
const SHORT: usize = 20_000;

/// D11: a long chain of tasks, each of which owns the next one's handle, ends without overflowing
/// the stack.
pub fn d11_must_bear_deep_chains_of_handles<E: Spawn>(case: &Case) {
    const STACK: usize = 1 << 20;
    for (what, check) in [
        (
            "a chain that was never polled is dropped by shutdown",
            never_polled::<E> as fn(),
        ),
        (
            "the first handle of a chain that waits is dropped, then its executor",
            lets_go::<E>,
        ),
        ("a chain is joined", joined::<E>),
    ] {
        case.event(what);
        let thread = thread::Builder::new().stack_size(STACK).spawn(check);
        let thread = thread.unwrap_or_else(|error| case.skip(format_args!("no thread: {error}")));
        let ended = case.watch(&format!("it does not end: {what}"), || thread.join());
        ended.unwrap_or_else(|panic| resume_unwind(panic));
    }
}

fn never_polled<E: Spawn>() {
    let executor = E::new();
    let chain = Chain::new::<E>(&executor.handle(), &Progress::new(), LONG);
    drop(executor);
    drop(chain);
}

fn lets_go<E: Spawn>() {
    let progress = Progress::new();
    let mut executor = E::new();
    let handle = executor.handle();
    let chain = Chain::new::<E>(&handle, &progress, LONG);
    executor.block_on(async {
        chain.all_wait(&progress).await;
        drop(chain);
        turns::<E>(&handle, 5).await;
    });
}

fn joined<E: Spawn>() {
    let progress = Progress::new();
    let mut executor = E::new();
    let chain = Chain::new::<E>(&executor.handle(), &progress, SHORT);
    executor.block_on(async {
        chain.all_wait(&progress).await;
        chain.opener.open();
        chain.first.await.expect("the task has not been cancelled");
    });
}

/// Tasks of which each awaits the next.
struct Chain {
    first: JoinHandle<()>,
    opener: Opener,
    /// How many have not been polled.
    left: Arc<AtomicUsize>,
}

impl Chain {
    fn new<E: Spawn>(handle: &E::Handle, progress: &Progress, links: usize) -> Self {
        let (gate, opener) = gate();
        let left = Arc::new(AtomicUsize::new(links));
        let mut first = E::spawn(handle, gate);
        for _ in 0..links {
            let (left, notifier) = (Arc::clone(&left), progress.notifier());
            let next = first;
            first = E::spawn(handle, link(next, left, notifier));
        }
        Self {
            first,
            opener,
            left,
        }
    }

    /// Waits until every task but the last has been polled.
    async fn all_wait(&self, progress: &Progress) {
        let waiting = || self.left.load(SeqCst) == 0;
        progress
            .until("every task of a chain is polled", waiting)
            .await;
    }
}

async fn link(next: JoinHandle<()>, left: Arc<AtomicUsize>, notifier: Notifier) {
    if left.fetch_sub(1, SeqCst) == 1 {
        notifier.notify();
    }
    // That the next one was cancelled is as good an end.
    let _ = next.await;
}

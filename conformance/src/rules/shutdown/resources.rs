//! What shutdown gives back, and how deep it goes.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use crate::Case;
use crate::adapter::{JoinHandle, Spawn};
use crate::devices::{Opener, descriptor_count, gate, thread_count, turns};
use crate::harness::Settings;
use crate::rules::lifecycle::{Notifier, Progress, patience};
use crate::rules::memory::Growth;

/// D8: threads, descriptors and memory stay flat over cycles of start and shutdown.
pub fn d08_must_give_back_what_cycles_take<E: Spawn>(case: &Case) {
    const WINDOW: usize = 10;
    if Settings::from_env().in_process {
        case.skip("other rules use threads, descriptors and memory in this process");
    }
    // A thread that was joined may be listed for a moment; and threads may end after the drop.
    let patient = Progress::with_patience(Duration::from_secs(1));
    let threads = || thread_count().unwrap_or(0);
    let descriptors = || descriptor_count().unwrap_or(0);
    let mut threads = Growth::of(threads, WINDOW);
    let mut descriptors = Growth::of(descriptors, WINDOW);
    let mut bytes = Growth::of_memory(WINDOW);
    let mut least_threads = usize::MAX;
    for cycles in [WINDOW, WINDOW, 2 * WINDOW] {
        for _ in 0..cycles {
            cycle::<E>();
        }
        patient.block_until(|| thread_count().unwrap_or(0) <= least_threads);
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
fn cycle<E: Spawn>() {
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
    drop(executor);
}

/// How many tasks the chains of D11 have.
const LINKS: usize = 100_000;

/// D11: a chain of 100,000 tasks, each of which owns the next one's handle, ends without
/// overflowing the stack.
pub fn d11_must_bear_deep_chains_of_handles<E: Spawn>(case: &Case) {
    case.event("a chain that was never polled is dropped by shutdown");
    let executor = E::new();
    // Patient, since a wait is for a hundred thousand tasks.
    let progress = Progress::with_patience(4 * patience());
    let chain = Chain::new::<E>(&executor.handle(), &progress);
    drop(executor);
    drop(chain);

    case.event(
        "the first handle of a chain in which every task waits is dropped, and then the executor",
    );
    let mut executor = E::new();
    let handle = executor.handle();
    let chain = Chain::new::<E>(&handle, &progress);
    executor.block_on(async {
        chain.all_wait(&progress).await;
        drop(chain);
        turns::<E>(&handle, 5).await;
    });
    drop(executor);

    case.event("a chain is joined");
    let mut executor = E::new();
    let chain = Chain::new::<E>(&executor.handle(), &progress);
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
    waiting: Arc<AtomicUsize>,
}

impl Chain {
    fn new<E: Spawn>(handle: &E::Handle, progress: &Progress) -> Self {
        let (gate, opener) = gate();
        let waiting = Arc::new(AtomicUsize::new(0));
        let mut first = E::spawn(handle, gate);
        for _ in 0..LINKS {
            let (waiting, notifier) = (Arc::clone(&waiting), progress.notifier());
            let next = first;
            first = E::spawn(handle, link(next, waiting, notifier));
        }
        Self {
            first,
            opener,
            waiting,
        }
    }

    /// Waits until every task but the last has been polled.
    async fn all_wait(&self, progress: &Progress) {
        let waiting = || self.waiting.load(SeqCst) == LINKS;
        progress
            .until("every task of a chain is polled", waiting)
            .await;
    }
}

async fn link(next: JoinHandle<()>, waiting: Arc<AtomicUsize>, notifier: Notifier) {
    if waiting.fetch_add(1, SeqCst) + 1 == LINKS {
        notifier.notify();
    }
    // That the next one was cancelled is as good an end.
    let _ = next.await;
}

//! K3, K4, K7: fewer threads than closures, none at all, and too many.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::pool;
use crate::Case;
use crate::adapter::Blocking;
use crate::devices::{Stage, gate, thread_count};
use crate::harness::Settings;
use crate::rules::system::AddressSpace;

/// What closures have done.
#[derive(Default)]
struct Counts {
    running: AtomicUsize,
    most: AtomicUsize,
    ran: AtomicUsize,
}

impl Counts {
    fn count(&self, work: impl FnOnce()) {
        let running = self.running.fetch_add(1, SeqCst) + 1;
        self.most.fetch_max(running, SeqCst);
        work();
        self.running.fetch_sub(1, SeqCst);
        self.ran.fetch_add(1, SeqCst);
    }
}

/// K3: closures beyond the most threads wait, and each of them runs once.
pub fn k03_must_a_long_queue_drains<E: Blocking>(case: &Case) {
    const THREADS: usize = 2;
    const CLOSURES: usize = 500;
    let (mut executor, limited) = pool::<E>(THREADS);
    let handle = executor.get().handle();
    let stage = Stage::new(case);
    let counts = Arc::new(Counts::default());
    executor.get().block_on(stage.watch(async {
        let mut held = Vec::new();
        let mut handles = Vec::new();
        for number in 0..CLOSURES {
            // The first hold the threads until all are queued.
            let holds = number < THREADS;
            let (release, wait) = mpsc::channel::<()>();
            let (started, opener) = gate();
            if holds {
                held.push((started, release));
            }
            let counts = Arc::clone(&counts);
            handles.push(E::spawn_blocking(&handle, move || {
                counts.count(|| {
                    opener.open();
                    // What it is told is that there is nobody left to tell.
                    let _ = wait.recv();
                });
                number
            }));
        }
        stage.at("the closures that are to hold the threads");
        let mut released = Vec::new();
        for (started, release) in held {
            started.await;
            released.push(release);
        }
        drop(released);
        for (number, handle) in handles.into_iter().enumerate() {
            stage.at(format_args!(
                "closure {number} of {CLOSURES} that were queued"
            ));
            assert_eq!(handle.await.expect("it was not cancelled"), number);
        }
    }));
    assert_eq!(counts.ran.load(SeqCst), CLOSURES, "closures have run");
    let most = counts.most.load(SeqCst);
    assert!(
        !limited || most <= THREADS,
        "{most} closures ran at once on a pool of {THREADS} threads"
    );
}

/// K4: where no thread can be started, a closure runs later or its handle says no.
pub fn k04_must_a_failed_thread_orphans_nothing<E: Blocking>(case: &Case) {
    let (mut executor, _) = pool::<E>(4);
    let handle = executor.get().handle();
    let stage = Stage::new(case);
    let famine = Famine::prepare();
    executor.get().block_on(stage.watch(async {
        if !start_in_vain::<E>(&handle, &famine, &stage, "an empty pool", || {}).await {
            case.skip("this system starts threads whatever memory there is");
        }
        let (gate, opener) = gate();
        let (release, held) = mpsc::channel::<()>();
        let holding = E::spawn_blocking(&handle, move || {
            opener.open();
            // What it is told is that there is nobody left to tell.
            let _ = held.recv();
        });
        stage.at("a first closure, after a thread could not be started");
        gate.await;
        let free = || drop(release);
        if !start_in_vain::<E>(&handle, &famine, &stage, "a busy pool", free).await {
            case.note("a busy pool could not be tried: there was room for another thread");
        }
        holding.await.expect("it has not panicked");
    }));
}

/// Gives the pool a closure while no thread can be started, then calls `free`; `false` if threads
/// could be started all the same.
async fn start_in_vain<E: Blocking>(
    handle: &E::Handle,
    famine: &Famine,
    stage: &Stage<'_>,
    pool: &str,
    free: impl FnOnce(),
) -> bool {
    let ran = Arc::new(AtomicUsize::new(0));
    let closure = {
        let ran = Arc::clone(&ran);
        move || ran.fetch_add(1, SeqCst)
    };
    stage.at(format_args!(
        "a closure for {pool}, and no thread can be started"
    ));
    let started = famine.during(|| {
        // A panic is an answer, too.
        catch_unwind(AssertUnwindSafe(|| E::spawn_blocking(handle, closure)))
    });
    free();
    let Some(started) = started else {
        return false;
    };
    stage.at(format_args!(
        "a closure was given to {pool} when no thread could be started: it does not run, and its \
         handle is mute"
    ));
    if let Ok(started) = started {
        let outcome = started.await;
        let ran = ran.load(SeqCst);
        assert_eq!(
            ran,
            usize::from(outcome.is_ok()),
            "runs of a closure with {outcome:?}"
        );
    }
    stage.at(format_args!(
        "threads can be started again, and {pool} runs nothing"
    ));
    let after = E::spawn_blocking(handle, || 7).await;
    assert_eq!(after.expect("threads can be started again"), 7);
    true
}

/// A time in which no thread can be started, ended by a thread that was there before.
///
/// That thread also ends it when a call does not return for so long that it waits for the end.
struct Famine {
    begun: mpsc::Sender<AddressSpace>,
    returned: mpsc::Sender<()>,
    ended: mpsc::Receiver<bool>,
}

/// After this time a call that starts a closure counts as waiting.
const WAITS: Duration = Duration::from_secs(3);

impl Famine {
    fn prepare() -> Self {
        let (begun, begin) = mpsc::channel();
        let (returned, returns) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let (ready, is_ready) = mpsc::channel();
        thread::spawn(move || {
            // By now it has a heap, which it could not get when memory is withheld.
            let _ = ready.send(());
            for exhausted in begin {
                let waited = returns.recv_timeout(WAITS).is_err();
                drop(exhausted);
                if waited {
                    // It returns now that there are threads, or never.
                    let _ = returns.recv();
                }
                // An error says that the rule has failed.
                let _ = end.send(waited);
            }
        });
        is_ready.recv().expect("the thread waits for the famine");
        Self {
            begun,
            returned,
            ended,
        }
    }

    /// Calls `work` while no thread can be started; `None` if that cannot be brought about.
    ///
    /// # Panics
    ///
    /// If `work` goes on until threads can be started.
    fn during<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        let exhausted = AddressSpace::exhaust()?.expect("a limit can be lowered");
        if thread::Builder::new().spawn(|| {}).is_ok() {
            return None;
        }
        let there = "the thread is there as long as the sender";
        self.begun.send(exhausted).expect(there);
        let result = work();
        self.returned.send(()).expect(there);
        let waited = self.ended.recv().expect(there);
        assert!(
            !waited,
            "starting a closure goes on for as long as no thread can be started, and holds up \
             whoever called it"
        );
        Some(result)
    }
}

/// K7: executors that come and go do not leave the threads of their pools behind.
pub fn k07_must_threads_do_not_pile_up<E: Blocking>(case: &Case) {
    const EXECUTORS: usize = 15;
    if Settings::from_env().in_process || thread_count().is_none() {
        case.skip("the threads of this process cannot be told from those of other rules");
    }
    // The first make what all of them share.
    let before = threads_after::<E>(EXECUTORS, 0);
    let tolerated = before + EXECUTORS / 2;
    let after = threads_after::<E>(EXECUTORS, tolerated);
    assert!(
        after <= tolerated,
        "{EXECUTORS} executors came and went, and there are {after} threads instead of {before}"
    );
}

/// How many threads there are when executors have come and gone; it gives them a second to end, or
/// less if no more than `tolerated` are left.
fn threads_after<E: Blocking>(executors: usize, tolerated: usize) -> usize {
    for _ in 0..executors {
        let mut executor = E::new();
        let handle = executor.handle();
        executor.block_on(async {
            let closures: Vec<_> = (0..3).map(|_| E::spawn_blocking(&handle, || ())).collect();
            for closure in closures {
                closure.await.expect("it was not cancelled");
            }
        });
    }
    let patience = Instant::now() + Duration::from_secs(1);
    let threads = || thread_count().unwrap_or(0);
    while threads() > tolerated && Instant::now() < patience {
        thread::sleep(Duration::from_millis(5));
    }
    threads()
}

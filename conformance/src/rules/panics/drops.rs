//! Destructors that panic.

use std::cell::OnceCell;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::tasks::Peers;
use crate::Case;
use crate::JoinHandle;
use crate::adapter::{OnHandleDrop, Spawn};
use crate::devices::gate;
use crate::rules::join::support::{
    Bomb, Slot, Tally, block_on, contained, ended, in_time, persist, probe,
};

/// A future whose drop panics.
struct Mined<F> {
    future: Pin<Box<F>>,
    _bomb: Bomb,
}

impl<F: Future> Mined<F> {
    fn new(future: F, bursts: &Tally) -> Self {
        Self {
            future: Box::pin(future),
            _bomb: Bomb::new(bursts),
        }
    }
}

impl<F: Future> Future for Mined<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.future.as_mut().poll(cx)
    }
}

/// P5: a panic in a future's drop does not end the process.
pub fn p05_should_survive_a_panicking_future_drop<E: Spawn>(case: &Case) {
    const TASKS: usize = 16;
    case.event("futures end whose drop panics");
    let mut executor = E::new();
    let handle = executor.handle();
    let bursts = Tally::new();
    let begun = OnceCell::new();
    let spawned = Slot::<Vec<JoinHandle<()>>>::new();
    persist(&mut executor, || async {
        if begun.get().is_none() {
            let peers = Peers::spawn::<E>(&handle).await;
            assert!(begun.set(peers).is_ok());
            let mut tasks = Vec::new();
            for number in 0..TASKS {
                let (gate, opener) = gate();
                let waits = async move {
                    if number % 2 == 0 {
                        gate.await;
                    }
                };
                tasks.push(E::spawn(&handle, Mined::new(waits, &bursts)));
                opener.open();
            }
            spawned.put(tasks);
        }
        let what =
            "the drop of a future panicked, and tasks that were ready do not run to their end";
        bursts.reach(TASKS, what).await;
        for task in spawned.take().unwrap_or_default() {
            let what = "the drop of a future panicked, and the handle of its task never resolves";
            let _ = in_time(what, task).await;
        }
        let peers = begun.get().expect("it was set above");
        peers
            .go_on::<E>(&handle, "the drops of futures panicked")
            .await;
    });
    assert_eq!(bursts.count(), TASKS, "drops of futures");
}

/// P6: a panic in an output's drop is contained.
pub fn p06_should_contain_a_panicking_output_drop<E: Spawn>(case: &Case) {
    const TASKS: usize = 8;
    case.event("outputs that nobody took are dropped, which panics");
    let mut executor = E::new();
    let handle = executor.handle();
    let (late, last) = (Tally::new(), Tally::new());
    let root = async {
        let peers = Peers::spawn::<E>(&handle).await;
        for _ in 0..TASKS {
            drop_contained(ended::<E, _>(&handle, Bomb::new(&late)).await);
        }
        late.reach(TASKS, "outputs that nobody took are not dropped")
            .await;
        if E::ON_HANDLE_DROP == OnHandleDrop::Detaches {
            detach_outputs::<E>(&handle).await;
        }
        drop_payloads::<E>(&handle).await;
        peers
            .go_on::<E>(&handle, "the drops of outputs panicked")
            .await;
        [ended::<E, _>(&handle, Bomb::new(&last)).await]
    };
    let tasks = contained(&mut executor, "the panic of an output's drop", root);
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(executor)));
    assert!(
        dropped.is_ok(),
        "the panic of an output's drop came out of the executor's drop"
    );
    tasks.into_iter().for_each(drop_contained);
    block_on(last.reach(1, "an output that nobody took is not dropped"));
}

/// Lets tasks end whose handles were dropped, and whose outputs' drops panic.
async fn detach_outputs<E: Spawn>(handle: &E::Handle) {
    const TASKS: usize = 8;
    let outputs = Tally::new();
    for _ in 0..TASKS {
        let (gate, opener) = gate();
        let output = Bomb::new(&outputs);
        let (probe, seen) = probe(async move {
            gate.await;
            output
        });
        let task = E::spawn(handle, probe);
        seen.polled().await;
        drop(task);
        opener.open();
    }
    let what = "outputs of detached tasks are not all dropped, when such a drop panics";
    outputs.reach(TASKS, what).await;
}

/// Drops the handles of tasks that panicked with a payload whose drop panics.
async fn drop_payloads<E: Spawn>(handle: &E::Handle) {
    let payloads = Tally::new();
    let (gate, opener) = gate();
    let payload = Bomb::new(&payloads);
    let (probe, seen) = probe(async move {
        gate.await;
        resume_unwind(Box::new(payload));
    });
    let task = E::spawn(handle, probe);
    seen.polled().await;
    opener.open();
    seen.dropped("a task panicked, and its future is not dropped")
        .await;
    drop_contained(task);
    let what = "a task panicked, nobody took the payload, and it is never dropped";
    payloads.reach(1, what).await;
}

fn drop_contained<T: 'static>(task: JoinHandle<T>) {
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(task)));
    assert!(
        dropped.is_ok(),
        "the panic of an output's drop came out of the drop of the handle"
    );
}

/// P11: one drop that panics does not skip the others.
pub fn p11_must_drop_all_despite_a_panicking_drop<E: Spawn>(case: &Case) {
    const TASKS: usize = 32;
    for position in [0, TASKS / 2, TASKS - 1] {
        case.event(format_args!(
            "the executor is dropped, and the drop of future {position} of {TASKS} panics"
        ));
        let mut executor = E::new();
        let handle = executor.handle();
        let bursts = Tally::new();
        let (tasks, watched) = executor.block_on(async {
            let mut tasks = Vec::new();
            let mut watched = Vec::new();
            for number in 0..TASKS {
                let (probe, seen) = probe(pending::<()>());
                if number == position {
                    tasks.push(E::spawn(&handle, Mined::new(probe, &bursts)));
                } else {
                    tasks.push(E::spawn(&handle, probe));
                }
                watched.push(seen);
            }
            // The last ones may be new still.
            for seen in &watched[..TASKS - 4] {
                seen.polled().await;
            }
            (tasks, watched)
        });
        let _ = catch_unwind(AssertUnwindSafe(|| drop(executor)));
        let what = format!(
            "the executor was dropped, the drop of future {position} of {TASKS} panicked, and \
             another future is not dropped"
        );
        block_on(async {
            bursts.reach(1, &what).await;
            for seen in watched {
                seen.dropped(&what).await;
            }
        });
        drop(tasks);
        assert_eq!(bursts.count(), 1, "drops of the future that panics");
    }
}

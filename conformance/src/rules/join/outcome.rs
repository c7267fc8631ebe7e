//! What a handle gives, when, and to whom.

use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use super::support::{
    Outcome, Tally, block_on, contained, ended, in_time, poll_with, probe, raise, spin,
};
use crate::adapter::{Abort, Spawn};
use crate::devices::{gate, join_all, poll_once, yield_once};
use crate::{Case, JoinError, JoinHandle};

/// J1: the outcomes of a task are told apart.
pub fn j01_must_outcomes_are_told_apart<E: Spawn>(_: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let root = async {
        let unresolved = "the handle of a task that ended never resolves";
        let finished = in_time(unresolved, E::spawn(&handle, async { 7 })).await;
        assert!(
            matches!(finished, Ok(7)),
            "a task that finished with 7 gave {finished:?}"
        );
        let panicked = in_time(unresolved, E::spawn(&handle, async { raise() })).await;
        let panicked: Outcome<()> = panicked;
        assert!(
            matches!(panicked, Err(JoinError::Panicked(_))),
            "a task that panicked gave {panicked:?}"
        );
        [E::spawn(&handle, pending::<()>())]
    };
    let [mut cancelled] = contained(&mut executor, "the panic of a task", root);
    drop(executor);
    // That a handle resolves when the executor has gone is another rule.
    if let Poll::Ready(cancelled) = poll_once(&mut cancelled) {
        assert!(
            matches!(cancelled, Err(JoinError::Cancelled)),
            "a task that the executor's shutdown cancelled gave {cancelled:?}"
        );
    }
}

/// J2: of several wakers with which a handle was polled, the latest is woken.
pub fn j02_must_wake_the_latest_join_waker<E: Spawn>(_: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        // By number, the wakers with which the handle is polled, one after the other.
        for polls in [&[0, 1][..], &[0, 1, 0], &[0, 0, 1, 1], &[0, 1, 2, 1, 2]] {
            let (gate, opener) = gate();
            let mut task = E::spawn(&handle, gate);
            let tallies = [Tally::new(), Tally::new(), Tally::new()];
            let wakers = tallies.each_ref().map(Tally::waker);
            for &number in polls {
                let polled = poll_with(&mut task, &wakers[number]);
                assert!(polled.is_pending(), "a task that waits gave {polled:?}");
            }
            opener.open();
            let latest = polls[polls.len() - 1];
            let what = format!(
                "a handle was polled with the wakers {polls:?}; when its task ended, waker {latest} \
                 was not woken"
            );
            tallies[latest].reach(1, what).await;
            let outcome = in_time("the handle of a task that ended never resolves", task).await;
            assert!(outcome.is_ok(), "{outcome:?}");
        }
    });
}

/// J3: a handle can be awaited by a foreign executor.
pub fn j03_must_join_by_a_foreign_executor<E: Spawn>(_: &Case) {
    const TASKS: usize = 8;
    let mut executor = E::new();
    let handle = executor.handle();
    let (ended, mut waiting, opener) = executor.block_on(async {
        // Each of these is polled with a waker of the suite's own.
        let mut openers = Vec::new();
        let tasks = (0..TASKS).map(|number| {
            let (gate, opener) = gate();
            openers.push(opener);
            E::spawn(&handle, async move {
                gate.await;
                number
            })
        });
        let joining = join_all(tasks.collect::<Vec<_>>());
        let opening = E::spawn(&handle, async move {
            openers.iter().rev().for_each(|opener| _ = opener.open());
        });
        let outcomes = in_time("handles polled with foreign wakers never resolve", joining).await;
        for (number, outcome) in outcomes.into_iter().enumerate() {
            assert_eq!(outcome.expect("the task finished"), number);
        }
        opening.await.expect("the task finished");
        let ended = ended::<E, _>(&handle, 7).await;
        let (gate, opener) = gate();
        (ended, E::spawn(&handle, gate), opener)
    });
    let unresolved = "a handle never resolves that is awaited outside `block_on`";
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let tally = Tally::new();
        let _ = poll_with(&mut waiting, &tally.waker());
        block_on(in_time(unresolved, ended))
    }));
    let ended = polled.expect("polling a handle outside `block_on` panics");
    assert_eq!(ended.expect("the task finished"), 7);
    opener.open();
    // The executor may have dropped the task between the two calls.
    let _ = executor.block_on(in_time(unresolved, waiting));
}

/// J16: where `is_finished` says so, the handle is ready, also when the task was cancelled.
pub fn j16_must_finished_means_ready<E: Abort>(case: &Case) {
    check_finished::<E>(case);
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        for number in 0..20 {
            let (probe, seen) = probe(pending::<()>());
            let mut task = E::spawn(&handle, probe);
            if number % 2 == 0 {
                seen.polled().await;
            }
            task.abort();
            watch_finish(task, 10).await;
            yield_once().await;
        }
    });
}

/// J21: where `is_finished` says so, the handle is ready, on executors that cannot cancel too.
pub fn j21_must_finished_means_ready_without_cancelling<E: Spawn>(case: &Case) {
    check_finished::<E>(case);
}

/// Polls handles when their tasks end, and when the executor has gone.
fn check_finished<E: Spawn>(case: &Case) {
    const TASKS: usize = 300;
    let mut executor = E::new();
    let handle = executor.handle();
    let mut rng = case.rng(0);
    let (mut unjoined, mut waiting) = executor.block_on(async {
        for number in 0..TASKS {
            let task = E::spawn(&handle, async move { number });
            if task.is_finished().is_none() {
                case.skip("the adapter's handle has no `is_finished`");
            }
            watch_finish(task, rng.u32(..2_000)).await;
            // Executors may bound what one poll of the root gets done.
            yield_once().await;
        }
        let unjoined = ended::<E, _>(&handle, ()).await;
        let (probe, seen) = probe(pending::<()>());
        let waiting = E::spawn(&handle, probe);
        seen.polled().await;
        assert!(
            waiting.is_finished() != Some(true),
            "`is_finished` says yes of a task that waits"
        );
        (unjoined, waiting)
    });
    drop(executor);
    if waiting.is_finished() == Some(true) {
        assert!(
            poll_once(&mut waiting).is_ready(),
            "after shutdown, `is_finished` says yes of a handle that is not ready"
        );
    }
    let (said, polled) = (unjoined.is_finished(), poll_once(&mut unjoined));
    assert!(
        said == Some(true) || polled.is_pending(),
        "`is_finished` says no of a task that has ended, and whose handle is ready"
    );
}

/// Polls a handle as soon as it says that its task has finished.
async fn watch_finish<T: 'static>(mut task: JoinHandle<T>, spins: u32) {
    // On an executor with threads of its own the task ends meanwhile.
    for _ in 0..spins {
        if task.is_finished() == Some(true) {
            break;
        }
        spin(1);
    }
    let outcome = poll_fn(|cx| {
        let said = task.is_finished();
        let polled = poll_with(&mut task, cx.waker());
        assert!(
            said != Some(true) || polled.is_ready(),
            "`is_finished` says yes of a handle that is not ready"
        );
        polled
    });
    let _ = in_time("the handle of a task that ended never resolves", outcome).await;
}

/// J17: a handle that outlives the executor resolves.
pub fn j17_must_resolve_after_shutdown<E: Spawn>(_: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let woken = Tally::new();
    let (finished, unfinished) = executor.block_on(async {
        let finished = ended::<E, _>(&handle, 7).await;
        let (waiting, seen) = probe(pending::<()>());
        let waiting = E::spawn(&handle, waiting);
        seen.polled().await;
        let (awaited, seen) = probe(pending::<()>());
        let mut awaited = E::spawn(&handle, awaited);
        seen.polled().await;
        let polled = poll_with(&mut awaited, &woken.waker());
        assert!(polled.is_pending(), "a task that waits gave {polled:?}");
        let new = E::spawn(&handle, pending::<()>());
        (finished, [waiting, awaited, new])
    });
    drop(executor);
    let unresolved = "the executor was dropped, and a handle of one of its tasks never resolves";
    block_on(async {
        let finished = in_time(unresolved, finished).await;
        assert!(
            matches!(finished, Ok(7)),
            "a task finished with 7, then the executor was dropped; the handle gave {finished:?}"
        );
        let what = "the executor was dropped, and who awaited one of its tasks was not woken";
        woken.reach(1, what).await;
        for task in unfinished {
            let outcome = in_time(unresolved, task).await;
            assert!(outcome.is_err(), "a task that never ends gave {outcome:?}");
        }
    });
}

//! Cancelling by the handle.

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use super::support::{
    Answer, Aside, Outcome, Seen, Slot, Tally, Token, block_on, ended, in_time, poll_with, probe,
};
use crate::adapter::{Abort, Remote};
use crate::devices::{gate, poll_once, turns, yield_once};
use crate::{Case, JoinError, JoinHandle};

pub(super) const UNRESOLVED: &str = "the handle of a cancelled task never resolves";

pub(super) fn assert_cancelled<T>(outcome: Outcome<T>, what: &str) {
    match outcome {
        Err(JoinError::Cancelled) => {}
        Ok(_) => panic!("{what}: the handle gave an output"),
        Err(other) => panic!("{what}: the handle gave {other:?}"),
    }
}

/// J6: cancelling drops a waiting future although nobody wakes its task.
pub fn j06_must_cancel_without_a_wake<E: Abort>(_: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        let mut tasks = Vec::new();
        for number in 0..30 {
            let (gate, opener) = gate();
            let earlier = number % 5;
            let (probe, seen) = probe(async move {
                for _ in 0..earlier {
                    yield_once().await;
                }
                match number % 2 {
                    0 => gate.await,
                    // No waker of this one is left anywhere.
                    _ => pending().await,
                }
            });
            tasks.push((E::spawn(&handle, probe), seen, opener, earlier));
        }
        for (_, seen, _, earlier) in &tasks {
            let what = "a task that wakes itself is not polled again";
            seen.until(what, || seen.polls() > *earlier).await;
        }
        for (mut task, seen, _opener, _) in tasks {
            task.abort();
            let outcome = in_time(UNRESOLVED, task).await;
            assert_eq!(
                seen.drops(),
                1,
                "the handle of a cancelled task resolved, and its future had not been dropped"
            );
            assert_cancelled(outcome, "a waiting task was cancelled");
        }
    });
}

/// J9: cancelling a task that has ended does no harm to its output.
pub fn j09_must_drop_one_output_after_a_late_cancel<E: Abort>(_: &Case) {
    const TASKS: usize = 30;
    let mut executor = E::new();
    let handle = executor.handle();
    let outputs: Vec<Tally> = (0..TASKS).map(|_| Tally::new()).collect();
    executor.block_on(async {
        for (number, outputs) in outputs.iter().enumerate() {
            let mut task: JoinHandle<Token> = ended::<E, _>(&handle, outputs.token()).await;
            task.abort();
            if number % 2 == 0 {
                drop(task);
            } else {
                let outcome = in_time(UNRESOLVED, task).await;
                if let Err(error) = outcome {
                    panic!("a task finished and was cancelled then; its handle gave {error:?}");
                }
                assert_eq!(
                    outputs.count(),
                    0,
                    "drops of an output that the handle gave"
                );
            }
            let what = "a task was cancelled after its end, and its output was never dropped";
            outputs.reach(1, what).await;
        }
        turns::<E>(&handle, 3).await;
    });
    drop(executor);
    for outputs in outputs {
        assert_eq!(outputs.count(), 1, "drops of an output");
    }
}

/// J10: a future that is cancelled while it is polled is dropped when the poll has returned.
pub fn j10_must_drop_after_the_poll<E: Abort + Remote>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let aside = Aside::new();
    executor.block_on(async {
        for finishes in [false, true] {
            let outputs = Tally::new();
            let (gate, opener) = gate();
            let (task, asked) = (Slot::new(), Slot::new());
            let polled = poll_cancelled(&aside, &task, &asked, outputs.token(), finishes);
            let (probe, seen) = probe(async move {
                gate.await;
                polled.await
            });
            task.put(E::spawn(&handle, probe));
            opener.open();
            let what = "a task was cancelled while it was polled, and its future is not dropped";
            seen.dropped(what).await;
            let answer: Asked = asked.take().expect("the task was polled");
            let (rest, came) = answer;
            if !came {
                case.note("`abort` waits while the task is being polled");
            }
            let outcome = match rest.get("`abort` does not come back").await {
                (_, Some(_)) if came => {
                    panic!("the handle of a cancelled task resolved while the future was polled")
                }
                (_, Some(outcome)) => outcome,
                (task, None) => in_time(UNRESOLVED, task).await,
            };
            judge_cancelled_poll(outcome, &seen, finishes, &outputs).await;
        }
    });
}

/// What another thread was asked, and whether it answered while the poll waited for it.
type Asked = (Answer<(JoinHandle<Token>, Option<Outcome<Token>>)>, bool);

/// A future that has itself cancelled by another thread in its first poll, and waits for that.
fn poll_cancelled(
    aside: &Aside,
    task: &Slot<JoinHandle<Token>>,
    asked: &Slot<Asked>,
    output: Token,
    finishes: bool,
) -> impl Future<Output = Token> + Send + use<> {
    let (aside, task, asked) = (aside.clone(), task.clone(), asked.clone());
    let mut output = Some(output);
    poll_fn(move |_| {
        let Some(mut task) = task.take() else {
            return Poll::Pending;
        };
        let answer = aside.ask(move || {
            task.abort();
            match poll_once(&mut task) {
                Poll::Ready(outcome) => (task, Some(outcome)),
                Poll::Pending => (task, None),
            }
        });
        let came = block_on(answer.came());
        asked.put((answer, came));
        match finishes {
            true => Poll::Ready(output.take().expect("polled once")),
            false => Poll::Pending,
        }
    })
}

async fn judge_cancelled_poll(
    outcome: Outcome<Token>,
    seen: &Seen,
    finishes: bool,
    outputs: &Tally,
) {
    assert!(
        !seen.was_dropped_in_poll(),
        "a future was cancelled, and dropped while it was being polled"
    );
    match outcome {
        Ok(output) if finishes => drop(output),
        outcome => assert_cancelled(outcome, "a task was cancelled while it was polled"),
    }
    let what = "a task was cancelled while it was polled, and what it owned was never dropped";
    outputs.reach(1, what).await;
    assert_eq!(outputs.count(), 1, "drops of an output");
}

/// J11: a task may cancel itself.
pub fn j11_must_allow_to_cancel_oneself<E: Abort>(_: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        for (keeps, finishes) in [(true, false), (false, false), (true, true), (false, true)] {
            let (gate, opener) = gate();
            let (own, back) = (Slot::<JoinHandle<()>>::new(), Slot::new());
            let (taken, given) = (own.clone(), back.clone());
            let (probe, seen) = probe(async move {
                gate.await;
                let mut task = taken.take().expect("the handle was there before the gate");
                task.abort();
                if keeps {
                    given.put(task);
                } else {
                    drop(task);
                }
                if !finishes {
                    pending().await
                }
            });
            own.put(E::spawn(&handle, probe));
            opener.open();
            if keeps {
                let what = "a task that was woken does not run";
                match in_time(UNRESOLVED, back.handed(what).await).await {
                    Ok(()) if finishes => {}
                    outcome => assert_cancelled(outcome, "a task cancelled itself"),
                }
            }
            let what = "a task cancelled itself, and its future is not dropped";
            seen.dropped(what).await;
            assert!(
                !seen.was_dropped_in_poll(),
                "a task cancelled itself, and its future was dropped while it was being polled"
            );
        }
    });
}

/// J12: a task that is cancelled, and whose handle is then dropped, is cancelled still.
pub fn j12_must_cancel_though_the_handle_is_dropped<E: Abort>(_: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        for when in ["new", "waiting", "awaited", "always ready to run"] {
            let (gate, opener) = gate();
            let (probe, seen) = probe(async move {
                if when == "always ready to run" {
                    poll_fn(|cx| {
                        cx.waker().wake_by_ref();
                        Poll::<()>::Pending
                    })
                    .await;
                }
                gate.await;
            });
            let mut task = E::spawn(&handle, probe);
            if matches!(when, "waiting" | "awaited") {
                seen.polled().await;
            }
            if when == "awaited" {
                let polled = poll_with(&mut task, &Tally::new().waker());
                assert!(polled.is_pending(), "the handle of a waiting task is ready");
            }
            task.abort();
            drop(task);
            let what = format!(
                "a task that was {when} was cancelled and its handle dropped, and its future is \
                 not dropped"
            );
            seen.dropped(what).await;
            opener.open();
            turns::<E>(&handle, 3).await;
            assert!(!seen.has_finished(), "a cancelled task finished");
        }
    });
}

/// J13: a task may be cancelled outside `block_on`, and when the executor has gone.
pub fn j13_must_cancel_outside_a_runtime<E: Abort>(_: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let (task, seen) = probe(pending::<()>());
    let mut new = E::spawn(&handle, task);
    abort_outside(&mut new, "before `block_on`");
    executor.block_on(async {
        assert_cancelled(
            in_time(UNRESOLVED, new).await,
            "cancelled before `block_on`",
        );
        assert_eq!(seen.drops(), 1, "drops of a future that was cancelled");
    });
    let (mut waiting, seen, mut last) = executor.block_on(async {
        let (probe, seen) = probe(pending::<()>());
        let waiting = E::spawn(&handle, probe);
        seen.polled().await;
        (waiting, seen, E::spawn(&handle, pending::<()>()))
    });
    abort_outside(&mut waiting, "after `block_on`");
    executor.block_on(async {
        assert_cancelled(
            in_time(UNRESOLVED, waiting).await,
            "cancelled after `block_on`",
        );
        assert_eq!(seen.drops(), 1, "drops of a future that was cancelled");
    });
    drop(executor);
    abort_outside(&mut last, "when the executor had been dropped");
    let outcome = block_on(in_time(UNRESOLVED, last));
    assert_cancelled(outcome, "cancelled when the executor had been dropped");
}

fn abort_outside<T: 'static>(task: &mut JoinHandle<T>, when: &str) {
    let aborted = catch_unwind(AssertUnwindSafe(|| task.abort()));
    assert!(aborted.is_ok(), "`abort` panics when it is called {when}");
}

//! Handles that are dropped, and what a task keeps of them.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::task::Waker;
use std::thread;

use super::support::{Seen, Slot, Tally, block_on, in_time, poll_with, probe};
use crate::adapter::{OnHandleDrop, Spawn};
use crate::devices::{Gate, Opener, allocated, gate, turns, yield_once};
use crate::{Case, JoinHandle};

/// J4: dropping a handle does to its task what the executor declares.
pub fn j04_must_drop_handles_as_declared<E: Spawn>(_: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        for when in ["at once", "when it waited", "when its handle was polled"] {
            let (gate, opener) = gate();
            let (probe, seen) = probe(gate);
            let mut task = E::spawn(&handle, probe);
            if when != "at once" {
                seen.polled().await;
            }
            if when == "when its handle was polled" {
                let polled = poll_with(&mut task, Waker::noop());
                assert!(polled.is_pending(), "a task that waits gave {polled:?}");
            }
            drop(task);
            match E::ON_HANDLE_DROP {
                OnHandleDrop::Detaches => {
                    turns::<E>(&handle, 3).await;
                    opener.open();
                    let what = format!("a task's handle was dropped {when}, and it never ends");
                    seen.dropped(what).await;
                    assert!(
                        seen.has_finished(),
                        "a task's handle was dropped {when}, which cancelled it; `Detaches` is \
                         declared"
                    );
                }
                OnHandleDrop::Cancels => {
                    let what = format!(
                        "a task's handle was dropped {when}, and its future was not dropped; \
                         `Cancels` is declared"
                    );
                    seen.dropped(what).await;
                    assert!(!seen.has_finished());
                }
            }
        }
    });
}

/// J5: a task whose handle was dropped runs to its end.
pub fn j05_must_finish_detached_tasks<E: Spawn>(case: &Case) {
    const TASKS: usize = 100;
    if E::ON_HANDLE_DROP == OnHandleDrop::Cancels {
        case.skip("dropping a handle cancels its task, and the adapter has no other way to detach");
    }
    let mut executor = E::new();
    let handle = executor.handle();
    let outputs = Tally::new();
    executor.block_on(async {
        let mut openers = Vec::new();
        let mut watched = Vec::new();
        for number in 0..TASKS {
            let (gate, opener) = gate();
            let output = outputs.token();
            let (probe, seen) = probe(async move {
                yield_once().await;
                gate.await;
                yield_once().await;
                output
            });
            let mut task = E::spawn(&handle, probe);
            if number % 2 == 0 {
                let polled = poll_with(&mut task, Waker::noop());
                assert!(polled.is_pending(), "the handle of a waiting task is ready");
            }
            openers.push(opener);
            watched.push(seen);
        }
        turns::<E>(&handle, 3).await;
        let opening = thread::spawn(move || openers.iter().filter(|opener| opener.open()).count());
        for seen in watched {
            seen.dropped("a detached task never ends").await;
            assert!(seen.has_finished(), "a detached task was cancelled");
        }
        opening.join().expect("`wake` does not panic");
        let what = "the output of a detached task is never dropped";
        outputs.reach(TASKS, what).await;
    });
    drop(executor);
    assert_eq!(outputs.count(), TASKS, "outputs that were dropped");
}

/// J14: the join waker goes when a pending handle is dropped, and when task and handle have ended.
pub fn j14_must_release_the_join_waker<E: Spawn>(_: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        let (task, joined, _kept) = awaited::<E>(&handle).await;
        drop(task);
        let what = "a pending handle was dropped, and the task keeps the waker of who awaited it";
        joined.reach(1, what).await;

        let (task, joined, kept) = awaited::<E>(&handle).await;
        kept.end().await;
        let outcome = in_time("the handle of a task that ended never resolves", task).await;
        assert!(outcome.is_ok(), "{outcome:?}");
        let what = "a task was joined, and keeps the waker of who awaited it while others have \
            wakers of the task";
        joined.reach(1, what).await;

        let (task, joined, kept) = awaited::<E>(&handle).await;
        kept.end().await;
        drop(task);
        let what = "a task ended and its handle was dropped, and the task keeps the waker of who \
            awaited it while others have wakers of the task";
        joined.reach(1, what).await;
    });
}

/// J20: the join waker goes when the task has ended, whether or not the handle is still there.
pub fn j20_should_release_the_join_waker_at_completion<E: Spawn>(_: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        let (task, joined, kept) = awaited::<E>(&handle).await;
        kept.end().await;
        let what = "a task ended, and keeps the waker of who awaited it while its handle is there";
        joined.reach(1, what).await;
        drop(task);
    });
}

/// J22: a handle that is polled with another waker lets the former one go.
pub fn j22_should_drop_the_former_join_waker<E: Spawn>(_: &Case) {
    const WAKERS: usize = 100;
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        let (gate, opener) = gate();
        let mut task = E::spawn(&handle, gate);
        let released = Tally::new();
        for _ in 0..WAKERS {
            let polled = poll_with(&mut task, &released.release_waker());
            assert!(polled.is_pending(), "the handle of a waiting task is ready");
        }
        let what = "a handle was polled with a hundred wakers, and keeps more than the latest";
        released.reach(WAKERS - 1, what).await;
        opener.open();
    });
}

/// What keeps a task's memory in use: a waker of it.
struct Kept {
    opener: Opener,
    seen: Seen,
    _waker: Slot<Waker>,
}

impl Kept {
    async fn end(&self) {
        self.opener.open();
        self.seen.dropped("a task that was woken never ends").await;
    }
}

/// A waiting task whose handle was polled with a waker; its last clone's drop is counted.
async fn awaited<E: Spawn>(handle: &E::Handle) -> (JoinHandle<()>, Tally, Kept) {
    let (mut gate, opener) = gate();
    let waker = Slot::new();
    let keeping = waker.clone();
    let (probe, seen) = probe(poll_fn(move |cx| {
        keeping.put(cx.waker().clone());
        Pin::new(&mut gate).poll(cx)
    }));
    let mut task = E::spawn(handle, probe);
    seen.polled().await;
    let joined = Tally::new();
    // The waker is dropped here; from now on only the executor has clones.
    let polled = poll_with(&mut task, &joined.release_waker());
    assert!(polled.is_pending(), "the handle of a waiting task is ready");
    let kept = Kept {
        opener,
        seen,
        _waker: waker,
    };
    (task, joined, kept)
}

/// J15: tasks that join each other in a circle are freed at shutdown.
pub fn j15_must_free_cycles_of_joins<E: Spawn>(case: &Case) {
    const PAIRS: usize = 200;
    let blocks = || allocated().map_or(0, |now| now.blocks as i64);
    tie_and_shut_down::<E>(PAIRS);
    let start = blocks();
    tie_and_shut_down::<E>(PAIRS);
    let once = blocks() - start;
    tie_and_shut_down::<E>(2 * PAIRS);
    let twice = blocks() - start - once;
    if allocated().is_none() {
        case.note("without the counting allocator only the drops of futures are checked");
    }
    assert!(
        twice < once + PAIRS as i64 / 2,
        "{PAIRS} pairs of tasks that joined each other left {once} blocks of memory behind when \
         the executor was dropped, and twice as many left {twice}"
    );
}

/// Runs pairs of tasks that join each other, and drops the executor.
fn tie_and_shut_down<E: Spawn>(pairs: usize) {
    let mut executor = E::new();
    let handle = executor.handle();
    let joining = Tally::new();
    let mut watched = Vec::new();
    executor.block_on(async {
        for _ in 0..pairs {
            let (left, right) = (Slot::new(), Slot::new());
            let (gates, openers): (Vec<_>, Vec<_>) = [gate(), gate()].into_iter().unzip();
            for ((gate, mine), peer) in gates.into_iter().zip([&left, &right]).zip([&right, &left])
            {
                let (probe, seen) = probe(join_peer(gate, peer.clone(), joining.clone()));
                mine.put(E::spawn(&handle, probe));
                watched.push(seen);
            }
            openers.iter().for_each(|opener| _ = opener.open());
        }
        let what = "tasks that are to join each other do not get there";
        joining.reach(2 * pairs, what).await;
    });
    drop(executor);
    let what = "tasks joined each other in a circle, and when the executor was dropped their \
        futures were not";
    watched.iter().for_each(|seen| block_on(seen.dropped(what)));
}

/// Joins the task whose handle lies in `peer` once the gate is open.
async fn join_peer(gate: Gate, peer: Slot<JoinHandle<()>>, joining: Tally) {
    gate.await;
    let mut peer = peer.take().expect("the handle was there before the gate");
    let mut counted = false;
    poll_fn(|cx| {
        let polled = poll_with(&mut peer, cx.waker());
        if !std::mem::replace(&mut counted, true) {
            joining.add();
        }
        polled.map(drop)
    })
    .await;
}

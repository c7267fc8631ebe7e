//! Which wakers are the same: W14, W19.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use super::TrySpawn;
use super::kit::{Bell, own_waker, poll_as_task};
use crate::Case;
use crate::adapter::{Executor, Spawn};
use crate::devices::yield_once;
use crate::lock::lock;

/// W14: a clone of a waker, and the waker of the next poll, say that they `will_wake` the same.
pub fn w14_should_clone_will_wake<T: TrySpawn>(case: &Case) {
    let mut executor = T::Inner::new();
    let handle = executor.handle();
    let denial = case.watch("the root yielded, and was not polled again", || {
        executor.block_on(denials())
    });
    assert!(
        denial.is_none(),
        "of the root's waker, {}",
        denial.unwrap_or_default()
    );
    if T::TASKS {
        let denial = case.watch("a task yielded, and was not polled again", || {
            executor.block_on(async {
                let task = T::try_spawn(&handle, denials()).expect("it has tasks");
                task.await.expect("the task ends")
            })
        });
        assert!(
            denial.is_none(),
            "of a task's waker, {}",
            denial.unwrap_or_default()
        );
    }
}

/// Which waker denies that it will wake what another does, if one does.
async fn denials() -> Option<&'static str> {
    let original = own_waker().await;
    let clone = original.clone();
    let second = clone.clone();
    let mut replaced = Waker::noop().clone();
    replaced.clone_from(&original);
    yield_once().await;
    let later = own_waker().await;
    let pairs = [
        (
            &original,
            &clone,
            "a clone denies that it will wake the same",
        ),
        (
            &original,
            &second,
            "a clone's clone denies that it will wake the same",
        ),
        (
            &original,
            &replaced,
            "`clone_from` gave one that denies that it will wake the same",
        ),
        (
            &original,
            &later,
            "that of a later poll denies that it will wake the same",
        ),
    ];
    let denied = pairs
        .into_iter()
        .find(|(one, other, _)| !one.will_wake(other) || !other.will_wake(one));
    denied.map(|(_, _, denial)| denial)
}

/// A leaf that can be awaited by one task after the other, and keeps its waker where it may.
#[derive(Clone, Default)]
struct Keeping(Arc<Mutex<(bool, Option<Waker>)>>);

impl Keeping {
    /// Waits at the leaf, and rings `waits` when its waker is there.
    async fn opened(&self, waits: &Bell) {
        let mut told = false;
        poll_fn(|cx| {
            {
                let mut state = lock(&self.0);
                if state.0 {
                    return Poll::Ready(());
                }
                if !matches!(&state.1, Some(kept) if kept.will_wake(cx.waker())) {
                    state.1 = Some(cx.waker().clone());
                }
            }
            if !told {
                told = true;
                waits.ring();
            }
            Poll::Pending
        })
        .await;
    }

    fn open(&self) {
        let waker = {
            let mut state = lock(&self.0);
            state.0 = true;
            state.1.take()
        };
        waker.expect("somebody waits").wake();
    }
}

/// W19: a waker that `will_wake` another wakes what the other would.
pub fn w19_must_will_wake_is_no_false_promise<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    case.watch(
        "a leaf moved from one task to another, and kept the waker that it had because `will_wake` \
         said so; that waker did not wake the task",
        || {
            for round in 0..50 {
                executor.block_on(hand_over::<E>(&handle, round % 2 == 0));
            }
        },
    );
}

/// A leaf is polled by one task, then by another; the first ends before that, or lives on.
async fn hand_over<E: Spawn>(handle: &E::Handle, first_ends: bool) {
    let leaf = Keeping::default();
    let polled = Bell::default();
    let release = Bell::default();
    let first = E::spawn(handle, {
        let (leaf, polled, release) = (leaf.clone(), polled.clone(), release.clone());
        async move {
            // Polls the leaf once, and leaves it with this task's waker.
            let waiting = Bell::default();
            let mut opened = Box::pin(leaf.opened(&waiting));
            poll_as_task(&mut opened).await;
            drop(opened);
            polled.ring();
            if !first_ends {
                release.heard(1).await;
            }
        }
    });
    polled.heard(1).await;
    let first = if first_ends {
        first.await.expect("the first task ends");
        None
    } else {
        Some(first)
    };
    let waits = Bell::default();
    let second = E::spawn(handle, {
        let (leaf, waits) = (leaf.clone(), waits.clone());
        async move {
            // The waker of the first poll need not be that of the next.
            yield_once().await;
            leaf.opened(&waits).await;
        }
    });
    waits.heard(1).await;
    leaf.open();
    second.await.expect("the second task ends");
    release.ring();
    if let Some(first) = first {
        first.await.expect("the first task ends");
    }
}

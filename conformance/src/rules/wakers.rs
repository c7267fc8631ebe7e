//! W: wakers.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::task::Poll;
use std::thread;

use crate::adapter::{Executor, Spawn};
use crate::devices::{gate, turns};
use crate::{Case, Rule};

/// The rules of the group.
pub static RULES: &[Rule] = &[
    Rule {
        name: "w01_must_self_wake_is_a_repoll",
        statement: "A future that wakes itself while it is polled is polled again.",
        rationale: "The wake arrives while the task runs; an executor that ignores wakes of a \
            running task loses it, and `yield_now` hangs. The root yields a thousand times.",
        bugs: &["monoio#146"],
    },
    Rule {
        name: "w09_must_wake_never_waits",
        statement: "`wake` returns although the executor makes no progress.",
        rationale: "A task may hold the executor's thread while it waits for another thread, and \
            that thread may be waking tasks: a bounded queue on which `wake` waits for room is a \
            deadlock. A task joins a thread that wakes 5000 peers.",
        bugs: &[],
    },
];

/// Lists the rules with the capabilities that they need.
#[doc(hidden)]
#[macro_export]
macro_rules! __wakers {
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } wakers
            w01_must_self_wake_is_a_repoll [];
            w09_must_wake_never_waits [spawn];
        }
    };
}

/// W1: a future that wakes itself while it is polled is polled again.
pub fn w01_must_self_wake_is_a_repoll<E: Executor>(_: &Case) {
    let mut left = 1_000;
    E::new().block_on(poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }));
}

/// W9: `wake` returns although the executor makes no progress.
pub fn w09_must_wake_never_waits<E: Spawn>(case: &Case) {
    const PEERS: usize = 5_000;
    let mut executor = E::new();
    let handle = executor.handle();
    let finished = Arc::new(AtomicUsize::new(0));
    executor.block_on(async {
        let mut openers = Vec::new();
        let mut peers = Vec::new();
        for _ in 0..PEERS {
            let (gate, opener) = gate();
            let finished = Arc::clone(&finished);
            openers.push(opener);
            peers.push(E::spawn(&handle, async move {
                gate.await;
                finished.fetch_add(1, SeqCst);
            }));
        }
        while openers.iter().any(|opener| !opener.is_awaited()) {
            turns::<E>(&handle, 1).await;
        }
        case.event("every peer waits; a task now joins the thread that wakes them");
        let waking = E::spawn(&handle, async move {
            let waker = thread::spawn(move || openers.iter().filter(|gate| gate.open()).count());
            waker.join().expect("`wake` does not panic")
        });
        assert_eq!(waking.await.expect("no panic"), PEERS);
        for peer in peers {
            peer.await.expect("every peer was woken");
        }
    });
    assert_eq!(finished.load(SeqCst), PEERS);
}

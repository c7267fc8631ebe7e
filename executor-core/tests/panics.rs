//! Panics in every place where user code runs (rules P1 to P11).

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Wake, Waker};

use common::{BadPayload, Bomb, Drops, Gate, Guarded, OnDrop, must_end, poll_with, runtime, turns};
use executor_core::{spawn, spawn_local, task, time};

#[test]
fn a_tasks_panic_leaves_its_peers_alone_and_drops_its_future() {
    runtime().block_on(async {
        let gate = Gate::new();
        let peer = spawn(gate.wait());
        let drops = Drops::new();
        let failing = spawn(Guarded::new(async { panic!("as told") }, drops.sentinel()));
        let error: Result<(), _> = failing.await;
        assert_eq!(error.unwrap_err().panic_message(), Some("as told"));
        assert_eq!(drops.count(), 1);
        gate.open();
        peer.await.unwrap();
    });
}

#[test]
fn a_payload_of_any_type_reaches_the_joiner() {
    runtime().block_on(async {
        let error = spawn(async { panic_any(42_u8) }).await.unwrap_err();
        assert_eq!(error.panic_message(), None);
        let payload = error.try_into_panic().unwrap();
        assert_eq!(payload.downcast_ref::<u8>(), Some(&42));
    });
}

#[test]
fn waking_and_then_panicking_ends_the_task() {
    let runtime = runtime();
    runtime.block_on(async {
        let task = spawn(std::future::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            panic!("as told")
        }));
        let result: Result<(), _> = task.await;
        assert!(result.unwrap_err().is_panic());
        turns(3).await;
    });
    assert_eq!(runtime.live_tasks(), 0);
}

#[test]
fn a_panic_in_a_futures_drop_is_contained_and_the_result_stands() {
    let runtime = runtime();
    runtime.block_on(async {
        let bad = || OnDrop::new(|| panic!("as told"));
        assert_eq!(spawn(Guarded::new(async { 7 }, bad())).await.unwrap(), 7);
        assert_eq!(
            spawn_local(Guarded::new(async { 7 }, bad())).await.unwrap(),
            7
        );
        let aborted = spawn(Guarded::new(std::future::pending::<()>(), bad()));
        assert!(aborted.cancel().await.unwrap_err().is_cancelled());
        let both: Result<(), _> = spawn(Guarded::new(async { panic!("first") }, bad())).await;
        assert_eq!(both.unwrap_err().panic_message(), Some("first"));
        drop(spawn(Guarded::new(async {}, bad())));
        turns(3).await;
    });
    assert_eq!(runtime.live_tasks(), 0);
}

#[test]
fn a_panic_in_an_outputs_drop_is_contained() {
    let runtime = runtime();
    runtime.block_on(async {
        let bad = || OnDrop::new(|| panic!("as told"));
        drop(spawn(async move { bad() }));
        turns(3).await;
        let finished = spawn(async move { bad() });
        turns(3).await;
        drop(finished);
    });
    assert_eq!(runtime.live_tasks(), 0);
}

#[test]
fn a_payload_that_panics_in_its_drop_is_contained_where_nobody_takes_it() {
    let drops = Arc::new(AtomicUsize::new(0));
    let runtime = runtime();
    runtime.block_on(async {
        for _ in 0..2 {
            let payload = BadPayload(Arc::clone(&drops));
            drop(spawn(async move { panic_any(payload) }));
            let payload = BadPayload(Arc::clone(&drops));
            drop(spawn(async move {
                if task::current().is_some() {
                    panic_any(payload);
                }
                String::new()
            }));
        }
        turns(3).await;
        let payload = BadPayload(Arc::clone(&drops));
        let finished = spawn(async move { panic_any(payload) });
        turns(3).await;
        drop(finished);
    });
    assert_eq!(drops.load(SeqCst), 5);
    assert_eq!(runtime.live_tasks(), 0);
}

#[test]
fn a_future_whose_drop_panics_with_a_bad_payload_is_contained() {
    let drops = Arc::new(AtomicUsize::new(0));
    runtime().block_on(async {
        let payload = BadPayload(Arc::clone(&drops));
        let guard = OnDrop::new(move || panic_any(payload));
        spawn(Guarded::new(async {}, guard)).await.unwrap();
    });
    assert_eq!(drops.load(SeqCst), 1);
}

#[test]
fn a_join_waker_that_panics_is_contained() {
    let runtime = runtime();
    runtime.block_on(async {
        let gate = Gate::new();
        let mut task = spawn(gate.wait());
        assert!(poll_with(&mut task, &Waker::from(Arc::new(Bomb))).is_pending());
        gate.open();
        turns(3).await;
        assert!(task.is_finished());
        task.await.unwrap();
    });
    assert_eq!(runtime.live_tasks(), 0);
}

/// A waker that panics when it is dropped.
struct BadDrop;

impl Wake for BadDrop {
    fn wake(self: Arc<Self>) {}
}

impl Drop for BadDrop {
    fn drop(&mut self) {
        panic!("this waker panics when it is dropped");
    }
}

#[test]
fn a_join_waker_that_panics_in_its_drop_is_contained() {
    let runtime = runtime();
    runtime.block_on(async {
        let register = |task: &mut executor_core::JoinHandle<()>| {
            let waker = Waker::from(Arc::new(BadDrop));
            assert!(poll_with(task, &waker).is_pending());
        };
        let gate = Gate::new();
        let mut task = spawn(gate.wait());
        register(&mut task);
        gate.open();
        turns(3).await;
        task.await.unwrap();
    });
    assert_eq!(runtime.live_tasks(), 0);
}

#[test]
fn a_timers_waker_that_panics_does_not_stop_the_others() {
    must_end(|| {
        runtime().block_on(async {
            let mut bad = time::sleep(std::time::Duration::from_nanos(1));
            let good = spawn(time::sleep(std::time::Duration::from_nanos(1)));
            assert!(poll_with(&mut bad, &Waker::from(Arc::new(Bomb))).is_pending());
            good.await.unwrap().unwrap();
            bad.await.unwrap();
        });
    });
}

#[test]
fn the_roots_panic_propagates_and_the_runtime_stays_usable() {
    let runtime = runtime();
    let gate = Gate::new();
    let peer = runtime.spawn(gate.wait());
    let drops = Drops::new();
    let sentinel = drops.sentinel();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(Guarded::new(
            async {
                turns(1).await;
                panic!("as told")
            },
            sentinel,
        ))
    }));
    assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"as told"));
    assert_eq!(drops.count(), 1);
    assert!(executor_core::Handle::try_current().is_none());
    assert!(task::current().is_none());
    gate.open();
    runtime.block_on(peer).unwrap();
}

#[test]
fn the_panic_of_a_task_that_was_woken_by_the_panicking_root_is_its_own() {
    let runtime = runtime();
    let gate = Gate::new();
    let waiting = gate.wait();
    let peer = runtime.spawn(async {
        waiting.await;
        panic!("mine")
    });
    let caught = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            turns(1).await;
            gate.open();
            panic!("the root's")
        })
    }));
    assert_eq!(
        caught.unwrap_err().downcast_ref::<&str>(),
        Some(&"the root's")
    );
    let result: Result<(), _> = runtime.block_on(peer);
    assert_eq!(result.unwrap_err().panic_message(), Some("mine"));
}

#[test]
fn a_runtime_is_dropped_while_unwinding() {
    let drops = Drops::new();
    let sentinels: Vec<_> = (0..3).map(|_| drops.sentinel()).collect();
    let caught = catch_unwind(|| {
        let runtime = runtime();
        for sentinel in sentinels {
            runtime.spawn(Guarded::new(std::future::pending::<()>(), sentinel));
        }
        runtime.block_on(async {
            turns(1).await;
            panic!("as told")
        })
    });
    assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"as told"));
    assert_eq!(drops.count(), 3);
}

#[test]
fn a_runtime_is_dropped_while_unwinding_although_its_tasks_drops_panic() {
    let drops = Drops::new();
    let guards: Vec<_> = (0..3)
        .map(|_| {
            let sentinel = drops.sentinel();
            OnDrop::new(move || {
                drop(sentinel);
                panic!("in a drop, while unwinding")
            })
        })
        .collect();
    let caught = catch_unwind(|| {
        let runtime = runtime();
        for guard in guards {
            runtime.spawn(Guarded::new(std::future::pending::<()>(), guard));
        }
        runtime.block_on(async {
            turns(1).await;
            panic!("as told")
        })
    });
    assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"as told"));
    assert_eq!(drops.count(), 3);
}

#[test]
fn one_panicking_drop_at_shutdown_does_not_skip_the_others() {
    let drops = Drops::new();
    let runtime = runtime();
    for _ in 0..5 {
        let sentinel = drops.sentinel();
        let guard = OnDrop::new(move || {
            drop(sentinel);
            panic!("as told")
        });
        runtime.spawn(Guarded::new(std::future::pending::<()>(), guard));
    }
    runtime.block_on(turns(1));
    drop(runtime);
    assert_eq!(drops.count(), 5);
}

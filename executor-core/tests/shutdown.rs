//! Shutdown: every future is dropped, every handle resolves (rules D1 to D12).

mod common;

use std::future::pending;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use common::{Drops, Gate, Guarded, OnDrop, SelfWaker, must_end, poll_with, runtime, turns};
use executor_core::{Handle, JoinHandle, spawn, spawn_blocking, spawn_local, time};

#[test]
fn idle_queued_and_never_polled_futures_are_all_dropped_here() {
    let drops = Drops::new();
    let runtime = runtime();
    runtime.spawn(Guarded::new(pending::<()>(), drops.sentinel()));
    runtime.spawn_local(Guarded::new(pending::<()>(), drops.sentinel()));
    runtime.spawn(Guarded::new(time::sleep(Duration::MAX), drops.sentinel()));
    runtime.spawn(Guarded::new(SelfWaker, drops.sentinel()));
    runtime.block_on(turns(2));
    let gate = Gate::new();
    gate.open();
    runtime.spawn(Guarded::new(gate.wait(), drops.sentinel()));
    runtime.spawn_local(Guarded::new(gate.wait(), drops.sentinel()));
    drop(runtime);
    assert_eq!(drops.threads(), [thread::current().id(); 6]);
    assert_eq!(gate.polls(), 0);
}

#[test]
fn a_runtime_that_was_never_turned_drops_its_tasks() {
    let drops = Drops::new();
    let runtime = runtime();
    runtime.spawn(Guarded::new(async {}, drops.sentinel()));
    runtime.spawn_local(Guarded::new(async {}, drops.sentinel()));
    drop(runtime);
    assert_eq!(drops.count(), 2);
}

#[test]
fn a_task_that_holds_its_own_waker_is_dropped() {
    let drops = Drops::new();
    let runtime = runtime();
    let own = Arc::new(Mutex::new(None::<Waker>));
    let keeps = Arc::clone(&own);
    let body = std::future::poll_fn(move |cx| {
        *keeps.lock().unwrap() = Some(cx.waker().clone());
        Poll::<()>::Pending
    });
    drop(own);
    runtime.spawn(Guarded::new(body, drops.sentinel()));
    runtime.block_on(turns(2));
    drop(runtime);
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_cycle_of_tasks_that_join_each_other_is_freed() {
    let drops = Drops::new();
    let runtime = runtime();
    let slots: Vec<Arc<Mutex<Option<JoinHandle<()>>>>> = (0..3).map(|_| Arc::default()).collect();
    for n in 0..3 {
        let mine = Arc::clone(&slots[n]);
        let body = async move {
            let next = mine.lock().unwrap().take().unwrap();
            drop(next.await);
        };
        let task = runtime.spawn(Guarded::new(body, drops.sentinel()));
        *slots[(n + 1) % 3].lock().unwrap() = Some(task);
    }
    drop(slots);
    runtime.block_on(turns(3));
    assert_eq!(drops.count(), 0);
    drop(runtime);
    assert_eq!(drops.count(), 3);
}

#[test]
fn spawning_in_a_drop_at_shutdown_gives_handles_that_resolve() {
    must_end(|| {
        let drops = Drops::new();
        let (sender, receiver) = mpsc::channel();
        let runtime = runtime();
        let handle = runtime.handle();
        let (first, second, third) = (drops.sentinel(), drops.sentinel(), drops.sentinel());
        let guard = OnDrop::new(move || {
            let here = spawn(Guarded::new(async {}, first));
            let local = spawn_local(Guarded::new(async {}, second));
            let by_handle = handle.spawn(Guarded::new(async {}, third));
            sender.send([here, local, by_handle]).unwrap();
        });
        runtime.spawn(Guarded::new(pending::<()>(), guard));
        runtime.block_on(turns(1));
        drop(runtime);
        for task in receiver.recv().unwrap() {
            let error = futures_lite::future::block_on(task).unwrap_err();
            assert!(error.is_cancelled());
        }
        assert_eq!(drops.count(), 3);
    });
}

#[test]
fn spawning_on_another_thread_while_shutting_down_resolves() {
    must_end(|| {
        let (sender, receiver) = mpsc::channel();
        let runtime = runtime();
        let handle = runtime.handle();
        let guard = OnDrop::new(move || {
            let task = thread::spawn(move || handle.spawn(async {}))
                .join()
                .unwrap();
            sender.send(task).unwrap();
        });
        runtime.spawn(Guarded::new(pending::<()>(), guard));
        runtime.block_on(turns(1));
        drop(runtime);
        let task = receiver.recv().unwrap();
        assert!(
            futures_lite::future::block_on(task)
                .unwrap_err()
                .is_cancelled()
        );
    });
}

#[test]
fn threads_that_spawn_without_end_do_not_keep_the_runtime_from_ending() {
    must_end(|| {
        let runtime = runtime();
        let stop = Arc::new(AtomicBool::new(false));
        let spawned = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (handle, stop) = (runtime.handle(), Arc::clone(&stop));
                let spawned = Arc::clone(&spawned);
                thread::spawn(move || {
                    while !stop.load(SeqCst) {
                        handle.spawn(async {});
                        spawned.fetch_add(1, SeqCst);
                    }
                })
            })
            .collect();
        while spawned.load(SeqCst) < 1000 {
            thread::yield_now();
        }
        drop(runtime);
        stop.store(true, SeqCst);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn waking_and_aborting_peers_in_a_drop_at_shutdown_is_harmless() {
    let drops = Drops::new();
    let runtime = runtime();
    let gate = Gate::new();
    let tasks: Vec<_> = (0..5)
        .map(|_| {
            let (gate, sentinel) = (gate.clone(), drops.sentinel());
            let waiting = gate.wait();
            let guard = OnDrop::new(move || {
                for waker in gate.wakers() {
                    waker.wake();
                }
                gate.open();
                drop(sentinel);
            });
            runtime.spawn_local(Guarded::new(waiting, guard))
        })
        .collect();
    runtime.block_on(turns(1));
    let last = tasks.into_iter().next_back().unwrap();
    let guard = OnDrop::new(move || last.abort());
    runtime.spawn_local(Guarded::new(pending::<()>(), guard));
    runtime.block_on(turns(1));
    drop(runtime);
    assert_eq!(drops.count(), 5);
    assert_eq!(gate.polls(), 5, "nothing is polled during shutdown");
}

#[test]
fn timers_are_made_and_dropped_in_a_drop_at_shutdown() {
    let runtime = runtime();
    let mut old = runtime.handle().sleep(Duration::from_secs(3600));
    runtime.block_on(async { assert!(poll_with(&mut old, Waker::noop()).is_pending()) });
    let guard = OnDrop::new(move || {
        drop(old);
        let mut fresh = time::sleep(Duration::from_secs(3600));
        assert!(!matches!(
            poll_with(&mut fresh, Waker::noop()),
            std::task::Poll::Ready(Ok(()))
        ));
        drop(fresh);
    });
    runtime.spawn(Guarded::new(pending::<()>(), guard));
    drop(runtime);
}

#[test]
fn a_task_that_is_live_is_not_dropped_early() {
    let drops = Drops::new();
    let runtime = runtime();
    let handle = runtime.handle();
    drop(handle.spawn(Guarded::new(pending::<()>(), drops.sentinel())));
    drop(handle);
    runtime.block_on(turns(3));
    assert_eq!(drops.count(), 0);
    assert_eq!(runtime.live_tasks(), 1);
}

#[test]
fn a_runtime_is_dropped_inside_another_runtimes_task() {
    must_end(|| {
        let drops = Drops::new();
        let inner = runtime();
        let outer = runtime();
        let gate = Gate::new();
        inner.spawn(Guarded::new(pending::<()>(), drops.sentinel()));
        // The inner task wakes a task of the outer loop when it is dropped.
        let opener = gate.clone();
        inner.spawn_local(Guarded::new(
            pending::<()>(),
            OnDrop::new(move || opener.open()),
        ));
        inner.block_on(turns(1));
        outer.block_on(async {
            let waiter = spawn(gate.wait());
            gate.reached().await;
            let joined = spawn_local(async move {
                drop(inner);
                executor_core::task::current().unwrap().id()
            });
            let id = joined.id();
            assert_eq!(joined.await.unwrap(), id);
            waiter.await.unwrap();
            turns(1).await;
        });
        assert_eq!(drops.count(), 1);
        assert_eq!(outer.live_tasks(), 0);
    });
}

#[test]
fn a_runtime_in_a_tasks_output_is_dropped_with_it() {
    let drops = Drops::new();
    let inner = runtime();
    inner.spawn(Guarded::new(pending::<()>(), drops.sentinel()));
    let outer = runtime();
    outer.block_on(async {
        drop(spawn_local(async move { inner }));
        turns(2).await;
    });
    assert_eq!(drops.count(), 1);
    assert_eq!(outer.live_tasks(), 0);
}

#[test]
fn two_runtimes_whose_tasks_hold_each_other_are_dropped() {
    must_end(|| {
        let drops = Drops::new();
        let (one, two) = (runtime(), runtime());
        let on_two = two.spawn(Guarded::new(pending::<()>(), drops.sentinel()));
        one.spawn(Guarded::new(on_two, drops.sentinel()));
        let (handle_one, handle_two) = (one.handle(), two.handle());
        one.block_on(turns(1));
        two.block_on(turns(1));
        drop(two);
        drop(one);
        assert!(handle_one.is_closed() && handle_two.is_closed());
        assert_eq!(drops.count(), 2);
    });
}

#[test]
fn a_deep_chain_of_handles_does_not_overflow() {
    let runtime = runtime();
    let mut last = runtime.spawn(pending::<()>());
    for _ in 0..100_000 {
        let next = last;
        last = runtime.spawn(async move { drop(next.await) });
    }
    runtime.block_on(turns(1));
    drop(last);
    drop(runtime);
}

#[test]
fn no_task_is_polled_and_none_is_spawned_after_the_drop() {
    let runtime = runtime();
    let handle = runtime.handle();
    let gate = Gate::new();
    runtime.spawn(gate.wait());
    runtime.block_on(turns(1));
    drop(runtime);
    gate.open();
    assert_eq!(gate.polls(), 1);
    let refused = handle.spawn(gate.wait());
    assert!(refused.is_finished());
    assert_eq!(gate.polls(), 1);
    let blocking = handle.spawn_blocking(|| unreachable!());
    let error = futures_lite::future::block_on(blocking)
        .map(|(): ()| ())
        .unwrap_err();
    assert!(error.is_cancelled());
    let error =
        futures_lite::future::block_on(handle.sleep(Duration::ZERO + Duration::from_secs(9)))
            .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotConnected);
    handle.enter(|| {
        let error = futures_lite::future::block_on(spawn_local(async {})).unwrap_err();
        assert!(error.is_cancelled());
    });
}

#[test]
fn a_join_waker_that_joins_and_spawns_at_shutdown_is_harmless() {
    struct Meddler {
        handle: Handle,
        other: Mutex<JoinHandle<()>>,
        calls: AtomicUsize,
    }
    impl std::task::Wake for Meddler {
        fn wake(self: Arc<Self>) {
            self.calls.fetch_add(1, SeqCst);
            assert!(self.handle.spawn(async {}).is_finished());
            let mut other = self.other.lock().unwrap();
            assert!(poll_with(&mut *other, Waker::noop()).is_pending());
            other.abort();
        }
    }
    let runtime = runtime();
    let mut task = runtime.spawn(pending::<()>());
    let meddler = Arc::new(Meddler {
        handle: runtime.handle(),
        other: Mutex::new(runtime.spawn(pending::<()>())),
        calls: AtomicUsize::new(0),
    });
    runtime.block_on(turns(1));
    assert!(poll_with(&mut task, &Waker::from(Arc::clone(&meddler))).is_pending());
    drop(runtime);
    assert_eq!(meddler.calls.load(SeqCst), 1);
    assert!(task.is_finished());
    assert!(meddler.other.lock().unwrap().is_finished());
}

#[test]
fn a_blocking_closure_that_waits_for_a_timer_does_not_hold_up_the_shutdown() {
    must_end(|| {
        let runtime = runtime();
        let started = Gate::new();
        let opener = started.clone();
        let job = runtime.handle().enter(|| {
            spawn_blocking(move || {
                let mut sleep = time::sleep(Duration::from_secs(3600));
                assert!(poll_with(&mut sleep, Waker::noop()).is_pending());
                opener.open();
                futures_lite::future::block_on(sleep)
            })
        });
        runtime.block_on(started.wait());
        drop(runtime);
        let error = futures_lite::future::block_on(job).unwrap().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::NotConnected);
    });
}

#[test]
fn a_blocking_closure_that_joins_a_task_does_not_hold_up_the_shutdown() {
    must_end(|| {
        let runtime = runtime();
        let started = Gate::new();
        let opener = started.clone();
        let job = runtime.handle().enter(|| {
            spawn_blocking(move || {
                let task = spawn(pending::<()>());
                opener.open();
                futures_lite::future::block_on(task)
            })
        });
        runtime.block_on(started.wait());
        drop(runtime);
        let joined = futures_lite::future::block_on(job).unwrap();
        assert!(joined.unwrap_err().is_cancelled());
    });
}

//! Tasks whose futures are not `Send` stay on their loop's thread (rules N1 to N8).

mod common;

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;

use common::{Drops, Gate, Guarded, OnDrop, must_end, runtime, turns};
use executor_core::{Handle, Runtime, spawn, spawn_local, task};

#[test]
fn a_local_task_is_polled_and_dropped_on_its_own_thread() {
    must_end(|| {
        let here = thread::current().id();
        let drops = Drops::new();
        runtime().block_on(async {
            let gate = Gate::new();
            let waiting = gate.wait();
            let body = async move {
                assert_eq!(thread::current().id(), here);
                waiting.await;
                assert_eq!(thread::current().id(), here);
            };
            let task = spawn_local(Guarded::new(body, drops.sentinel()));
            gate.reached().await;
            thread::spawn(move || gate.open()).join().unwrap();
            task.await.unwrap();
        });
        assert_eq!(drops.threads(), [here]);
    });
}

#[test]
fn a_remote_abort_drops_a_local_task_on_its_own_thread() {
    must_end(|| {
        let runtime = runtime();
        let drops = Drops::new();
        let never_polled = runtime.spawn_local(Guarded::new(pending::<()>(), drops.sentinel()));
        let parked = runtime.spawn_local(Guarded::new(pending::<()>(), drops.sentinel()));
        runtime.block_on(turns(1));
        let joiner = thread::spawn(|| {
            futures_lite::future::block_on(async {
                assert!(parked.cancel().await.unwrap_err().is_cancelled());
                assert!(never_polled.cancel().await.unwrap_err().is_cancelled());
            });
        });
        runtime.block_on(async {
            while drops.count() < 2 {
                task::yield_now().await;
            }
        });
        joiner.join().unwrap();
        assert_eq!(drops.threads(), [thread::current().id(); 2]);
    });
}

#[test]
fn the_last_foreign_waker_and_handle_drop_nothing_there() {
    must_end(|| {
        let runtime = runtime();
        let drops = Drops::new();
        let gate = Gate::new();
        let task = runtime.spawn_local(Guarded::new(gate.wait(), drops.sentinel()));
        runtime.block_on(gate.reached());
        thread::spawn(move || drop((task, gate))).join().unwrap();
        assert_eq!(drops.count(), 0);
        runtime.block_on(turns(2));
        assert_eq!(drops.count(), 0, "detached and waiting, not dropped");
        drop(runtime);
        assert_eq!(drops.threads(), [thread::current().id()]);
    });
}

#[test]
fn a_local_spawn_from_a_poll_is_run_before_the_loop_sleeps() {
    must_end(|| {
        runtime().block_on(async {
            let (sender, receiver) = mpsc::channel();
            spawn(async move {
                spawn_local(async move { sender.send(7).unwrap() });
            });
            turns(3).await;
            assert_eq!(receiver.try_recv(), Ok(7));
        });
    });
}

#[test]
fn local_tasks_share_without_locks_and_outputs_need_not_be_send() {
    runtime().block_on(async {
        let shared = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (0..10)
            .map(|n| {
                let shared = Rc::clone(&shared);
                spawn_local(async move {
                    task::yield_now().await;
                    shared.set(shared.get() + n);
                    shared
                })
            })
            .collect();
        for task in tasks {
            drop(task.await.unwrap());
        }
        assert_eq!(shared.get(), 45);
        assert_eq!(Rc::strong_count(&shared), 1);
    });
}

#[test]
fn a_runtime_with_local_tasks_is_dropped_in_a_thread_local_destructor() {
    thread_local!(static RUNTIME: RefCell<Option<Runtime>> = const { RefCell::new(None) });
    let drops = Drops::new();
    let thread = thread::spawn({
        let drops = drops.clone();
        move || {
            let runtime = runtime();
            runtime.spawn_local(Guarded::new(pending::<()>(), drops.sentinel()));
            runtime.spawn(Guarded::new(pending::<()>(), drops.sentinel()));
            runtime.block_on(turns(1));
            runtime.spawn_local(Guarded::new(pending::<()>(), drops.sentinel()));
            RUNTIME.set(Some(runtime));
        }
    });
    let id = thread.thread().id();
    thread.join().unwrap();
    assert_eq!(drops.threads(), [id; 3]);
}

#[test]
fn futures_are_dropped_inside_their_context() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let guard = |seen: &Rc<RefCell<Vec<_>>>| {
        let seen = Rc::clone(seen);
        OnDrop::new(move || {
            let me = task::current().map(|task| task.id());
            seen.borrow_mut()
                .push((me, Handle::try_current().is_some()));
        })
    };
    let runtime = runtime();
    let finished = runtime.spawn_local(Guarded::new(async {}, guard(&seen)));
    let aborted = runtime.spawn_local(Guarded::new(pending::<()>(), guard(&seen)));
    let shut_down = runtime.spawn_local(Guarded::new(pending::<()>(), guard(&seen)));
    let ids = [finished.id(), aborted.id(), shut_down.id()];
    runtime.block_on(async {
        finished.await.unwrap();
        drop(aborted.cancel().await);
    });
    drop(runtime);
    let expected = ids.map(|id| (Some(id), true));
    assert_eq!(*seen.borrow(), expected);
}

#[test]
fn the_root_is_dropped_inside_its_context_too() {
    let seen = Cell::new(None);
    let guard = OnDrop::new(|| seen.set(Some(Handle::try_current().is_some())));
    runtime().block_on(Guarded::new(async {}, guard));
    assert_eq!(seen.get(), Some(true));
}

#[test]
fn a_local_spawn_is_refused_where_no_loop_turns() {
    let error = futures_lite::future::block_on(spawn_local(async {})).unwrap_err();
    assert!(
        error.to_string().contains("no runtime is current"),
        "{error}"
    );
    let runtime = runtime();
    let error = runtime.block_on(async {
        executor_core::spawn_blocking(|| {
            futures_lite::future::block_on(spawn_local(async {})).unwrap_err()
        })
        .await
        .unwrap()
    });
    assert!(
        error
            .to_string()
            .contains("use `spawn` with a `Send` future"),
        "{error}"
    );
}

#[test]
fn local_tasks_of_a_runtime_in_another_runtimes_task_are_its_own() {
    must_end(|| {
        let inner = runtime();
        runtime().block_on(async {
            let ran = Rc::new(Cell::new(0));
            let count = Rc::clone(&ran);
            let theirs = inner.spawn_local(async move { count.set(count.get() + 1) });
            let count = Rc::clone(&ran);
            spawn_local(async move { count.set(count.get() + 10) })
                .await
                .unwrap();
            spawn(async {}).await.unwrap();
            assert_eq!(ran.get(), 10);
            drop(inner);
            assert!(theirs.await.unwrap_err().is_cancelled());
        });
    });
}

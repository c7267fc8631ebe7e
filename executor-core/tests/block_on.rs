//! `block_on`: nesting, context, what stays between calls (rules B1 to B8).

mod common;

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use common::{Gate, SelfWaker, must_end, runtime, turns};
use executor_core::{BlockOnError, Handle, spawn, spawn_blocking, spawn_local, task};

#[test]
fn nesting_is_an_error_that_says_what_to_do_and_leaves_the_outer_one_intact() {
    let outer = runtime();
    let inner = Rc::new(runtime());
    outer.block_on(async {
        let gate = Gate::new();
        let peer = spawn(gate.wait());
        let error = inner.try_block_on(async {}).unwrap_err();
        assert!(matches!(error, BlockOnError::Nested));
        assert!(error.to_string().contains("`.await` the future instead"));
        let caught = catch_unwind(AssertUnwindSafe(|| inner.block_on(async {})));
        let message = caught.unwrap_err().downcast::<String>().unwrap();
        assert_eq!(*message, error.to_string());

        let in_task = Rc::clone(&inner);
        spawn_local(async move { assert!(in_task.try_block_on(async {}).is_err()) })
            .await
            .unwrap();
        let in_enter = Handle::current().unwrap();
        in_enter.enter(|| assert!(inner.try_block_on(async {}).is_err()));
        gate.open();
        peer.await.unwrap();
    });
    inner.block_on(turns(1));
}

#[test]
fn a_runtime_inside_itself_is_an_error() {
    let runtime = Rc::new(runtime());
    let same = Rc::clone(&runtime);
    runtime.block_on(async move {
        assert!(matches!(
            same.try_block_on(async {}),
            Err(BlockOnError::Nested)
        ));
    });
}

#[test]
fn another_runtime_blocks_on_a_blocking_thread() {
    must_end(|| {
        let answer = runtime().block_on(async {
            spawn_blocking(|| {
                let other = runtime();
                let name = Handle::current().unwrap();
                let answer = other.block_on(async { spawn(async { 42 }).await.unwrap() });
                assert_eq!(Handle::current().unwrap().backend(), name.backend());
                answer
            })
            .await
            .unwrap()
        });
        assert_eq!(answer, 42);
    });
}

#[test]
fn another_runtime_blocks_on_inside_of_enter() {
    let (one, two) = (runtime(), runtime());
    one.handle().enter(|| {
        two.block_on(async {
            spawn_local(async {}).await.unwrap();
        });
        let task = spawn(async { 7 });
        assert_eq!(one.live_tasks(), 0);
        assert_eq!(one.block_on(task).unwrap(), 7);
    });
    assert_eq!(two.live_tasks(), 0);
}

#[test]
fn tasks_go_on_with_the_next_call() {
    let runtime = runtime();
    let gate = Gate::new();
    let task = runtime.spawn(gate.wait());
    runtime.block_on(async {});
    runtime.block_on(turns(1));
    assert!(gate.is_waited_for());
    gate.open();
    runtime.block_on(task).unwrap();
}

#[test]
fn a_wake_between_two_calls_is_kept() {
    must_end(|| {
        let runtime = runtime();
        let gate = Gate::new();
        let local = runtime.spawn_local(gate.wait());
        runtime.block_on(turns(1));
        gate.open();
        runtime.block_on(local).unwrap();
    });
}

#[test]
fn it_returns_although_tasks_are_pending_or_never_stop() {
    must_end(|| {
        let runtime = runtime();
        runtime.spawn(std::future::pending::<()>());
        runtime.spawn(SelfWaker);
        assert_eq!(runtime.block_on(async { 7 }), 7);
        runtime.block_on(turns(3));
        assert_eq!(runtime.live_tasks(), 2);
    });
}

#[test]
fn the_context_is_restored_after_a_return_and_after_a_panic() {
    let runtime = runtime();
    let is_clear = || Handle::try_current().is_none() && task::current().is_none();
    runtime.block_on(async {});
    assert!(is_clear());
    drop(catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async { panic!("as told") })
    })));
    assert!(is_clear());
    let handle = runtime.handle();
    drop(catch_unwind(AssertUnwindSafe(|| {
        handle.enter(|| panic!("as told"))
    })));
    assert!(is_clear());
    runtime.block_on(async {
        spawn(async { panic!("as told") }).await.unwrap_err();
        assert!(task::current().is_none());
        assert!(Handle::try_current().is_some());
    });
    assert!(is_clear());
}

#[test]
fn the_root_may_borrow_and_need_not_be_send() {
    let runtime = runtime();
    let count = Cell::new(0);
    let borrowed = &count;
    let output = runtime.block_on(async {
        borrowed.set(1);
        task::yield_now().await;
        borrowed
    });
    assert_eq!(output.get(), 1);
}

#[test]
fn a_self_waking_root_does_not_starve_tasks_nor_they_the_root() {
    must_end(|| {
        let runtime = runtime();
        for _ in 0..4 {
            runtime.spawn(SelfWaker);
        }
        let gate = Gate::new();
        let opener = gate.clone();
        runtime.spawn(async move { opener.open() });
        runtime.block_on(async {
            let mut waiting = gate.wait();
            std::future::poll_fn(|cx| {
                cx.waker().wake_by_ref();
                std::pin::Pin::new(&mut waiting).poll(cx)
            })
            .await;
        });
    });
}

#[test]
fn a_ping_pong_pair_does_not_starve_a_third() {
    must_end(|| {
        runtime().block_on(async {
            let (one, two) = (spawn(SelfWaker), spawn(SelfWaker));
            let third = spawn(async {
                for _ in 0..100 {
                    task::yield_now().await;
                }
            });
            third.await.unwrap();
            one.abort();
            two.abort();
        });
    });
}

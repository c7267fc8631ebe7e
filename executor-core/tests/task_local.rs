//! Task-locals.

mod common;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use common::{Gate, Guarded, OnDrop, must_end, runtime, turns};
use executor_core::{spawn, spawn_local, task, task_local};

task_local! {
    static NUMBER: u32;
    static TEXT: String;
}

#[test]
fn a_value_stays_with_its_task_across_polls() {
    must_end(|| {
        runtime().block_on(async {
            let tasks: Vec<_> = (0..10)
                .map(|n| {
                    spawn(NUMBER.scope(n, async move {
                        for _ in 0..5 {
                            assert_eq!(NUMBER.get(), Ok(n));
                            task::yield_now().await;
                        }
                    }))
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert!(NUMBER.get().is_err());
        });
    });
}

#[test]
fn scopes_nest_and_restore() {
    runtime().block_on(NUMBER.scope(1, async {
        TEXT.scope("one".to_owned(), async {
            NUMBER
                .scope(2, async {
                    task::yield_now().await;
                    assert_eq!(NUMBER.get(), Ok(2));
                    NUMBER.sync_scope(3, || assert_eq!(NUMBER.get(), Ok(3)));
                    assert_eq!(TEXT.with(String::len), Ok(3));
                })
                .await;
        })
        .await;
        assert_eq!(NUMBER.get(), Ok(1));
        assert!(TEXT.get().is_err());
    }));
}

#[test]
fn spawned_tasks_do_not_inherit() {
    runtime().block_on(NUMBER.scope(1, async {
        spawn(async { assert!(NUMBER.get().is_err()) })
            .await
            .unwrap();
        spawn_local(async { assert!(NUMBER.get().is_err()) })
            .await
            .unwrap();
    }));
}

#[test]
fn a_panic_restores_the_outer_value() {
    NUMBER.sync_scope(1, || {
        let caught = catch_unwind(|| NUMBER.sync_scope(2, || panic!("as told")));
        assert!(caught.is_err());
        assert_eq!(NUMBER.get(), Ok(1));
        let caught = catch_unwind(|| NUMBER.with(|_| panic!("as told")));
        assert!(caught.is_err());
        assert_eq!(NUMBER.get(), Ok(1));
    });
    let caught = catch_unwind(AssertUnwindSafe(|| {
        runtime().block_on(NUMBER.scope(3, async { panic!("as told") }));
    }));
    assert!(caught.is_err());
    assert!(NUMBER.get().is_err());
}

#[test]
fn the_value_is_there_while_the_future_is_dropped() {
    let seen = Cell::new(None);
    let guard = OnDrop::new(|| seen.set(NUMBER.get().ok()));
    let gate = Gate::new();
    let mut scoped = Box::pin(NUMBER.scope(7, Guarded::new(gate.wait(), guard)));
    assert!(common::poll_with(&mut scoped, std::task::Waker::noop()).is_pending());
    drop(scoped);
    assert_eq!(seen.get(), Some(7));
    assert!(NUMBER.get().is_err());
}

#[test]
fn the_value_is_there_while_an_aborted_task_is_dropped() {
    let (sender, receiver) = std::sync::mpsc::channel();
    runtime().block_on(async {
        let guard = OnDrop::new(move || sender.send(NUMBER.get()).unwrap());
        let task = spawn(NUMBER.scope(7, Guarded::new(std::future::pending::<()>(), guard)));
        turns(1).await;
        task.cancel().await.unwrap_err();
    });
    assert_eq!(receiver.recv().unwrap(), Ok(7));
}

#[test]
fn an_error_says_what_to_do() {
    let error = NUMBER.get().unwrap_err();
    assert!(error.to_string().contains("`TaskLocal::scope`"), "{error}");
}

#[test]
fn a_scope_inside_of_with_is_refused_rather_than_given_the_wrong_value() {
    NUMBER.sync_scope(1, || {
        let entered = catch_unwind(|| NUMBER.with(|_| NUMBER.sync_scope(2, || NUMBER.get())));
        let message = entered.unwrap_err().downcast::<&str>().unwrap();
        assert!(message.contains("use `TaskLocal::get`"), "{message}");
        assert_eq!(NUMBER.get(), Ok(1));

        let mut scoped = Box::pin(NUMBER.scope(2, async { NUMBER.get() }));
        let polled = catch_unwind(AssertUnwindSafe(|| {
            NUMBER.with(|_| common::poll_with(&mut scoped, std::task::Waker::noop()))
        }));
        assert!(polled.is_err());
        NUMBER.with(|_| drop(scoped)).unwrap();
        assert_eq!(NUMBER.get(), Ok(1));
    });
}

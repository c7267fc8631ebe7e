//! Joining, aborting and detaching (rules J1 to J17), and groups of tasks.

mod common;

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;

use common::{Count, Drops, Gate, Guarded, SelfWaker, must_end, poll_with, runtime, scaled, turns};
use executor_core::task::{GroupError, TaskGroup};
use executor_core::{JoinHandle, spawn, spawn_local, task};

#[test]
fn a_result_a_panic_and_a_cancellation_are_told_apart() {
    runtime().block_on(async {
        assert_eq!(spawn(async { 7 }).await.unwrap(), 7);

        let panicked = spawn(async { panic!("out of cheese") }).await.unwrap_err();
        assert!(panicked.is_panic() && !panicked.is_cancelled());
        assert_eq!(panicked.panic_message(), Some("out of cheese"));
        let payload = panicked.try_into_panic().unwrap();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"out of cheese"));

        let task = spawn(pending::<()>());
        let id = task.id();
        let cancelled = task.cancel().await.unwrap_err();
        assert!(cancelled.is_cancelled() && !cancelled.is_panic());
        assert_eq!(cancelled.id(), id);
        assert!(cancelled.try_into_panic().is_err());
    });
}

#[test]
fn the_latest_join_waker_is_woken() {
    runtime().block_on(async {
        let gate = Gate::new();
        let mut task = spawn(gate.wait());
        let (early, late) = (Count::new(), Count::new());
        assert!(poll_with(&mut task, &Waker::from(Arc::clone(&early))).is_pending());
        assert!(poll_with(&mut task, &Waker::from(Arc::clone(&late))).is_pending());
        gate.open();
        turns(2).await;
        assert!(late.get() >= 1);
        assert_eq!(early.get(), 0);
        assert!(poll_with(&mut task, Waker::noop()).is_ready());
    });
}

#[test]
fn a_handle_is_awaited_on_a_foreign_executor() {
    must_end(|| {
        let runtime = runtime();
        let gate = Gate::new();
        let waiting = gate.wait();
        let task = runtime.spawn(async {
            waiting.await;
            7
        });
        let failing = runtime.spawn(async { panic!("as told") });
        let joiner = thread::spawn(move || {
            futures_lite::future::block_on(async {
                assert!(failing.await.unwrap_err().is_panic());
                task.await.unwrap()
            })
        });
        runtime.block_on(async {
            gate.reached().await;
            gate.open();
            while !joiner.is_finished() {
                task::yield_now().await;
            }
        });
        assert_eq!(joiner.join().unwrap(), 7);
    });
}

#[test]
fn dropping_the_handle_detaches() {
    runtime().block_on(async {
        let gate = Gate::new();
        let done = Gate::new();
        let (waiting, opener) = (gate.wait(), done.clone());
        drop(spawn(async move {
            waiting.await;
            opener.open();
        }));
        gate.reached().await;
        gate.open();
        done.wait().await;
    });
}

#[test]
fn aborting_drops_the_future_without_another_wake() {
    runtime().block_on(async {
        let drops = Drops::new();
        let task = spawn(Guarded::new(pending::<()>(), drops.sentinel()));
        turns(2).await;
        task.abort();
        assert_eq!(drops.count(), 0, "not inside of `abort`");
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn none_of_three_hundred_remote_aborts_is_lost() {
    must_end(|| {
        let (sender, receiver) = mpsc::channel::<JoinHandle<()>>();
        let aborter = thread::spawn(move || {
            for task in receiver {
                task.abort();
                let error = futures_lite::future::block_on(task).unwrap_err();
                assert!(error.is_cancelled());
            }
        });
        let drops = Drops::new();
        let runtime = runtime();
        for round in 0..300 {
            let sentinel = drops.sentinel();
            let task = if round % 2 == 0 {
                runtime.spawn(Guarded::new(pending(), sentinel))
            } else {
                runtime.spawn(Guarded::new(SelfWaker, sentinel))
            };
            runtime.block_on(turns(round % 3));
            sender.send(task).unwrap();
            runtime.block_on(async {
                while drops.count() <= round {
                    task::yield_now().await;
                }
            });
        }
        drop(sender);
        aborter.join().unwrap();
        assert_eq!(drops.count(), 300);
        assert_eq!(drops.threads(), [thread::current().id(); 300]);
    });
}

#[test]
fn an_abort_that_races_completion_ends_in_one_of_the_two() {
    must_end(|| {
        let (sender, receiver) = mpsc::sync_channel::<(JoinHandle<usize>, Arc<Barrier>)>(1);
        let aborter = thread::spawn(move || {
            let (mut completed, mut cancelled) = (0, 0);
            for (task, barrier) in receiver {
                barrier.wait();
                task.abort();
                match futures_lite::future::block_on(task) {
                    Ok(value) => {
                        assert_eq!(value, 7);
                        completed += 1;
                    }
                    Err(error) => {
                        assert!(error.is_cancelled());
                        cancelled += 1;
                    }
                }
            }
            (completed, cancelled)
        });
        let rounds = scaled(20_000);
        let drops = Drops::new();
        let runtime = runtime();
        for round in 0..rounds {
            let body = async move {
                for _ in 0..round % 5 {
                    task::yield_now().await;
                }
                7
            };
            let task = runtime.spawn(Guarded::new(body, drops.sentinel()));
            let barrier = Arc::new(Barrier::new(2));
            sender.send((task, Arc::clone(&barrier))).unwrap();
            barrier.wait();
            runtime.block_on(async {
                while drops.count() <= round {
                    task::yield_now().await;
                }
            });
        }
        drop(sender);
        let (completed, cancelled) = aborter.join().unwrap();
        assert_eq!(completed + cancelled, rounds);
        assert_eq!(drops.count(), rounds);
        assert_eq!(runtime.live_tasks(), 0);
    });
}

#[test]
fn a_task_aborted_before_its_first_poll_is_never_polled() {
    runtime().block_on(async {
        let gate = Gate::new();
        let drops = Drops::new();
        let task = spawn(Guarded::new(gate.wait(), drops.sentinel()));
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(gate.polls(), 0);
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn aborting_after_completion_changes_nothing() {
    runtime().block_on(async {
        let drops = Drops::new();
        let output = drops.sentinel();
        let task = spawn(async move { output });
        let same = task.task().unwrap();
        turns(2).await;
        task.abort();
        same.abort();
        let output = task.cancel().await.unwrap();
        same.abort();
        assert_eq!(drops.count(), 0);
        drop(output);
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn aborting_oneself_ends_the_task_after_the_poll() {
    runtime().block_on(async {
        let drops = Drops::new();
        let body = async {
            task::current().unwrap().abort();
            let still_here = 1;
            task::yield_now().await;
            unreachable!("{still_here}");
        };
        let task = spawn(Guarded::new(body, drops.sentinel()));
        let error: executor_core::JoinError = task.await.map(|(): ()| ()).unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(drops.count(), 1);

        let finishing = spawn(async {
            task::current().unwrap().abort();
            7
        });
        assert_eq!(
            finishing.await.unwrap(),
            7,
            "a poll that ends the task stands"
        );
    });
}

#[test]
fn aborting_and_dropping_the_handle_still_aborts() {
    runtime().block_on(async {
        let drops = Drops::new();
        let task = spawn(Guarded::new(pending::<()>(), drops.sentinel()));
        turns(1).await;
        task.abort();
        drop(task);
        turns(2).await;
        assert_eq!(drops.count(), 1);

        let task = spawn(Guarded::new(pending::<()>(), drops.sentinel()));
        turns(1).await;
        drop(task.cancel());
        turns(2).await;
        assert_eq!(drops.count(), 2);
    });
}

#[test]
fn aborting_outside_of_any_runtime_works() {
    let runtime = runtime();
    let drops = Drops::new();
    let task = runtime.spawn(Guarded::new(pending::<()>(), drops.sentinel()));
    runtime.block_on(turns(1));
    task.abort();
    assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_join_waker_is_released_at_completion_and_with_a_pending_handle() {
    runtime().block_on(async {
        let gate = Gate::new();
        let mut task = spawn(gate.wait());
        let count = Count::new();
        assert!(poll_with(&mut task, &Waker::from(Arc::clone(&count))).is_pending());
        gate.open();
        turns(2).await;
        assert_eq!(Arc::strong_count(&count), 1, "at completion");
        drop(task);

        let gate = Gate::new();
        let mut task = spawn(gate.wait());
        assert!(poll_with(&mut task, &Waker::from(Arc::clone(&count))).is_pending());
        drop(task);
        assert_eq!(Arc::strong_count(&count), 1, "with a pending handle");
        gate.open();
        turns(2).await;
    });
}

#[test]
fn a_finished_handle_is_ready_at_once() {
    must_end(|| {
        let runtime = runtime();
        for _ in 0..scaled(20_000) {
            let mut task = runtime.spawn(async { 7 });
            let watcher = thread::scope(|scope| {
                let watcher = scope.spawn(|| {
                    while !task.is_finished() {
                        std::hint::spin_loop();
                    }
                    poll_with(&mut task, Waker::noop())
                });
                runtime.block_on(turns(1));
                watcher.join().unwrap()
            });
            assert!(matches!(watcher, Poll::Ready(Ok(7))));
        }
    });
}

#[test]
fn a_handle_that_outlives_its_runtime_resolves() {
    let runtime = runtime();
    let finished = runtime.spawn(async { 7 });
    let parked = runtime.spawn(pending::<()>());
    let local = runtime.spawn_local(pending::<()>());
    runtime.block_on(turns(1));
    let queued = runtime.spawn(async {});
    let handle = runtime.handle();
    drop(runtime);
    assert!(handle.is_closed());
    let late = handle.spawn(async {});
    futures_lite::future::block_on(async {
        assert_eq!(finished.await.unwrap(), 7);
        for task in [parked, local, queued, late] {
            let error = task.await.unwrap_err();
            assert!(error.is_cancelled());
            assert!(error.to_string().contains("has shut down"), "{error}");
        }
    });
}

#[test]
fn a_join_handle_moves_between_tasks_while_it_waits() {
    must_end(|| {
        runtime().block_on(async {
            let gate = Gate::new();
            let task = Arc::new(Mutex::new(spawn(gate.wait())));
            let poll_it = |task: &Arc<Mutex<JoinHandle<()>>>| {
                let task = Arc::clone(task);
                poll_fn(move |cx| Pin::new(&mut *task.lock().unwrap()).poll(cx))
            };
            let early = spawn(poll_it(&task));
            turns(1).await;
            let late = spawn(poll_it(&task));
            turns(1).await;
            gate.open();
            late.await.unwrap().unwrap();
            early.abort();
        });
    });
}

#[test]
fn a_group_gives_results_in_the_order_in_which_members_end() {
    must_end(|| {
        runtime().block_on(async {
            let group = TaskGroup::new();
            let gates: Vec<_> = (0..3).map(|_| Gate::new()).collect();
            for (n, gate) in gates.iter().enumerate() {
                let gate = gate.wait();
                group.spawn(async move {
                    gate.await;
                    n
                });
            }
            turns(1).await;
            for n in [2, 0, 1] {
                gates[n].open();
                assert_eq!(group.join_next().await.unwrap().unwrap(), n);
            }
            assert!(group.join_next().await.is_none());
            assert!(group.is_empty());
        });
    });
}

#[test]
fn dropping_a_group_ends_its_members_and_no_other() {
    runtime().block_on(async {
        let drops = Drops::new();
        let bystander = spawn(Guarded::new(pending::<()>(), drops.sentinel()));
        let group = TaskGroup::new();
        for _ in 0..5 {
            group.spawn(Guarded::new(pending::<()>(), drops.sentinel()));
            group.spawn_local(Guarded::new(SelfWaker, drops.sentinel()));
        }
        turns(3).await;
        drop(group);
        while drops.count() < 10 {
            task::yield_now().await;
        }
        turns(3).await;
        assert_eq!(drops.count(), 10);
        bystander.abort();
    });
}

#[test]
fn a_scope_ends_its_members_on_the_first_error() {
    must_end(|| {
        runtime().block_on(async {
            let drops = Drops::new();
            let sentinels: Vec<_> = (0..3).map(|_| drops.sentinel()).collect();
            let result = TaskGroup::scope(async |group: &TaskGroup<Result<(), u8>>| {
                for sentinel in sentinels {
                    group.spawn(Guarded::new(pending(), sentinel));
                }
                group.spawn(async { Err(9) });
                pending::<Result<(), u8>>().await
            });
            assert!(matches!(result.await, Err(GroupError::Failed(9))));
            assert_eq!(drops.count(), 3, "they are waited for");

            let result = TaskGroup::scope(async |group: &TaskGroup<Result<(), u8>>| {
                group.spawn(async { panic!("as told") });
                Ok(())
            });
            assert!(matches!(result.await, Err(GroupError::Join(error)) if error.is_panic()));
        });
    });
}

#[test]
fn members_that_panic_in_their_drop_are_still_joined() {
    must_end(|| {
        runtime().block_on(async {
            let group = TaskGroup::new();
            let bad = common::OnDrop::new(|| panic!("as told"));
            group.spawn(Guarded::new(async {}, bad));
            group.join_next().await.unwrap().unwrap();
            assert!(group.is_empty());
        });
    });
}

#[test]
fn a_group_outside_of_any_runtime_gives_errors() {
    let group = TaskGroup::new();
    group.spawn(async {});
    group.spawn_local(async {});
    futures_lite::future::block_on(async {
        for _ in 0..2 {
            let error = group.join_next().await.unwrap().unwrap_err();
            assert!(
                error.to_string().contains("no runtime is current"),
                "{error}"
            );
        }
        assert!(group.join_next().await.is_none());
    });
}

#[test]
fn a_group_is_joined_on_a_foreign_executor() {
    must_end(|| {
        let runtime = runtime();
        let (sender, receiver) = mpsc::channel();
        let counted = Arc::new(AtomicUsize::new(0));
        let joiner = thread::spawn({
            let counted = Arc::clone(&counted);
            move || {
                let group: TaskGroup<usize> = receiver.recv().unwrap();
                futures_lite::future::block_on(async {
                    while let Some(n) = group.join_next().await {
                        counted.fetch_add(n.unwrap(), SeqCst);
                    }
                });
            }
        });
        let rounds = scaled(4000);
        runtime.block_on(async {
            let group = TaskGroup::new();
            for n in 0..rounds {
                group.spawn(async move {
                    for _ in 0..n % 7 {
                        task::yield_now().await;
                    }
                    1
                });
            }
            sender.send(group).unwrap();
            while !joiner.is_finished() {
                task::yield_now().await;
            }
        });
        joiner.join().unwrap();
        assert_eq!(counted.load(SeqCst), rounds);
    });
}

#[test]
fn a_local_tasks_handle_resolves_on_another_thread() {
    must_end(|| {
        let runtime = runtime();
        let task = runtime.spawn_local(async {
            let here = std::rc::Rc::new(7);
            task::yield_now().await;
            *here
        });
        let joiner = thread::spawn(|| futures_lite::future::block_on(task).unwrap());
        runtime.block_on(async {
            spawn_local(async {}).await.unwrap();
            while !joiner.is_finished() {
                task::yield_now().await;
            }
        });
        assert_eq!(joiner.join().unwrap(), 7);
    });
}

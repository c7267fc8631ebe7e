//! The blocking pool (rules K1 to K6).

mod common;

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use common::{BadPayload, Drops, Gate, must_end, runtime, turns};
use executor_core::driver::ThreadPark;
use executor_core::{Builder, Drivers, Fifo, Handle, Runtime, spawn, spawn_blocking, task, time};

fn runtime_with(builder: Builder) -> Runtime {
    let park = ThreadPark::new();
    let drivers = Drivers::new("blocking", park.unparker());
    builder.build(Fifo::new(), park, drivers).unwrap()
}

#[test]
fn a_panic_reaches_the_awaiter_and_the_pool_survives() {
    must_end(|| {
        runtime_with(Builder::new().blocking_threads(1)).block_on(async {
            let error = spawn_blocking(|| panic!("as told")).await.map(|(): ()| ());
            assert_eq!(error.unwrap_err().panic_message(), Some("as told"));
            let drops = Arc::new(AtomicUsize::new(0));
            let payload = BadPayload(Arc::clone(&drops));
            drop(spawn_blocking(move || std::panic::panic_any(payload)));
            assert_eq!(spawn_blocking(|| 7).await.unwrap(), 7);
            assert_eq!(drops.load(SeqCst), 1);
        });
    });
}

#[test]
fn a_closure_spawns_closures_and_tasks() {
    must_end(|| {
        runtime().block_on(async {
            let nested = spawn_blocking(|| {
                assert!(Handle::try_current().is_some());
                assert!(task::current().is_some());
                let task = spawn(async { 1 });
                let handle = Handle::current().unwrap();
                let inner = handle.spawn_blocking(|| 2);
                futures_lite::future::block_on(async {
                    time::sleep(Duration::from_millis(1)).await.unwrap();
                    task.await.unwrap() + inner.await.unwrap()
                })
            });
            assert_eq!(nested.await.unwrap(), 3);
        });
    });
}

#[test]
fn more_closures_than_threads_all_run_and_the_bound_is_kept() {
    must_end(|| {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        runtime_with(Builder::new().blocking_threads(3)).block_on(async {
            let jobs: Vec<_> = (0..200)
                .map(|n| {
                    let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                    spawn_blocking(move || {
                        most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                        thread::yield_now();
                        now.fetch_sub(1, SeqCst);
                        n
                    })
                })
                .collect();
            for (n, job) in jobs.into_iter().enumerate() {
                assert_eq!(job.await.unwrap(), n);
            }
        });
        assert!(most.load(SeqCst) <= 3);
    });
}

#[test]
fn closures_that_wait_for_each_other_each_get_a_thread() {
    must_end(|| {
        runtime().block_on(async {
            let barrier = Arc::new(Barrier::new(16));
            let jobs: Vec<_> = (0..16)
                .map(|_| {
                    let barrier = Arc::clone(&barrier);
                    spawn_blocking(move || barrier.wait().is_leader())
                })
                .collect();
            let mut leaders = 0;
            for job in jobs {
                leaders += usize::from(job.await.unwrap());
            }
            assert_eq!(leaders, 1);
        });
    });
}

#[test]
fn threads_that_were_idle_too_long_are_replaced() {
    must_end(|| {
        let builder = Builder::new().blocking_keep_alive(Duration::ZERO);
        runtime_with(builder.blocking_threads(2)).block_on(async {
            for n in 0..common::scaled(2000) {
                assert_eq!(spawn_blocking(move || n).await.unwrap(), n);
            }
        });
    });
}

/// Occupies the only thread of a pool until the gate's sender goes.
fn occupy() -> (mpsc::Sender<()>, impl FnOnce() + Send) {
    let (sender, receiver) = mpsc::channel::<()>();
    (sender, move || while receiver.recv().is_ok() {})
}

#[test]
fn an_aborted_closure_that_queues_is_not_run_and_one_that_runs_finishes() {
    must_end(|| {
        runtime_with(Builder::new().blocking_threads(1)).block_on(async {
            let started = Gate::new();
            let opener = started.clone();
            let (release, wait) = occupy();
            let running = spawn_blocking(move || {
                opener.open();
                wait();
                7
            });
            started.wait().await;
            let drops = Drops::new();
            let sentinel = drops.sentinel();
            let queued = spawn_blocking(move || {
                drop(sentinel);
                unreachable!("it was aborted");
            });
            queued.abort();
            running.abort();
            drop(release);
            assert_eq!(running.await.unwrap(), 7);
            let result: Result<(), _> = queued.await;
            assert!(result.unwrap_err().is_cancelled());
            assert_eq!(drops.count(), 1);
        });
    });
}

#[test]
fn shutdown_waits_for_what_runs_and_cancels_what_queues() {
    must_end(|| {
        let runtime = runtime_with(Builder::new().blocking_threads(1));
        let started = Gate::new();
        let opener = started.clone();
        let (release, wait) = occupy();
        let done = Arc::new(AtomicUsize::new(0));
        let finished = Arc::clone(&done);
        let running = runtime.handle().spawn_blocking(move || {
            opener.open();
            wait();
            finished.fetch_add(1, SeqCst);
        });
        runtime.block_on(started.wait());
        let drops = Drops::new();
        let sentinel = drops.sentinel();
        let queued = runtime.handle().spawn_blocking(move || {
            drop(sentinel);
            unreachable!("the runtime shuts down");
        });
        // Shutting down drops this task, which lets the closure end.
        runtime.spawn_local(common::Guarded::new(std::future::pending::<()>(), release));
        drop(runtime);
        assert_eq!(done.load(SeqCst), 1);
        assert_eq!(drops.count(), 1);
        assert!(running.is_finished());
        let result: Result<(), _> = futures_lite::future::block_on(queued);
        assert!(result.unwrap_err().is_cancelled());
    });
}

#[test]
fn a_shutdown_timeout_is_kept_although_a_closure_hangs() {
    must_end(|| {
        let runtime = runtime();
        let started = Gate::new();
        let opener = started.clone();
        let (release, wait) = occupy();
        let hung = runtime.handle().spawn_blocking(move || {
            opener.open();
            wait();
            Handle::current().unwrap().is_closed()
        });
        runtime.block_on(started.wait());
        let start = Instant::now();
        runtime.shutdown_timeout(Duration::from_millis(20));
        assert!(start.elapsed() >= Duration::from_millis(20));
        assert!(!hung.is_finished());
        drop(release);
        assert!(futures_lite::future::block_on(hung).unwrap());
    });
}

#[test]
fn a_shutdown_timeout_does_not_wait_where_nothing_runs() {
    must_end(|| {
        let runtime = runtime();
        runtime.block_on(async { spawn_blocking(|| ()).await.unwrap() });
        runtime.shutdown_timeout(Duration::MAX);
    });
}

#[test]
fn a_closure_outside_of_any_runtime_is_a_clear_error() {
    let job = spawn_blocking(|| unreachable!());
    let error = futures_lite::future::block_on(job)
        .map(|(): ()| ())
        .unwrap_err();
    assert!(
        error.to_string().contains("no runtime is current"),
        "{error}"
    );
    let error = futures_lite::future::block_on(spawn(async {})).unwrap_err();
    assert!(error.to_string().contains("through a `Handle`"), "{error}");
}

#[test]
fn a_pool_without_threads_is_a_clear_error() {
    let park = ThreadPark::new();
    let drivers = Drivers::new("none", park.unparker());
    let built = Builder::new()
        .blocking_threads(0)
        .build(Fifo::new(), park, drivers);
    let error = built.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("blocking_threads(0)"), "{error}");
}

#[test]
fn closures_that_race_the_shutdown_all_resolve() {
    must_end(|| {
        for _ in 0..common::scaled(400) {
            let runtime = runtime_with(Builder::new().blocking_threads(2));
            let handle = runtime.handle();
            let racer = thread::spawn(move || {
                let jobs: Vec<_> = (0..10).map(|n| handle.spawn_blocking(move || n)).collect();
                for job in jobs {
                    drop(futures_lite::future::block_on(job));
                }
            });
            runtime.block_on(turns(1));
            drop(runtime);
            racer.join().unwrap();
        }
    });
}

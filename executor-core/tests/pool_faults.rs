//! Bad input to a pool, and what may go wrong in one.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Barrier, mpsc};
use std::time::{Duration, Instant};

use executor_core::driver::ThreadPark;
use executor_core::task::yield_now;
use executor_core::{
    Drivers, Fifo, Global, PoolBuilder, PoolRuntime, PoolScheduler, PopContext, PushContext, Ready,
    Scheduler, spawn, spawn_blocking,
};

fn build<P: PoolScheduler>(builder: PoolBuilder<P>) -> io::Result<PoolRuntime<P>> {
    let park = ThreadPark::new();
    let drivers = Drivers::new("test", park.unparker());
    builder.build(park, drivers)
}

/// Counts its drops.
#[derive(Clone)]
struct Count(Arc<AtomicUsize>);

impl Drop for Count {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn no_workers_are_an_error_that_says_what_to_do() {
    let error = build(PoolBuilder::new().workers(0)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("at least one worker"), "{error}");
}

#[test]
fn no_blocking_threads_are_an_error() {
    let error = build(PoolBuilder::new().workers(1).blocking_threads(0)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn a_thread_that_the_system_refuses_is_an_error() {
    let stopped = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&stopped);
    // No machine has the address space for it.
    let builder = PoolBuilder::new().workers(2).stack_size(1 << 46);
    let builder = builder.on_stop(move |_| {
        count.fetch_add(1, SeqCst);
    });
    build(builder).unwrap_err();
    assert_eq!(stopped.load(SeqCst), 0);
}

#[test]
fn hooks_are_called_on_each_worker_when_it_starts_and_stops() {
    let (told, events) = mpsc::channel();
    let stops = told.clone();
    let builder = PoolBuilder::new()
        .workers(3)
        .on_start(move |worker| told.send((worker.index(), "start")).unwrap())
        .on_stop(move |worker| stops.send((worker.index(), "stop")).unwrap());
    drop(build(builder).unwrap());
    let mut events: Vec<_> = events.try_iter().collect();
    events.sort_unstable();
    let expected = [0, 1, 2].map(|id| [(id, "start"), (id, "stop")]);
    assert_eq!(events, expected.concat());
}

#[test]
fn a_start_hook_that_panics_is_an_error_and_ends_the_other_workers() {
    let stopped = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&stopped);
    let builder = PoolBuilder::new()
        .workers(3)
        .on_start(|worker| assert_ne!(worker.index(), 1, "not this one"))
        .on_stop(move |_| {
            count.fetch_add(1, SeqCst);
        });
    let error = build(builder).unwrap_err();
    assert!(error.to_string().contains("on_start"), "{error}");
    assert_eq!(stopped.load(SeqCst), 3);
}

#[test]
fn a_stop_hook_that_panics_holds_nothing_up() {
    let builder = PoolBuilder::new().workers(2);
    let pool = build(builder.on_stop(|_| panic!("in the hook"))).unwrap();
    let task = pool.spawn(std::future::pending::<()>());
    drop(pool);
    assert!(task.is_finished());
}

#[test]
fn a_task_that_panics_on_every_worker_at_once_ends_none() {
    let pool = PoolRuntime::without_io(4).unwrap();
    for _ in 0..10 {
        let barrier = Arc::new(Barrier::new(4));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let barrier = Arc::clone(&barrier);
                pool.spawn(async move {
                    barrier.wait();
                    panic!("everywhere");
                })
            })
            .collect();
        for task in tasks {
            let error = pool.block_on(task).unwrap_err();
            assert_eq!(error.panic_message(), Some("everywhere"));
        }
    }
    assert_eq!(pool.metrics().workers.len(), 4);
}

/// First in first out, until the task of that priority comes.
struct Fragile(Fifo);

impl Scheduler for Fragile {
    fn push(&mut self, task: Ready, cx: &PushContext<'_>) {
        assert_ne!(task.priority(), 13, "an unlucky number");
        self.0.push(task, cx);
    }

    fn pop(&mut self, cx: &PopContext<'_>) -> Option<Ready> {
        self.0.pop(cx)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

#[test]
fn a_policy_that_panics_stops_the_pool_and_loses_no_task() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let builder = PoolBuilder::new().workers(2);
    let pool = build(builder.scheduler(Global::new(Fragile(Fifo::new())))).unwrap();
    let count = Count(Arc::clone(&dropped));
    let waits = pool.spawn(async move {
        let _count = count;
        std::future::pending::<()>().await;
    });
    let count = Count(Arc::clone(&dropped));
    let result = catch_unwind(AssertUnwindSafe(|| {
        pool.block_on(async {
            let options = executor_core::TaskOptions::new().priority(13);
            let unlucky = async move {
                let _count = count;
            };
            let child = spawn(async { executor_core::spawn_with(options, unlucky).await });
            let _ = child.await;
            std::future::pending::<()>().await;
        });
    }));
    let payload = result.unwrap_err();
    let message = payload.downcast_ref::<String>().unwrap();
    assert!(message.contains("an unlucky number"), "{message}");
    drop(pool);
    assert_eq!(dropped.load(SeqCst), 2);
    assert!(waits.is_finished());
}

#[test]
fn a_closure_that_hangs_holds_a_timed_shutdown_up_no_longer_than_that() {
    let pool = PoolRuntime::without_io(2).unwrap();
    let (release, released) = mpsc::channel::<()>();
    let (begins, begun) = mpsc::channel();
    pool.block_on(async {
        spawn_blocking(move || {
            begins.send(()).unwrap();
            let _ = released.recv();
        });
    });
    begun.recv().unwrap();
    let start = Instant::now();
    pool.shutdown_timeout(Duration::from_millis(20));
    assert!(start.elapsed() >= Duration::from_millis(20));
    release.send(()).unwrap();
}

#[test]
fn a_worker_that_hangs_holds_a_timed_shutdown_up_no_longer_than_that() {
    let pool = PoolRuntime::without_io(2).unwrap();
    let dropped = Arc::new(AtomicUsize::new(0));
    let (release, released) = mpsc::channel::<()>();
    let (begins, begun) = mpsc::channel();
    let hangs = pool.spawn(async move {
        begins.send(()).unwrap();
        let _ = released.recv();
    });
    begun.recv().unwrap();
    let count = Count(Arc::clone(&dropped));
    let waits = pool.spawn(async move {
        let _count = count;
        std::future::pending::<()>().await;
    });
    let local = {
        let count = Count(Arc::clone(&dropped));
        pool.spawn(async move {
            let _count = count;
            loop {
                yield_now().await;
            }
        })
    };
    pool.shutdown_timeout(Duration::from_millis(20));
    assert_eq!(dropped.load(SeqCst), 2, "the other tasks are dropped");
    assert!(waits.is_finished() && local.is_finished() && !hangs.is_finished());
    release.send(()).unwrap();
    assert!(
        futures_lite::future::block_on(hangs).is_ok(),
        "it ends when it does"
    );
}

#[test]
fn a_pool_that_is_dropped_on_its_own_worker_shuts_down() {
    let pool = PoolRuntime::without_io(2).unwrap();
    let handle = pool.handle();
    let waits = pool.spawn(std::future::pending::<()>());
    let (gives, given) = mpsc::channel::<PoolRuntime>();
    let drops = handle.spawn(async move { drop(given.recv().unwrap()) });
    gives.send(pool).unwrap();
    assert!(futures_lite::future::block_on(drops).is_ok());
    assert!(
        futures_lite::future::block_on(waits)
            .unwrap_err()
            .is_cancelled()
    );
    let late = futures_lite::future::block_on(handle.spawn(async {}));
    assert!(late.unwrap_err().is_cancelled());
}

#[test]
fn a_loop_inside_a_task_is_an_error() {
    let pool = Arc::new(PoolRuntime::without_io(1).unwrap());
    let inner = Arc::clone(&pool);
    let result = pool.block_on(pool.spawn(async move { inner.try_block_on(async {}).is_err() }));
    assert!(result.unwrap());
}

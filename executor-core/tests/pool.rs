//! A pool of workers, as its users see it.

use std::collections::HashSet;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use executor_core::task::yield_now;
use executor_core::{PoolRuntime, spawn, spawn_local, time};

#[test]
fn tasks_run_on_several_workers_at_once() {
    let pool = PoolRuntime::without_io(2).unwrap();
    let barrier = Arc::new(Barrier::new(2));
    pool.block_on(async {
        let meet = |barrier: Arc<Barrier>| async move { barrier.wait().is_leader() };
        let one = spawn(meet(Arc::clone(&barrier)));
        let two = spawn(meet(barrier));
        assert!(one.await.unwrap() != two.await.unwrap());
    });
}

#[test]
fn every_task_of_many_runs_exactly_once() {
    let pool = PoolRuntime::without_io(4).unwrap();
    let ran = Arc::new(AtomicUsize::new(0));
    pool.block_on(async {
        let mut tasks = Vec::new();
        for _ in 0..100 {
            let ran = Arc::clone(&ran);
            tasks.push(spawn(async move {
                let children: Vec<_> = (0..100)
                    .map(|_| {
                        let ran = Arc::clone(&ran);
                        spawn(async move {
                            yield_now().await;
                            ran.fetch_add(1, SeqCst);
                        })
                    })
                    .collect();
                for child in children {
                    child.await.unwrap();
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(ran.load(SeqCst), 10_000);
}

#[test]
fn what_is_local_stays_on_its_worker() {
    let pool = PoolRuntime::without_io(2).unwrap();
    let threads = pool.block_on(async {
        let task = spawn(async {
            let here = thread::current().id();
            let mut locals = Vec::new();
            for _ in 0..10 {
                let shared = std::rc::Rc::new(());
                locals.push(spawn_local(async move {
                    let _shared = shared;
                    for _ in 0..100 {
                        yield_now().await;
                    }
                    thread::current().id()
                }));
            }
            (here, locals)
        });
        let (here, locals) = task.await.unwrap();
        let mut threads = HashSet::from([here]);
        for local in locals {
            threads.insert(local.await.unwrap());
        }
        threads
    });
    assert_eq!(threads.len(), 1);
}

#[test]
fn the_child_of_a_blocked_worker_runs() {
    let pool = PoolRuntime::without_io(2).unwrap();
    let ran = pool.block_on(async {
        spawn(async {
            let (child, ran) = mpsc::channel();
            spawn(async move { child.send(()) });
            ran.recv_timeout(Duration::from_secs(10)).is_ok()
        })
        .await
        .unwrap()
    });
    assert!(ran);
}

#[test]
fn a_timer_is_not_late_because_a_worker_is_blocked() {
    let pool = PoolRuntime::without_io(2).unwrap();
    let late = pool.block_on(async {
        let (release, released) = mpsc::channel::<()>();
        let (blocks, blocked) = mpsc::channel();
        let blocker = spawn(async move {
            blocks.send(()).unwrap();
            let _ = released.recv();
        });
        blocked.recv().unwrap();
        let mut late = Duration::ZERO;
        for _ in 0..20 {
            let due = Instant::now() + Duration::from_millis(5);
            spawn(time::sleep_until(due)).await.unwrap().unwrap();
            late = late.max(due.elapsed());
        }
        release.send(()).unwrap();
        blocker.await.unwrap();
        late
    });
    // Other tests share the processors; alone it is well below 1 ms.
    assert!(late < Duration::from_millis(500), "{late:?} late");
}

#[test]
fn dropping_drops_tasks_of_every_kind() {
    struct Count(Arc<AtomicUsize>);
    impl Drop for Count {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let count = || Count(Arc::clone(&dropped));
    let pool = PoolRuntime::without_io(2).unwrap();
    let handles = Mutex::new(Vec::new());
    for _ in 0..50 {
        let waits = count();
        handles.lock().unwrap().push(pool.spawn(async move {
            let _waits = waits;
            std::future::pending::<()>().await;
        }));
        let yields = count();
        handles.lock().unwrap().push(pool.spawn(async move {
            let _yields = yields;
            loop {
                yield_now().await;
            }
        }));
        let sleeps = count();
        handles.lock().unwrap().push(pool.spawn_on(1, async move {
            let _sleeps = sleeps;
            time::sleep(Duration::MAX).await.unwrap();
        }));
    }
    drop(pool);
    assert_eq!(dropped.load(SeqCst), 150);
    for handle in handles.into_inner().unwrap() {
        assert!(
            futures_lite::future::block_on(handle)
                .unwrap_err()
                .is_cancelled()
        );
    }
}

#[test]
fn a_worker_that_does_not_exist_is_an_error() {
    let pool = PoolRuntime::without_io(2).unwrap();
    let error = pool.block_on(pool.spawn_on(2, async {})).unwrap_err();
    assert!(
        error.to_string().contains("no worker of that number"),
        "{error}"
    );
}

#[test]
fn no_task_is_told_that_its_runtime_shuts_down() {
    for _ in 0..200 {
        let pool = PoolRuntime::without_io(2).unwrap();
        let sleep = |worker| {
            pool.spawn_on(worker, async {
                time::sleep(Duration::from_secs(3600)).await.unwrap();
            })
        };
        let tasks = [sleep(0), sleep(1)];
        let shared = pool.spawn(async { time::sleep(Duration::MAX).await.unwrap() });
        drop(pool);
        for task in tasks.into_iter().chain([shared]) {
            let error = futures_lite::future::block_on(task).unwrap_err();
            assert!(error.is_cancelled(), "{error}");
        }
    }
}

//! Memory stays flat: what tasks, wakers and timers took is given back (rules W6, X1, X2, T7).
//!
//! One test only, since the count is the process's.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::AtomicIsize;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Waker;
use std::thread;
use std::time::Duration;

use common::{Count, Gate, must_end, poll_with, runtime, scaled, turns};
use executor_core::{spawn, spawn_blocking, spawn_local, task, time};

/// The system's allocator, with a count of the bytes that are in use.
struct Counting;

static IN_USE: AtomicIsize = AtomicIsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[allow(unsafe_code, reason = "an allocator is unsafe to implement")]
// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size() as isize, Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size() as isize, Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Fails if the second run of `work` leaves more behind than the first did.
async fn is_flat(what: &str, work: impl AsyncFn()) {
    work().await;
    turns(3).await;
    let before = IN_USE.load(Relaxed);
    work().await;
    turns(3).await;
    let grown = IN_USE.load(Relaxed) - before;
    // The queues between threads keep a block or two of a few kilobytes.
    assert!(grown < 16 * 1024, "{what}: {grown} bytes are left behind");
}

async fn timers_elsewhere(rounds: usize) {
    let handle = executor_core::Handle::current().unwrap();
    let there = thread::spawn(move || {
        for _ in 0..rounds {
            let mut sleep = handle.sleep(Duration::from_secs(3600));
            assert!(poll_with(&mut sleep, Waker::noop()).is_pending());
            sleep.reset(handle.now() + Duration::from_secs(7200));
            drop(sleep);
            futures_lite::future::block_on(handle.sleep(Duration::ZERO)).unwrap();
        }
    });
    while !there.is_finished() {
        task::yield_now().await;
    }
    there.join().unwrap();
}

async fn remote_wakes(rounds: usize) {
    let gate = Gate::new();
    let waiter = spawn(gate.wait());
    gate.reached().await;
    let there = {
        let gate = gate.clone();
        thread::spawn(move || {
            for _ in 0..rounds {
                gate.wakers()[0].wake_by_ref();
            }
        })
    };
    while !there.is_finished() {
        task::yield_now().await;
    }
    gate.open();
    waiter.await.unwrap();
}

#[test]
fn memory_is_given_back() {
    must_end(|| {
        let runtime = runtime();
        runtime.block_on(async {
            let many = scaled(100_000);
            is_flat("spawned and joined", async || {
                for n in 0..many {
                    spawn(async move { n }).await.unwrap();
                }
            })
            .await;
            is_flat("spawned together", async || {
                let yielding: Vec<_> = (0..many).map(|_| spawn(task::yield_now())).collect();
                for n in 0..many {
                    spawn_local(async move { vec![n] });
                }
                for task in yielding {
                    task.await.unwrap();
                }
            })
            .await;
            // What a panic prints is kept by the test harness, with a backtrace where one is asked
            // for; that is not ours.
            let hook = std::panic::take_hook();
            std::panic::set_hook(Box::new(|_| {}));
            is_flat("panicked", async || {
                for _ in 0..100 {
                    spawn(async { panic!("as told") }).await.unwrap_err();
                }
            })
            .await;
            std::panic::set_hook(hook);
            is_flat("aborted", async || {
                for _ in 0..many {
                    let task = spawn(std::future::pending::<()>());
                    task::yield_now().await;
                    task.cancel().await.unwrap_err();
                }
            })
            .await;
            is_flat("joined by many wakers", async || {
                let gate = Gate::new();
                let mut task = spawn(gate.wait());
                for _ in 0..many {
                    let waker = Waker::from(Count::new());
                    assert!(poll_with(&mut task, &waker).is_pending());
                }
                task.abort();
            })
            .await;
            is_flat("woken", async || {
                let gate = Gate::new();
                let task = spawn(gate.wait());
                gate.reached().await;
                for _ in 0..many {
                    gate.wakers()[0].wake_by_ref();
                }
                task.cancel().await.unwrap_err();
            })
            .await;
            is_flat("woken from another thread", async || {
                remote_wakes(many).await
            })
            .await;
            is_flat("timers", async || {
                for _ in 0..many {
                    let mut sleep = time::sleep(Duration::from_secs(3600));
                    assert!(poll_with(&mut sleep, Waker::noop()).is_pending());
                    sleep.reset(std::time::Instant::now());
                }
            })
            .await;
            is_flat("timers at once", async || {
                let sleeps: Vec<_> = (0..many)
                    .map(|_| spawn(time::sleep(Duration::from_micros(300))))
                    .collect();
                for sleep in sleeps {
                    sleep.await.unwrap().unwrap();
                }
            })
            .await;
            is_flat("timers elsewhere", async || {
                timers_elsewhere(many / 10).await
            })
            .await;
            is_flat("closures", async || {
                for n in 0..many / 10 {
                    assert_eq!(spawn_blocking(move || n).await.unwrap(), n);
                }
            })
            .await;
        });
        drop(runtime);
        let cycle = || {
            let runtime = common::runtime();
            runtime.spawn(std::future::pending::<()>());
            let waiting = Gate::new();
            runtime.spawn(waiting.wait());
            runtime.block_on(async { drop(spawn_blocking(|| ()).await) });
            let handle = runtime.handle();
            drop(runtime);
            drop((handle, waiting));
        };
        (0..30).for_each(|_| cycle());
        let before = IN_USE.load(Relaxed);
        (0..30).for_each(|_| cycle());
        let grown = IN_USE.load(Relaxed) - before;
        assert!(grown < 1024, "30 runtimes left {grown} bytes behind");
        // Nothing but what the test harness holds refers to a waker that is gone.
        let count = Count::new();
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

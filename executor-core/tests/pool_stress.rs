//! Many tasks on a pool, with all that may happen to them at once: each runs at most once, ends once,
//! and is dropped once.
//!
//! `EXECUTOR_POOL_STRESS=10000000 cargo test --release -p anyloop-executor-core --test pool_stress`
//! runs so many tasks; by default it is a small number.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::task::Poll;
use std::time::Duration;

use executor_core::driver::ThreadPark;
use executor_core::task::yield_now;
use executor_core::{
    Drivers, Fifo, Global, JoinHandle, PoolBuilder, PoolScheduler, Sharded, WorkStealing, spawn,
    spawn_local, time,
};

/// What has become of the tasks.
#[derive(Default)]
struct Books {
    spawned: AtomicUsize,
    begun: AtomicUsize,
    finished: AtomicUsize,
    dropped: AtomicUsize,
}

/// A task's entry in the books, which its future owns.
struct Entry {
    books: Arc<Books>,
    begun: bool,
}

impl Entry {
    fn new(books: &Arc<Books>) -> Self {
        books.spawned.fetch_add(1, SeqCst);
        let books = Arc::clone(books);
        Self {
            books,
            begun: false,
        }
    }

    fn begin(&mut self) {
        assert!(!std::mem::replace(&mut self.begun, true), "it began twice");
        self.books.begun.fetch_add(1, SeqCst);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.books.dropped.fetch_add(1, SeqCst);
    }
}

/// Marsaglia's xorshift, Journal of Statistical Software 8 (2003).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Wakes itself by way of another thread's hands, or this one's, so many times.
async fn wake_often(times: u64) {
    let mut left = times;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        let waker = cx.waker().clone();
        spawn(async move { waker.wake() });
        Poll::Pending
    })
    .await;
}

async fn live(mut entry: Entry, seed: u64) {
    entry.begin();
    let mut random = Random(seed | 1);
    match random.below(6) {
        0 => {}
        1 => yield_now().await,
        2 => wake_often(random.below(3)).await,
        3 => {
            let books = Arc::clone(&entry.books);
            let child = Entry::new(&books);
            let child = spawn(async move {
                let mut child = child;
                child.begin();
                child.books.finished.fetch_add(1, SeqCst);
            });
            drop(child.await);
        }
        4 => time::sleep(Duration::from_micros(random.below(200)))
            .await
            .unwrap_or_default(),
        _ => {
            let child = Entry::new(&entry.books);
            drop(spawn_local(async move {
                let mut child = child;
                child.begin();
                yield_now().await;
                child.books.finished.fetch_add(1, SeqCst);
            }));
        }
    }
    entry.books.finished.fetch_add(1, SeqCst);
}

/// Spawns from inside and from outside, aborts some, and drops the pool in the middle of it.
fn round<P: PoolScheduler>(policy: P, tasks: usize, seed: u64) {
    let books = Arc::new(Books::default());
    let park = ThreadPark::new();
    let drivers = Drivers::new("stress", park.unparker());
    let builder = PoolBuilder::new().workers(3).scheduler(policy);
    let pool = builder.build(park, drivers).unwrap();
    let mut random = Random(seed);
    let abort = |random: &mut Random, handles: &mut Vec<JoinHandle<()>>| {
        if random.below(4) == 0 && !handles.is_empty() {
            let at = random.below(handles.len() as u64) as usize;
            handles.swap_remove(at).abort();
        }
    };
    let mut outside = Vec::new();
    for _ in 0..tasks / 2 {
        outside.push(pool.spawn(live(Entry::new(&books), random.below(u64::MAX))));
        abort(&mut random, &mut outside);
    }
    let inside = Arc::clone(&books);
    pool.block_on(async move {
        let mut random = Random(seed ^ 0xabcd);
        let parent = spawn(async move {
            let mut handles = Vec::new();
            for _ in 0..tasks / 2 {
                handles.push(spawn(live(Entry::new(&inside), random.below(u64::MAX))));
                abort(&mut random, &mut handles);
            }
            let awaited = handles.len() / 2;
            for handle in handles.drain(..awaited) {
                let _ = handle.await;
            }
        });
        parent.await.unwrap();
    });
    drop(pool);
    let [spawned, begun, finished, dropped] = [
        &books.spawned,
        &books.begun,
        &books.finished,
        &books.dropped,
    ]
    .map(|n| n.load(Relaxed));
    assert_eq!(spawned, dropped, "each is dropped, once");
    assert!(
        finished <= begun && begun <= spawned,
        "{finished} {begun} {spawned}"
    );
    for handle in outside {
        assert!(handle.is_finished(), "each handle resolves");
    }
}

#[test]
fn each_task_of_many_is_run_once_and_dropped_once() {
    let tasks = std::env::var("EXECUTOR_POOL_STRESS").map_or(20_000, |n| n.parse().unwrap());
    const ROUND: usize = 1_000;
    for n in 0..(tasks / ROUND).max(1) as u64 {
        let seed = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(n + 1);
        match n % 3 {
            0 => round(WorkStealing::new(), ROUND, seed),
            1 => round(Global::new(Fifo::new()), ROUND, seed),
            _ => round(Sharded::new(Fifo::new), ROUND, seed),
        }
    }
}

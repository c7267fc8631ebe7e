//! What a task that waits costs in memory.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use super::{Measured, mt, sample};
use crate::alloc;
use crate::runtimes::{FullPool, Runtime};
use crate::sys;

const TASKS: u32 = 1_000_000;
/// Tasks are let run this often, so that the run queue stays small and is not counted.
const AT_A_TIME: u32 = 1_000;

/// Counts the first polls.
trait Counter: Clone + Unpin {
    fn add_one(&self);
    fn value(&self) -> u32;
}

impl Counter for Rc<Cell<u32>> {
    fn add_one(&self) {
        self.set(self.get() + 1);
    }

    fn value(&self) -> u32 {
        self.get()
    }
}

impl Counter for Arc<AtomicU32> {
    fn add_one(&self) {
        // Pairs with the load in `value`: what a worker has allocated by then has been counted.
        self.fetch_add(1, Ordering::Release);
    }

    fn value(&self) -> u32 {
        self.load(Ordering::Acquire)
    }
}

/// Waits for ever; holds a pointer and some words.
struct Idle<C, const WORDS: usize> {
    polled: C,
    _held: [u64; WORDS],
}

impl<C: Counter, const WORDS: usize> Future for Idle<C, WORDS> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.polled.add_one();
        Poll::Pending
    }
}

/// Bytes per task with a million that have been polled once and wait, each on a future of one
/// pointer and `WORDS` words.
pub(crate) fn idle_bytes<R: Runtime, const WORDS: usize>(id: &'static str) -> Measured {
    R::block_on(count_idle::<Rc<_>, WORDS>(
        id,
        Rc::default(),
        R::spawn_detached,
        R::yield_now,
    ))
}

/// The same on a pool.
pub(crate) fn idle_bytes_of_pool<P: FullPool, const WORDS: usize>(id: &'static str) -> Measured {
    mt::in_task::<P, _>(count_idle::<Arc<_>, WORDS>(
        id,
        Arc::default(),
        P::spawn_detached,
        P::yield_now,
    ))
}

async fn count_idle<C: Counter, const WORDS: usize>(
    id: &'static str,
    polled: C,
    spawn: impl Fn(Idle<C, WORDS>),
    yield_now: impl AsyncFn(),
) -> Measured {
    let mut spawned = 0;
    let mut spawn_some = async || {
        for _ in 0..AT_A_TIME {
            spawn(Idle {
                polled: polled.clone(),
                _held: [0; WORDS],
            });
        }
        spawned += AT_A_TIME;
        while polled.value() < spawned {
            yield_now().await;
        }
    };
    spawn_some().await;
    let resident = sys::resident_bytes()?;
    alloc::start_counting();
    for _ in 0..TASKS / AT_A_TIME {
        spawn_some().await;
    }
    let live = alloc::stop_counting();
    let grown = sys::resident_bytes()?.saturating_sub(resident);
    let each = |bytes| bytes / f64::from(TASKS);
    Ok(vec![
        sample(id, "bytes", each(live as f64)),
        sample(id, "rss_bytes", each(grown as f64)),
    ])
}

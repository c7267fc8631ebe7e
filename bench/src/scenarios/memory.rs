//! What a task that waits costs in memory.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::{Measured, sample};
use crate::alloc;
use crate::runtimes::Runtime;
use crate::sys;

const TASKS: u32 = 1_000_000;
/// Tasks are let run this often, so that the run queue stays small and is not counted.
const AT_A_TIME: u32 = 1_000;

/// Waits for ever; holds a pointer and some words.
struct Idle<const WORDS: usize> {
    polled: Rc<Cell<u32>>,
    _held: [u64; WORDS],
}

impl<const WORDS: usize> Future for Idle<WORDS> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.polled.set(self.polled.get() + 1);
        Poll::Pending
    }
}

/// Bytes per task with a million that have been polled once and wait, each on a future of one
/// pointer and `WORDS` words.
pub(crate) fn idle_bytes<R: Runtime, const WORDS: usize>(id: &'static str) -> Measured {
    R::block_on(async {
        let polled = Rc::new(Cell::new(0));
        let mut spawned = 0;
        let mut spawn_some = async || {
            for _ in 0..AT_A_TIME {
                R::spawn_detached(Idle::<WORDS> {
                    polled: Rc::clone(&polled),
                    _held: [0; WORDS],
                });
            }
            spawned += AT_A_TIME;
            while polled.get() < spawned {
                R::yield_now().await;
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
    })
}

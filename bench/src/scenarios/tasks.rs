//! Spawning, yielding and waking on one thread.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use super::slot::Slot;
use super::{Context, in_task, nanos_each, repeat};
use crate::runtimes::Runtime;

/// Spawns an empty task and awaits it, again and again.
pub(crate) fn spawn_join<R: Runtime>(cx: Context) -> f64 {
    const TASKS: u32 = 10_000;
    in_task::<R, _>(repeat(cx, async || {
        let start = Instant::now();
        for _ in 0..TASKS {
            R::spawn(async {}).await;
        }
        nanos_each(start.elapsed(), TASKS)
    }))
}

/// Spawns a hundred thousand empty tasks, then awaits them all.
pub(crate) fn spawn_many<R: Runtime>(cx: Context) -> f64 {
    const TASKS: u32 = 100_000;
    in_task::<R, _>(repeat(cx, async || {
        let mut joins = Vec::with_capacity(TASKS as usize);
        let start = Instant::now();
        joins.extend((0..TASKS).map(|_| R::spawn(async {})));
        for join in joins {
            join.await;
        }
        nanos_each(start.elapsed(), TASKS)
    }))
}

/// One task alone yields.
pub(crate) fn yield_one<R: Runtime>(cx: Context) -> f64 {
    const YIELDS: u32 = 10_000;
    in_task::<R, _>(repeat(cx, async || {
        let nanos = Rc::new(Cell::new(0.0));
        let out = Rc::clone(&nanos);
        R::spawn(async move {
            let start = Instant::now();
            for _ in 0..YIELDS {
                R::yield_now().await;
            }
            out.set(nanos_each(start.elapsed(), YIELDS));
        })
        .await;
        nanos.get()
    }))
}

/// A thousand tasks yield in turn; spawning them is not part of the time.
pub(crate) fn yield_many<R: Runtime>(cx: Context) -> f64 {
    const TASKS: u32 = 1_000;
    let yields = cx.pick(200, 1_000);
    in_task::<R, _>(repeat(cx, async move || {
        let first_poll = Rc::new(Cell::new(None));
        let mut joins = Vec::with_capacity(TASKS as usize);
        for _ in 0..TASKS {
            let first_poll = Rc::clone(&first_poll);
            joins.push(R::spawn(async move {
                if first_poll.get().is_none() {
                    first_poll.set(Some(Instant::now()));
                }
                for _ in 0..yields {
                    R::yield_now().await;
                }
            }));
        }
        for join in joins {
            join.await;
        }
        let start: Instant = first_poll.get().expect("the tasks have run");
        nanos_each(start.elapsed(), TASKS * yields)
    }))
}

/// Two tasks hand a value to and fro.
pub(crate) fn ping_pong<R: Runtime>(cx: Context) -> f64 {
    const ROUND_TRIPS: u32 = 10_000;
    in_task::<R, _>(repeat(cx, async || {
        let (there, back) = (Rc::new(Slot::default()), Rc::new(Slot::default()));
        let start = Instant::now();
        let pong = {
            let (there, back) = (Rc::clone(&there), Rc::clone(&back));
            R::spawn(async move {
                for _ in 0..ROUND_TRIPS {
                    let value: u32 = Slot::take(Rc::clone(&there)).await;
                    back.put(value + 1);
                }
            })
        };
        let ping = R::spawn(async move {
            for round in 0..ROUND_TRIPS {
                there.put(round);
                let value: u32 = Slot::take(Rc::clone(&back)).await;
                assert_eq!(value, round + 1, "values arrive in turn");
            }
        });
        ping.await;
        pong.await;
        nanos_each(start.elapsed(), 2 * ROUND_TRIPS)
    }))
}

/// Each task spawns the next and ends.
pub(crate) fn chained_spawn<R: Runtime>(cx: Context) -> f64 {
    const LINKS: u32 = 10_000;
    in_task::<R, _>(repeat(cx, async || {
        let end = Rc::new(Slot::default());
        let start = Instant::now();
        link::<R>(LINKS, Rc::clone(&end));
        let () = Slot::take(end).await;
        nanos_each(start.elapsed(), LINKS)
    }))
}

fn link<R: Runtime>(left: u32, end: Rc<Slot<()>>) {
    R::spawn_detached(async move {
        if left > 1 {
            link::<R>(left - 1, end);
        } else {
            end.put(());
        }
    });
}

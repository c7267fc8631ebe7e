//! Spawning, yielding and waking on several threads.

use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::mailbox::Mailbox;
use super::{Context, in_task};
use crate::runtimes::Pool;
use crate::scenarios::{nanos_each, repeat};

/// Spawns a hundred thousand empty tasks from inside a task, then awaits them all.
pub(super) fn spawn_many<P: Pool>(cx: Context) -> f64 {
    const TASKS: u32 = 100_000;
    in_task::<P, _>(repeat(cx, async || {
        let mut joins = Vec::with_capacity(TASKS as usize);
        let start = Instant::now();
        joins.extend((0..TASKS).map(|_| P::spawn(async {})));
        for join in joins {
            join.await;
        }
        nanos_each(start.elapsed(), TASKS)
    }))
}

/// The same from a thread that is no worker, where a task awaits them all.
pub(super) fn spawn_remote<P: Pool>(cx: Context) -> f64 {
    const TASKS: u32 = 100_000;
    let (order, orders) = mpsc::channel::<P::Handle>();
    let (spawned, place) = (Arc::new(Mailbox::default()), Arc::new(Mutex::new(None)));
    let (bell, tray) = (Arc::clone(&spawned), Arc::clone(&place));
    // One thread for all batches: with each new one the allocator would begin anew.
    thread::spawn(move || {
        for handle in orders {
            let mut joins = Vec::with_capacity(TASKS as usize);
            let start = Instant::now();
            joins.extend((0..TASKS).map(|_| P::spawn_from(&handle, async {})));
            *tray.lock().expect("nothing panics with it") = Some((start, joins));
            bell.put(1);
        }
    });
    in_task::<P, _>(repeat(cx, async move || {
        order.send(P::handle()).expect("the thread takes orders");
        spawned.take().await;
        let taken = place.lock().expect("nothing panics with it").take();
        let (start, joins): (Instant, Vec<_>) = taken.expect("left there before the bell");
        for join in joins {
            join.await;
        }
        nanos_each(start.elapsed(), TASKS)
    }))
}

/// Spawns a hundred empty tasks and awaits them, again and again.
pub(super) fn fan_join<P: Pool>(cx: Context) -> f64 {
    const WIDTH: u32 = 100;
    const FANS: u32 = 100;
    in_task::<P, _>(repeat(cx, async || {
        let mut joins = Vec::with_capacity(WIDTH as usize);
        let start = Instant::now();
        for _ in 0..FANS {
            joins.extend((0..WIDTH).map(|_| P::spawn(async {})));
            for join in joins.drain(..) {
                join.await;
            }
        }
        nanos_each(start.elapsed(), WIDTH * FANS)
    }))
}

/// A thousand tasks yield; spawning them is not part of the time.
pub(super) fn yield_many<P: Pool>(cx: Context) -> f64 {
    const TASKS: u32 = 1_000;
    let yields = cx.pick(200, 1_000);
    in_task::<P, _>(repeat(cx, async move || {
        let first_poll = Arc::new(OnceLock::new());
        let mut joins = Vec::with_capacity(TASKS as usize);
        for _ in 0..TASKS {
            let first_poll = Arc::clone(&first_poll);
            joins.push(P::spawn(async move {
                first_poll.get_or_init(Instant::now);
                for _ in 0..yields {
                    P::yield_now().await;
                }
            }));
        }
        for join in joins {
            join.await;
        }
        let start = first_poll.get().expect("the tasks have run");
        nanos_each(start.elapsed(), TASKS * yields)
    }))
}

/// Pairs of tasks, each of which hands a number to and fro.
pub(super) fn ping_pong<P: Pool>(cx: Context, pairs: u32) -> f64 {
    const HAND_OVERS: u32 = 50_000;
    let round_trips = HAND_OVERS / (2 * pairs);
    in_task::<P, _>(repeat(cx, async move || {
        let start = Instant::now();
        let mut joins = Vec::with_capacity(pairs as usize);
        for _ in 0..pairs {
            let (there, back) = (Arc::new(Mailbox::default()), Arc::new(Mailbox::default()));
            let (theirs, answer) = (Arc::clone(&there), Arc::clone(&back));
            P::spawn_detached(async move {
                for _ in 0..round_trips {
                    answer.put(theirs.take().await + 1);
                }
            });
            joins.push(P::spawn(async move {
                for round in 1..=round_trips {
                    there.put(round);
                    assert_eq!(back.take().await, round + 1, "numbers arrive in turn");
                }
            }));
        }
        for join in joins {
            join.await;
        }
        nanos_each(start.elapsed(), 2 * round_trips * pairs)
    }))
}

/// Bursts of children of unequal length, all from one task; every microsecond from 1 to 10 equally
/// often.
pub(super) fn skewed<P: Pool>(cx: Context) -> f64 {
    const CHILDREN: u32 = 200;
    const BURSTS: u32 = 10;
    in_task::<P, _>(repeat(cx, async || {
        let mut joins = Vec::with_capacity(CHILDREN as usize);
        let start = Instant::now();
        for _ in 0..BURSTS {
            joins.extend((0..CHILDREN).map(|n| {
                // 7 and 10 have no common divisor: all lengths come, in no rising order.
                let length = Duration::from_micros(1 + u64::from(n * 7 % 10));
                P::spawn(async move { burn(length) })
            }));
            for join in joins.drain(..) {
                join.await;
            }
        }
        nanos_each(start.elapsed(), CHILDREN * BURSTS)
    }))
}

/// Keeps its thread busy for that long.
pub(super) fn burn(length: Duration) {
    let start = Instant::now();
    while start.elapsed() < length {}
}

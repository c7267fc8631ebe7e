//! S12, S13: what happens to many tasks at once, and in which order.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use super::gates::{at_gates, open_all};
use super::load::{Caller, Tasks, join};
use super::watch::{PATIENCE, watch};
use crate::Case;
use crate::adapter::Spawn;
use crate::devices::{turns, yield_once};
use crate::lock::lock;

/// More than any queue of fixed size holds.
const MANY: usize = 10_000;
/// How often each task is to be polled: when it is new, and when it was woken.
const POLLS: usize = 2;

/// How many tasks come to be ready at once.
#[derive(Clone, Copy)]
enum Burst {
    SpawnedByTheRoot,
    SpawnedByATask,
    WokenByATask,
    WokenByAThread,
}

impl fmt::Display for Burst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SpawnedByTheRoot => "spawned by the root",
            Self::SpawnedByATask => "spawned by a task",
            Self::WokenByATask => "woken by a task",
            Self::WokenByAThread => "woken by a thread",
        })
    }
}

/// S12: of very many ready tasks, none is lost, and none is run twice.
pub fn s12_must_queue_overflow_keeps_every_task_once<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        for burst in [
            Burst::SpawnedByTheRoot,
            Burst::SpawnedByATask,
            Burst::WokenByATask,
            Burst::WokenByAThread,
        ] {
            case.event(burst);
            // Tasks that are polled without a wake are another rule's. A bystander who is not
            // woken tells whether there are such.
            let bystander = Arc::new(Tally::default());
            let watched = |_, gate| bystander.watch(gate);
            let (tasks, openers) = at_gates::<E, _, _>(&handle, 1, watched).await;
            let polls = run::<E>(&handle, burst).await;
            let [polls_of_bystander, ..] = bystander.counts();
            open_all(&openers);
            join(tasks).await;
            assert!(
                polls == MANY * POLLS || polls_of_bystander > 1,
                "{MANY} tasks, {burst}, were due {POLLS} polls each and got {polls}: some ran \
                 more than once for a wake"
            );
        }
    });
}

/// Makes many tasks ready at once and waits for them; gives the number of their polls.
async fn run<E: Spawn>(handle: &E::Handle, burst: Burst) -> usize {
    let tally = Arc::new(Tally::default());
    let (watched, seen) = (Arc::clone(&tally), Arc::clone(&tally));
    let progress = move || {
        let [polls, ended, _] = watched.counts();
        polls + ended
    };
    let failure = || {
        let [polls, ended, _] = seen.counts();
        format!("{MANY} tasks, {burst}: {ended} ended, after {polls} polls; the rest was lost")
    };
    let all = async {
        let (tasks, caller) = start::<E>(handle, burst, &tally).await;
        join(tasks).await;
        if let Some(caller) = caller {
            caller.join();
        }
    };
    watch(PATIENCE, progress, failure, all).await;
    // What was queued twice would still be there.
    turns::<E>(handle, 50).await;
    let [polls, ended, misused] = tally.counts();
    assert_eq!(
        misused, 0,
        "{burst}: a task was polled while it ran, or after its end"
    );
    assert_eq!(ended, MANY, "tasks, {burst}, that ended");
    polls
}

async fn start<E: Spawn>(
    handle: &E::Handle,
    burst: Burst,
    tally: &Arc<Tally>,
) -> (Tasks, Option<Caller>) {
    let (spawner, watching) = (handle.clone(), Arc::clone(tally));
    let spawn = move || -> Tasks {
        let yielding = (0..MANY).map(|_| watching.watch(yield_once()));
        yielding.map(|task| E::spawn(&spawner, task)).collect()
    };
    match burst {
        Burst::SpawnedByTheRoot => (spawn(), None),
        Burst::SpawnedByATask => {
            let spawning = E::spawn(handle, async move { spawn() });
            (spawning.await.expect("no panic"), None)
        }
        Burst::WokenByATask | Burst::WokenByAThread => {
            let (tasks, openers) =
                at_gates::<E, _, _>(handle, MANY, |_, gate| tally.watch(gate)).await;
            let wake = move || open_all(&openers);
            if let Burst::WokenByAThread = burst {
                // Nobody waits for the thread, so that what `wake` may wait for can happen.
                return (tasks, Some(Caller::new(wake)));
            }
            let waking = E::spawn(handle, async move { wake() });
            waking.await.expect("no panic");
            (tasks, None)
        }
    }
}

/// What became of the tasks.
#[derive(Default)]
struct Tally {
    polls: AtomicUsize,
    ended: AtomicUsize,
    misused: AtomicUsize,
}

impl Tally {
    fn counts(&self) -> [usize; 3] {
        [&self.polls, &self.ended, &self.misused].map(|count| count.load(SeqCst))
    }

    /// `future`, counted here.
    fn watch<F>(self: &Arc<Self>, future: F) -> Watched<F> {
        Watched {
            future: Box::pin(future),
            taken: AtomicUsize::new(0),
            tally: Arc::clone(self),
        }
    }
}

struct Watched<F> {
    future: Pin<Box<F>>,
    /// 0 at rest, more while it is polled and after its end.
    taken: AtomicUsize,
    tally: Arc<Tally>,
}

impl<F: Future<Output = ()>> Future for Watched<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.tally.polls.fetch_add(1, SeqCst);
        if self.taken.fetch_add(1, SeqCst) != 0 {
            self.tally.misused.fetch_add(1, SeqCst);
            return Poll::Pending;
        }
        let polled = self.future.as_mut().poll(cx);
        if polled.is_ready() {
            self.tally.ended.fetch_add(1, SeqCst);
        } else {
            self.taken.fetch_sub(1, SeqCst);
        }
        polled
    }
}

/// S13: the order in which tasks run that were spawned, woken, or yielded.
pub fn s13_info_wake_and_spawn_order<E: Spawn>(case: &Case) {
    const TASKS: usize = 8;
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        let (spawner, order) = (handle.clone(), Order::default());
        let noted = order.clone();
        let spawned = E::spawn(&handle, async move {
            let tasks = (0..TASKS).map(|task| {
                let order = noted.clone();
                E::spawn(&spawner, async move {
                    order.note(task);
                    yield_once().await;
                    order.note(TASKS + task);
                })
            });
            tasks.collect::<Tasks>()
        });
        join(spawned.await.expect("no panic")).await;
        case.note(format_args!("spawned, then yielded: {:?}", order.take()));

        let (mut tasks, openers) = at_gates::<E, _, _>(&handle, TASKS, |task, gate| {
            let order = order.clone();
            async move {
                gate.await;
                order.note(task);
            }
        })
        .await;
        tasks.push(E::spawn(&handle, async move { open_all(&openers) }));
        join(tasks).await;
        case.note(format_args!("woken by a task: {:?}", order.take()));
    });
}

/// The tasks that ran, in order.
#[derive(Clone, Default)]
struct Order(Arc<Mutex<Vec<usize>>>);

impl Order {
    fn note(&self, task: usize) {
        lock(&self.0).push(task);
    }

    fn take(&self) -> Vec<usize> {
        std::mem::take(&mut *lock(&self.0))
    }
}

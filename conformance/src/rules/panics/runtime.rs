//! Panics of the root, and of code around the executor.

use std::cell::Cell;
use std::future::{Ready, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use crate::adapter::{Executor, Spawn};
use crate::devices::{Opener, gate, yield_once};
use crate::rules::join::support::{
    Aside, Seen, Slot, Tally, block_on, ended, in_time, is_expected, persist, probe, raise,
};
use crate::{Case, JoinHandle};

/// P8: the root's panic comes out of `block_on`, and the executor goes on.
pub fn p08_must_propagate_the_roots_panic<E: Executor>(_: &Case) {
    let mut executor = E::new();
    for when in [
        "in its first poll",
        "after a wake of its own",
        "after a thread's wake",
    ] {
        let (root, seen) = probe(async {
            match when {
                "in its first poll" => {}
                "after a wake of its own" => yield_once().await,
                _ => wait_for_a_thread().await,
            }
            resume_unwind(Box::new(7_u64));
        });
        let result: thread::Result<()> = catch_unwind(AssertUnwindSafe(|| executor.block_on(root)));
        let Err(payload) = result else {
            panic!("the root panicked {when}, and `block_on` returned");
        };
        assert_eq!(
            payload.downcast_ref(),
            Some(&7_u64),
            "the root panicked {when}, and `block_on` did with another payload"
        );
        assert_eq!(seen.drops(), 1, "drops of a root that panicked {when}");
        let again = catch_unwind(AssertUnwindSafe(|| {
            executor.block_on(async {
                yield_once().await;
                wait_for_a_thread().await;
            });
        }));
        assert!(
            again.is_ok(),
            "the root panicked {when}, and so does `block_on` since then"
        );
    }
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(executor)));
    assert!(
        dropped.is_ok(),
        "roots panicked, and so does the executor's drop"
    );
}

async fn wait_for_a_thread() {
    let (gate, opener) = gate();
    let opening = thread::spawn(move || opener.open());
    gate.await;
    opening.join().expect("`wake` does not panic");
}

/// P9: a user's panic around `spawn` leaves `spawn` usable.
pub fn p09_must_not_be_poisoned_by_a_panic_in_spawn<E: Spawn>(_: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let outside = catch_unwind(AssertUnwindSafe(|| E::spawn(&handle, no_future())));
    assert!(
        outside.is_err(),
        "the argument of `spawn` panicked, and `spawn` returned"
    );
    let step = Cell::new(0);
    // Where a task's panic comes out of `block_on`, the next call goes on with the next step.
    persist(&mut executor, || async {
        while step.get() < 5 {
            let number = step.replace(step.get() + 1);
            panic_around_spawn::<E>(&handle, number).await;
            spawns::<E>(&handle).await;
        }
        spawns::<E>(&handle).await;
    });
}

fn no_future() -> Ready<()> {
    raise()
}

/// Panics in one of several ways, while something is spawned.
async fn panic_around_spawn<E: Spawn>(handle: &E::Handle, way: usize) {
    let orphan = Slot::new();
    let parent = SpawnsInDrop::<E> {
        handle: handle.clone(),
        child: orphan.clone(),
    };
    match way {
        0 => {
            let argument = catch_unwind(AssertUnwindSafe(|| E::spawn(handle, no_future())));
            assert!(
                argument.is_err(),
                "`spawn` swallowed the panic of its argument"
            );
        }
        1 => {
            let inner = handle.clone();
            die::<E>(handle, async move { drop(E::spawn(&inner, no_future())) }).await;
        }
        2 => die::<E>(handle, async { raise() }).await,
        3 => {
            die::<E>(handle, async move {
                let _parent = parent;
                raise();
            })
            .await;
        }
        _ => {
            let unwound = catch_unwind(AssertUnwindSafe(|| {
                let _parent = parent;
                raise();
            }));
            assert!(unwound.is_err());
        }
    }
    if let Some(orphan) = orphan.take() {
        let what = "a task that a destructor spawned while the thread unwound does not run";
        let outcome = in_time(what, orphan).await;
        assert!(outcome.is_ok(), "{what}: {outcome:?}");
    }
}

/// Runs a task that panics, to its end.
async fn die<E: Spawn>(handle: &E::Handle, future: impl Future<Output = ()> + Send + 'static) {
    let (probe, seen) = probe(future);
    let task = E::spawn(handle, probe);
    seen.dropped("a task panicked, and its future is not dropped")
        .await;
    drop(task);
}

async fn spawns<E: Spawn>(handle: &E::Handle) {
    let spawned = catch_unwind(AssertUnwindSafe(|| E::spawn(handle, async { 7 })));
    let Ok(task) = spawned else {
        panic!("something panicked around `spawn`, and `spawn` panics since then");
    };
    let what = "something panicked around `spawn`, and a new task does not run";
    let outcome = in_time(what, task).await;
    assert!(matches!(outcome, Ok(7)), "a new task gave {outcome:?}");
}

/// Spawns a task when it is dropped.
struct SpawnsInDrop<E: Spawn> {
    handle: E::Handle,
    child: Slot<JoinHandle<()>>,
}

impl<E: Spawn> Drop for SpawnsInDrop<E> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.child.put(E::spawn(&self.handle, async {}));
        }
    }
}

/// P10: dropping the executor while the thread unwinds does not end the process.
pub fn p10_must_drop_while_unwinding<E: Spawn>(case: &Case) {
    for by_root in [false, true] {
        for handles_first in [false, true] {
            case.event(format_args!(
                "an executor is dropped while the thread unwinds; the root panicked: {by_root}, \
                 handles go first: {handles_first}"
            ));
            let watched = Slot::new();
            let unwound: thread::Result<()> = catch_unwind(AssertUnwindSafe(|| {
                let mut _after = None;
                let mut executor = E::new();
                let mut _before = None;
                let handle = executor.handle();
                executor.block_on(async {
                    let crowd = Crowd::spawn::<E>(&handle).await;
                    watched.put(crowd.watched.clone());
                    *(if handles_first {
                        &mut _before
                    } else {
                        &mut _after
                    }) = Some(crowd);
                    if by_root {
                        raise();
                    }
                });
                raise();
            }));
            let Err(payload) = unwound else {
                panic!("a panic was swallowed");
            };
            assert!(
                is_expected(&*payload),
                "another panic took the place of the first"
            );
            // An executor may leak futures rather than run their drops while it unwinds.
            let watched: Vec<Seen> = watched.take().expect("the root put them there");
            assert!(watched.iter().all(|seen| seen.drops() <= 1));
        }
    }
}

/// Tasks in every state that an executor knows.
struct Crowd {
    watched: Vec<Seen>,
    openers: Vec<Opener>,
    _tasks: Vec<JoinHandle<()>>,
}

impl Crowd {
    async fn spawn<E: Spawn>(handle: &E::Handle) -> Self {
        let mut crowd = Self {
            watched: Vec::new(),
            openers: Vec::new(),
            _tasks: vec![ended::<E, _>(handle, ()).await],
        };
        for _ in 0..8 {
            let (gate, opener) = gate();
            crowd.add::<E>(handle, gate);
            crowd.openers.push(opener);
            crowd.add::<E>(handle, pending());
        }
        for seen in &crowd.watched {
            seen.polled().await;
        }
        // These are running, queued, joining and new when the root goes on.
        for _ in 0..4 {
            let joined = crowd._tasks.pop().expect("some were spawned");
            crowd.add::<E>(handle, async move {
                // What the other gave does not matter.
                let _ = joined.await;
            });
            crowd.add::<E>(handle, async {
                for _ in 0..1_000 {
                    yield_once().await;
                }
            });
        }
        crowd
    }

    fn add<E: Spawn>(
        &mut self,
        handle: &E::Handle,
        future: impl Future<Output = ()> + Send + 'static,
    ) {
        let (probe, seen) = probe(future);
        self._tasks.push(E::spawn(handle, probe));
        self.watched.push(seen);
    }
}

/// P12: the root's panic does not harm tasks.
pub fn p12_must_keep_tasks_sound_after_the_roots_panic<E: Spawn>(case: &Case) {
    let aside = Aside::new();
    for round in 0..10 {
        let mut executor = E::new();
        let handle = executor.handle();
        let crowd = Slot::new();
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            executor.block_on(async {
                let spawned = Crowd::spawn::<E>(&handle).await;
                let openers = spawned.openers.clone();
                crowd.put(spawned);
                // Another thread wakes some of the tasks at about the time of the panic.
                let opened = aside.ask(move || openers.iter().for_each(|gate| _ = gate.open()));
                if round % 2 == 0 {
                    opened.get("`wake` does not come back").await;
                }
                raise();
            });
        }));
        case.event(format_args!("round {round}: the root has panicked"));
        let payload = unwound.expect_err("a panic of the root was swallowed");
        assert!(
            is_expected(&*payload),
            "another panic took the place of the root's"
        );
        use_again::<E>(&mut executor, &handle);
        let crowd: Crowd = crowd.take().expect("the root put it there");
        drop(executor);
        let what = "the root panicked, then the executor was dropped; a future is not dropped";
        crowd
            .watched
            .iter()
            .for_each(|seen| block_on(seen.dropped(what)));
    }
}

/// Spawns and joins, as on a new executor.
fn use_again<E: Spawn>(executor: &mut E, handle: &E::Handle) {
    let again = catch_unwind(AssertUnwindSafe(|| {
        executor.block_on(async {
            let outputs = Tally::new();
            for _ in 0..10 {
                let (gate, opener) = gate();
                let output = outputs.token();
                let task = E::spawn(handle, async move {
                    gate.await;
                    output
                });
                yield_once().await;
                opener.open();
                let what = "the root panicked; the next root's tasks do not run";
                let outcome = in_time(what, task).await;
                assert!(
                    outcome.is_ok(),
                    "the root panicked; the next root's task was cancelled"
                );
            }
            assert_eq!(outputs.count(), 10, "outputs that were joined and dropped");
        });
    }));
    if let Err(payload) = again {
        if is_expected(&*payload) {
            panic!("the root panicked, and the next `block_on` panicked with the same payload");
        }
        resume_unwind(payload);
    }
}

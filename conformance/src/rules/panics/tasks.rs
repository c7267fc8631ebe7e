//! What the panic of a task does, and of whoever waits for it.

use std::any::Any;
use std::cell::{Cell, OnceCell};
use std::future::{Future, poll_fn};
use std::hint;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};
use std::thread;

use crate::adapter::Spawn;
use crate::devices::{Opener, gate};
use crate::rules::join::support::{
    Seen, Slot, Tally, block_on, contained, in_time, persist, poll_with, probe, raise,
};
use crate::{Case, JoinError, JoinHandle};

/// Tasks that wait while something happens, and must run afterwards.
pub(super) struct Peers {
    openers: Vec<Opener>,
    watched: Vec<Seen>,
    // Kept, because dropping a handle may cancel.
    _tasks: Vec<JoinHandle<()>>,
}

impl Peers {
    pub(super) async fn spawn<E: Spawn>(handle: &E::Handle) -> Self {
        let mut peers = Self {
            openers: Vec::new(),
            watched: Vec::new(),
            _tasks: Vec::new(),
        };
        for _ in 0..8 {
            let (gate, opener) = gate();
            let (probe, seen) = probe(gate);
            peers._tasks.push(E::spawn(handle, probe));
            peers.openers.push(opener);
            peers.watched.push(seen);
        }
        for seen in &peers.watched {
            seen.polled().await;
        }
        peers
    }

    /// Fails unless they run, and so do new tasks.
    pub(super) async fn go_on<E: Spawn>(&self, handle: &E::Handle, after: &str) {
        self.openers.iter().for_each(|opener| _ = opener.open());
        for seen in &self.watched {
            let what = format!("after {after}, a task that waited does not run when it is woken");
            seen.dropped(what).await;
            assert!(
                seen.has_finished(),
                "after {after}, a task that waited is cancelled"
            );
        }
        let what = format!("after {after}, a new task does not run");
        let fresh = in_time(what, E::spawn(handle, async { 7 })).await;
        assert!(
            matches!(fresh, Ok(7)),
            "after {after}, a new task gives {fresh:?}"
        );
    }
}

/// P1: a task's panic stays in the task.
pub fn p01_should_contain_a_tasks_panic<E: Spawn>(_: &Case) {
    // More than an executor is likely to have threads.
    let tasks = 64.max(4 * thread::available_parallelism().map_or(1, NonZero::get));
    let after = format!("{tasks} tasks panicked");
    let mut executor = E::new();
    let handle = executor.handle();
    let root = async {
        let peers = Peers::spawn::<E>(&handle).await;
        let panics = Tally::new();
        let mut handles = Vec::new();
        for number in 0..tasks {
            let (gate, opener) = gate();
            let panics = panics.token();
            handles.push(E::spawn(&handle, async move {
                if number % 2 == 0 {
                    gate.await;
                }
                // It is dropped by the panic.
                let _panics = panics;
                raise();
            }));
            opener.open();
        }
        let what = "of many tasks that panic, not all get to run: the first took threads along";
        panics.reach(tasks, what).await;
        peers.go_on::<E>(&handle, &after).await;
        drop(handles);
    };
    contained(&mut executor, "the panic of a task", root);
    let again = async {
        let peers = Peers::spawn::<E>(&handle).await;
        peers.go_on::<E>(&handle, &after).await;
    };
    contained(&mut executor, "the panic of a task", again);
}

/// P2: the payload of a task's panic reaches its joiner.
pub fn p02_must_hand_on_the_payload<E: Spawn>(_: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let root = async {
        let fixed = join_panic(E::spawn(&handle, async { panic!("a fixed text") })).await;
        assert_eq!(fixed.downcast_ref(), Some(&"a fixed text"), "{LOST}");

        let (gate, opener) = gate();
        let later = E::spawn(&handle, async move {
            gate.await;
            panic!("a text with a number: {}", hint::black_box(7))
        });
        opener.open();
        let formatted = join_panic(later).await;
        let text = formatted.downcast_ref::<String>().map(String::as_str);
        assert_eq!(text, Some("a text with a number: 7"), "{LOST}");

        let number = join_panic(E::spawn(&handle, async { panic_any(7_u64) })).await;
        assert_eq!(number.downcast_ref(), Some(&7_u64), "{LOST}");

        let woken = poll_fn(|cx| -> Poll<()> {
            cx.waker().wake_by_ref();
            panic_any(8_u64)
        });
        let woken = join_panic(E::spawn(&handle, woken)).await;
        assert_eq!(woken.downcast_ref(), Some(&8_u64), "{LOST}");
    };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| executor.block_on(root))) {
        assert!(
            payload.downcast_ref() != Some(&"a fixed text"),
            "a task's panic came out of `block_on`, not of the handle"
        );
        resume_unwind(payload);
    }
}

const LOST: &str = "the handle of a task that panicked has another payload";

async fn join_panic(task: JoinHandle<()>) -> Box<dyn Any + Send> {
    match in_time("the handle of a task that panicked never resolves", task).await {
        Err(JoinError::Panicked(Some(payload))) => payload,
        Err(JoinError::Panicked(None)) => {
            panic!("the handle of a task that panicked has no payload")
        }
        other => panic!("a task panicked, and its handle gave {other:?}"),
    }
}

/// P3: the future of a task that panicked is dropped.
pub fn p03_must_drop_the_panicked_future<E: Spawn>(_: &Case) {
    for (waits, keeps) in [(false, true), (true, true), (false, false), (true, false)] {
        let mut executor = E::new();
        let handle = executor.handle();
        let payloads = Tally::new();
        let payload = payloads.token();
        let (gate, opener) = gate();
        let (probe, seen) = probe(async move {
            if waits {
                gate.await;
            }
            resume_unwind(Box::new(payload));
        });
        let mut probe = Some(probe);
        let spawned = Slot::new();
        persist(&mut executor, || {
            let (probe, seen, spawned) = (probe.take(), seen.clone(), spawned.clone());
            let (opener, handle) = (opener.clone(), handle.clone());
            async move {
                if let Some(probe) = probe {
                    spawned.put(E::spawn(&handle, probe));
                }
                seen.polled().await;
                if !keeps {
                    drop(spawned.take());
                }
                opener.open();
                let what = "a task panicked, and its future is not dropped";
                seen.dropped(what).await;
            }
        });
        drop(executor);
        drop(spawned.take());
        let what = "a task panicked, nobody took the payload, and it is never dropped";
        block_on(payloads.reach(1, what));
        assert_eq!(payloads.count(), 1, "drops of a panic's payload");
    }
}

/// P4: a future that wakes its task and panics does not wedge the executor.
pub fn p04_must_not_wedge_on_wake_then_panic<E: Spawn>(_: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let begun = OnceCell::new();
    let attempts = Cell::new(0);
    persist(&mut executor, || async {
        attempts.set(attempts.get() + 1);
        if begun.get().is_none() {
            let peers = Peers::spawn::<E>(&handle).await;
            assert!(begun.set((peers, Dying::spawn::<E>(&handle))).is_ok());
        }
        let (peers, dying) = begun.get().expect("it was set above");
        // Where panics come out of `block_on`, which is another rule's concern, nobody is told.
        dying.end(attempts.get() == 1).await;
        peers
            .go_on::<E>(&handle, "tasks woke themselves and panicked")
            .await;
        for seen in &dying.watched {
            assert_eq!(
                seen.polls(),
                1,
                "polls of a future that panicked in the first"
            );
        }
    });
}

/// Tasks that wake themselves and panic.
struct Dying {
    watched: Vec<Seen>,
    tasks: Slot<Vec<JoinHandle<()>>>,
    /// A waker of one of them.
    left: Slot<Waker>,
}

impl Dying {
    fn spawn<E: Spawn>(handle: &E::Handle) -> Self {
        let left = Slot::new();
        let spawned = (0..30).map(|number| {
            let (probe, seen) = probe(wake_and_panic(number, left.clone()));
            (seen, E::spawn(handle, probe))
        });
        let (watched, handles) = spawned.collect::<(Vec<_>, Vec<_>)>();
        let tasks = Slot::new();
        tasks.put(handles);
        Self {
            watched,
            tasks,
            left,
        }
    }

    /// Waits until all are dead, wakes one more of them, and joins them if that can be.
    async fn end(&self, joins: bool) {
        for seen in &self.watched {
            let what = "a task woke itself and panicked, and its future is not dropped";
            seen.dropped(what).await;
        }
        let waker = self.left.take().expect("one of the tasks left its waker");
        waker.wake_by_ref();
        waker.wake();
        let tasks = self.tasks.take().unwrap_or_default();
        for task in tasks.into_iter().filter(|_| joins) {
            let what = "a task woke itself and panicked, and its handle never resolves";
            let outcome = in_time(what, task).await;
            assert!(outcome.is_err(), "a task that panicked gave an output");
        }
    }
}

/// A future that wakes its task in one of several ways, and panics.
fn wake_and_panic(number: usize, left: Slot<Waker>) -> impl Future<Output = ()> + Send {
    poll_fn(move |cx| {
        match number % 3 {
            0 => cx.waker().wake_by_ref(),
            1 => {
                cx.waker().wake_by_ref();
                let waker = cx.waker().clone();
                let waking = thread::spawn(move || waker.wake());
                waking.join().expect("`wake` does not panic");
            }
            // The root will call it.
            _ => left.put(cx.waker().clone()),
        }
        raise()
    })
}

/// P7: the panic of a join waker is contained.
pub fn p07_should_contain_a_panicking_join_waker<E: Spawn>(case: &Case) {
    const TASKS: usize = 16;
    case.event("tasks end, and the wakers of who awaits them panic");
    let mut executor = E::new();
    let handle = executor.handle();
    let root = async {
        let peers = Peers::spawn::<E>(&handle).await;
        let wakes = Tally::new();
        let mut tasks = Vec::new();
        for number in 0..TASKS {
            let (gate, opener) = gate();
            let mut task = E::spawn(&handle, async move {
                gate.await;
                number
            });
            let waker = Waker::from(Arc::new(Panicking(wakes.clone())));
            let polled = poll_with(&mut task, &waker);
            assert!(polled.is_pending(), "the handle of a waiting task is ready");
            opener.open();
            tasks.push(task);
        }
        let what = "tasks ended, and the wakers of who awaited them are not all woken";
        wakes.reach(TASKS, what).await;
        peers.go_on::<E>(&handle, "join wakers panicked").await;
        for (number, task) in tasks.into_iter().enumerate() {
            let what = "the waker of a task's joiner panicked, and the handle never resolves";
            let outcome = in_time(what, task).await;
            assert!(
                matches!(outcome, Ok(output) if output == number),
                "the waker of a task's joiner panicked, and the handle gave {outcome:?}"
            );
        }
    };
    contained(&mut executor, "the panic of a join waker", root);
}

/// A waker that panics when it is woken, unless the thread panics already.
struct Panicking(Tally);

impl Wake for Panicking {
    fn wake(self: Arc<Self>) {
        self.0.add();
        if !thread::panicking() {
            raise();
        }
    }
}

//! Dropping an executor that has local tasks: N6, N8.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc;
use std::thread;

use super::home::{Home, park_local};
use crate::adapter::SpawnLocal;
use crate::devices::Opener;
use crate::rules::wakers::kit::{Bell, Slot, at_exit, park_future, said};
use crate::{Case, JoinHandle};

/// N6: an executor with local tasks can be dropped by a thread-local's destructor.
pub fn n06_must_drop_in_a_thread_local<E: SpawnLocal>(case: &Case) {
    let plain = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&plain);
    let control = thread::spawn(move || drop(with_local_tasks::<E>(&counted)));
    case.watch(
        "an executor with local tasks could not be entered, or dropped",
        || {
            control
                .join()
                .expect("an executor with local tasks can be dropped")
        },
    );
    for slot in [Slot::First, Slot::Second] {
        case.event(format_args!(
            "the executor is dropped by a thread-local: {slot:?}"
        ));
        let drops = Arc::new(AtomicUsize::new(0));
        let (panics, panicked) = mpsc::channel();
        let counted = Arc::clone(&drops);
        let owner = thread::spawn(move || {
            // What is used first is destroyed last: after the executor's own thread-locals.
            at_exit(Slot::First, &panics, || ());
            let executor = with_local_tasks::<E>(&counted);
            at_exit(slot, &panics, move || drop(executor));
        });
        case.watch(
            "dropping an executor with local tasks in a thread-local's destructor did not return",
            || owner.join().expect("the thread ends"),
        );
        if let Ok(said) = panicked.try_recv() {
            panic!("dropping an executor in a thread-local's destructor panicked: {said}");
        }
        assert_eq!(
            drops.load(SeqCst),
            plain.load(SeqCst),
            "a drop in a thread-local's destructor did not drop the futures that a plain drop does"
        );
    }
}

/// An executor with local tasks that wait, and one that was never polled, and their handles.
fn with_local_tasks<E: SpawnLocal>(drops: &Arc<AtomicUsize>) -> (E, Vec<JoinHandle<()>>) {
    let mut executor = E::new();
    let handle = executor.handle();
    let waits = Bell::default();
    let spawn = || {
        let counted = CountedDrop(Arc::clone(drops));
        let (parking, _) = park_future(&waits);
        E::spawn_local(&handle, async move {
            let _counted = counted;
            parking.await;
        })
    };
    let tasks = executor.block_on(async {
        let mut tasks: Vec<_> = (0..3).map(|_| spawn()).collect();
        waits.heard(3).await;
        tasks.push(spawn());
        tasks
    });
    (executor, tasks)
}

/// Counts its drop, without asking for the thread, which may have no thread-locals any more.
struct CountedDrop(Arc<AtomicUsize>);

impl Drop for CountedDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// N8: dropping an executor drops its pending local tasks, and neither panics nor spins.
pub fn n08_must_dropping_pending_tasks_ends<E: SpawnLocal>(case: &Case) {
    const TASKS: usize = 50;
    let home = Home::here();
    let mut executor = E::new();
    let handle = executor.handle();
    let (mut waiting, woken) = case.watch("a local task was spawned and never polled", || {
        executor.block_on(async {
            let mut waiting = wake_each_other::<E>(&handle, &home, TASKS).await;
            let woken = park_local::<E>(&handle, &home).await;
            let joined = park_local::<E>(&handle, &home).await.handle;
            let joining = home.future(async move {
                let _ = joined.await;
            });
            waiting.push(E::spawn_local(&handle, joining));
            (waiting, woken)
        })
    });
    if let Some(waker) = woken.gate.take_waker() {
        waker.wake();
    }
    waiting.push(woken.handle);
    case.event("dropping the executor; if this is the end, that spins");
    let dropped = case.watch(
        "dropping an executor with pending local tasks did not return",
        || catch_unwind(AssertUnwindSafe(|| drop(executor))),
    );
    if let Err(payload) = dropped {
        let said = said(payload.as_ref());
        panic!("dropping an executor with pending local tasks panicked: {said}");
    }
    let left = home.left();
    assert!(
        left == 0,
        "{left} pending local futures were not dropped with the executor"
    );
    drop(waiting);
    home.judge("the executor was dropped with tasks that were pending");
}

/// Local tasks that wait, each of which wakes all others, and itself, in its drop.
async fn wake_each_other<E: SpawnLocal>(
    handle: &E::Handle,
    home: &Home,
    count: usize,
) -> Vec<JoinHandle<()>> {
    let waits = Bell::default();
    let (futures, gates): (Vec<_>, Vec<_>) = (0..count).map(|_| park_future(&waits)).unzip();
    let tasks = futures.into_iter().map(|parking| {
        let on_drop = WakeAll(gates.clone());
        let future = async move {
            let _on_drop = on_drop;
            parking.await;
        };
        E::spawn_local(handle, home.future(future))
    });
    let tasks = tasks.collect();
    waits.heard(count).await;
    tasks
}

/// Wakes who waits at the gates, without opening them.
struct WakeAll(Vec<Opener>);

impl Drop for WakeAll {
    fn drop(&mut self) {
        for gate in &self.0 {
            if let Some(waker) = gate.take_waker() {
                waker.wake_by_ref();
                waker.wake();
            }
        }
    }
}

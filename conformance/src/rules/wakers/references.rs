//! That wakers count their references: W5, W6, W18.

use std::future::{Future, poll_fn};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;

use super::kit::{Patient, grows, joined, leaks_anyway, wake_a_clone};
use crate::Case;
use crate::adapter::{Executor, Spawn};
use crate::devices::{allocated, sentinel, turns};

/// How many tasks or calls a leak must follow to be called one.
const COUNT: usize = 300;

/// W5: `wake_by_ref` keeps the waker's reference to its task, and `wake` consumes it.
pub fn w05_must_wake_by_ref_keeps_the_reference<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    case.watch(
        "a task was not polled after `wake_by_ref`, which was not the first on that waker",
        || executor.block_on(wake_one_often::<E>(&handle)),
    );
    let grown = case.watch("a task that was woken in any state did not end", || {
        grows(COUNT, |tasks| {
            executor.block_on(wake_in_any_state::<E>(&handle, tasks));
        })
    });
    judge_tasks(
        case,
        &mut executor,
        "waking tasks by reference and by value",
        grown,
    );
}

/// Uses one waker ten times by reference, and then by value.
async fn wake_one_often<E: Spawn>(handle: &E::Handle) {
    let patient = Patient::new(|_| ());
    let (future, drops) = sentinel(patient.clone());
    let task = E::spawn(handle, future);
    patient.polled.heard(1).await;
    // The waker of the first poll, whatever later polls have: a leaf that these do not reach holds
    // on to it.
    let waker = patient.waker();
    for polls in 2..12 {
        waker.wake_by_ref();
        patient.polled.heard(polls).await;
        assert_eq!(
            drops.count(),
            0,
            "the task's future was dropped by a `wake_by_ref`"
        );
    }
    patient.ends.store(true, SeqCst);
    waker.wake();
    task.await.expect("the task ends");
}

/// Wakes tasks while they are idle, queued, running and done.
async fn wake_in_any_state<E: Spawn>(handle: &E::Handle, tasks: usize) {
    for _ in 0..tasks {
        let patient = Patient::new(|waker| {
            waker.wake_by_ref();
            wake_a_clone(waker);
        });
        let task = E::spawn(handle, patient.clone());
        patient.polled.heard(1).await;
        let waker = patient.waker();
        // The first wakes an idle task, unless it still yields; the others one that is queued.
        waker.wake_by_ref();
        waker.wake_by_ref();
        wake_a_clone(&waker);
        patient.ends.store(true, SeqCst);
        wake_a_clone(&waker);
        task.await.expect("the task ends");
        waker.wake_by_ref();
        wake_a_clone(&waker);
        waker.wake();
    }
}

/// W6: cloning and dropping a task's wakers neither frees nor leaks the task.
pub fn w06_must_clones_and_drops_balance<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let grown = case.watch(
        "a task whose waker was cloned and dropped did not end",
        || {
            grows(COUNT, |tasks| {
                // The clones that go to another thread; dropped there, some when the task is done.
                let (clones, received) = mpsc::channel::<Vec<Waker>>();
                let dropping = thread::spawn(move || received.into_iter().for_each(drop));
                executor.block_on(async {
                    for _ in 0..tasks {
                        let kept = clone_in_any_state::<E>(&handle).await;
                        clones.send(kept).expect("the thread receives");
                    }
                });
                drop(clones);
                joined(dropping);
            })
        },
    );
    judge_tasks(
        case,
        &mut executor,
        "cloning and dropping wakers of tasks",
        grown,
    );
}

/// Clones and drops the wakers of a task in each of its states; gives those that are left.
async fn clone_in_any_state<E: Spawn>(handle: &E::Handle) -> Vec<Waker> {
    let patient = Patient::new(|waker| {
        let clones = [waker.clone(), waker.clone()];
        drop(clones);
    });
    let (future, drops) = sentinel(patient.clone());
    let task = E::spawn(handle, future);
    patient.polled.heard(1).await;
    let waker = patient.waker();
    let mut clones: Vec<Waker> = (0..8).map(|_| waker.clone()).collect();
    clones.truncate(4);
    waker.wake_by_ref();
    clones.extend([waker.clone(), waker.clone()]);
    clones.truncate(3);
    patient.polled.heard(2).await;
    assert_eq!(
        drops.count(),
        0,
        "the future was dropped by the drop of a clone of its waker"
    );
    patient.ends.store(true, SeqCst);
    waker.wake_by_ref();
    task.await.expect("the task ends");
    clones.push(waker.clone());
    drop(waker);
    clones.truncate(2);
    clones.push(clones[0].clone());
    clones
}

/// W18: the root's waker may be cloned, woken and dropped without a leak, during the call and after.
pub fn w18_must_root_waker_references_balance<E: Executor>(case: &Case) {
    let mut executor = E::new();
    let grown = case.watch("the root was woken and not polled again", || {
        grows(COUNT, |calls| {
            let (wakers, received) = mpsc::channel::<Waker>();
            let using = thread::spawn(move || {
                for waker in received {
                    wake_a_clone(&waker);
                    waker.wake_by_ref();
                    drop(waker.clone());
                }
            });
            for _ in 0..calls {
                let kept = executor.block_on(use_root_waker());
                kept[0].wake_by_ref();
                for waker in kept {
                    wakers.send(waker.clone()).expect("the thread receives");
                    waker.wake();
                }
            }
            drop(wakers);
            joined(using);
        })
    });
    if let Some(grown) = grown {
        panic!("the root's wakers leak: {grown}");
    }
    note_if_uncounted(case);
}

/// Uses its waker in and between its polls; gives two clones that outlive it.
fn use_root_waker() -> impl Future<Output = [Waker; 2]> {
    let mut first = None::<Waker>;
    poll_fn(move |cx| {
        let waker = cx.waker();
        drop([waker.clone(), waker.clone()]);
        if let Some(first) = &first {
            return Poll::Ready([first.clone(), waker.clone()]);
        }
        first = Some(waker.clone());
        waker.wake_by_ref();
        waker.wake_by_ref();
        wake_a_clone(waker);
        Poll::Pending
    })
}

/// Fails if memory grew, unless it does with tasks whose wakers nobody uses.
fn judge_tasks<E: Spawn>(case: &Case, executor: &mut E, what: &str, grown: Option<String>) {
    let handle = executor.handle();
    let mut plain = |tasks| executor.block_on(turns::<E>(&handle, tasks));
    if let Some(grown) = grown {
        assert!(
            leaks_anyway(case, COUNT, &mut plain),
            "{what} leaks: {grown}"
        );
    }
    note_if_uncounted(case);
}

fn note_if_uncounted(case: &Case) {
    if allocated().is_none() {
        case.note("leaks were not looked for: no `executor_conformance::allocator!()`");
    }
}

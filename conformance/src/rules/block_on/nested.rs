//! Calls inside calls: B2, B3, B7.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use crate::Case;
use crate::adapter::{Blocking, Executor, NestedBlockOn, Spawn};
use crate::devices::yield_once;
use crate::rules::wakers::kit::{Bell, joined, poll_as_task};
use crate::rules::wakers::{HandleOf, TrySpawn};

/// B2: `block_on` inside `block_on` does what the adapter declares, and the outer call goes on.
pub fn b02_must_nested_call_is_as_declared<T: TrySpawn>(case: &Case)
where
    T::Inner: NestedBlockOn,
{
    let mut executor = T::Inner::new();
    let handle = executor.handle();
    for _ in 0..20 {
        case.watch(
            "a root that was woken during the inner `block_on`, or a task of the outer one, was not \
             polled again",
            || executor.block_on(nest_among_tasks::<T>(&handle)),
        );
    }
}

/// An inner call while the outer root and outer tasks wait.
async fn nest_among_tasks<T: TrySpawn>(handle: &HandleOf<T>)
where
    T::Inner: NestedBlockOn,
{
    let outer = Bell::default();
    let mut waiting = Box::pin(outer.heard(1));
    poll_as_task(&mut waiting).await;
    let (polled, of_tasks) = (Bell::default(), [(); 3].map(|()| Bell::default()));
    let tasks = of_tasks.iter().filter_map(|bell| {
        let (bell, polled) = (bell.clone(), polled.clone());
        T::try_spawn(handle, async move {
            polled.ring();
            bell.heard(1).await;
        })
    });
    let tasks: Vec<_> = tasks.collect();
    polled.heard(tasks.len()).await;
    nest_as_declared::<T::Inner>(handle, outer.clone(), of_tasks);
    if T::Inner::WORKS {
        nest_a_panic::<T::Inner>(handle);
    }
    waiting.await;
    yield_once().await;
    for task in tasks {
        let ended = task.await;
        ended.expect("an outer task that was woken at the end of an inner `block_on` ends");
    }
}

/// An inner call, in the midst of a poll of the outer root; the outer root is woken in the inner
/// call, and the outer tasks at its very end, so that they are queued when it returns.
fn nest_as_declared<E: NestedBlockOn>(handle: &E::Handle, outer: Bell, of_tasks: [Bell; 3]) {
    let (woken, of_woken) = (outer.clone(), of_tasks.clone());
    let nested = E::nested_block_on(handle, async move {
        yield_once().await;
        woken.ring();
        let inner = Bell::default();
        let rung = inner.clone();
        let ringing = thread::spawn(move || {
            rung.until_awaited(1);
            rung.ring();
        });
        inner.heard(1).await;
        joined(ringing);
        of_woken.iter().for_each(Bell::ring);
        5
    });
    match (E::WORKS, nested) {
        (true, Ok(output)) => assert_eq!(output, 5, "the inner call gave another output"),
        (false, Err(_)) => {
            outer.ring();
            of_tasks.iter().for_each(Bell::ring);
        }
        (true, Err(error)) => {
            panic!("`block_on` inside `block_on` should work, says the adapter: {error}")
        }
        (false, Ok(_)) => {
            panic!("`block_on` inside `block_on` should be refused, says the adapter; it worked")
        }
    }
}

/// An inner root that panics must not take the outer call with it.
fn nest_a_panic<E: NestedBlockOn>(handle: &E::Handle) {
    let nested = catch_unwind(AssertUnwindSafe(|| {
        E::nested_block_on(handle, async {
            yield_once().await;
            resume_unwind(Box::new("the inner root panics"))
        })
    }));
    // The adapter may have caught the panic, as one by which the executor refuses.
    let output: Result<Result<(), String>, _> = nested;
    assert!(
        !matches!(output, Ok(Ok(()))),
        "the inner root panicked, and the call gave an output"
    );
}

/// B3: `block_on` can be called on the threads of the blocking pool.
pub fn b03_must_work_on_blocking_threads<E: Blocking>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let (ours, theirs) = (Bell::default(), Bell::default());
    let called = case.watch(
        "a root or task on a thread of the blocking pool, or one that it woke, was not polled again",
        || {
            executor.block_on(async {
                let (rung, ringing) = (ours.clone(), theirs.clone());
                let answering = E::spawn(&handle, async move {
                    for round in 1..=2 {
                        rung.heard(round).await;
                        ringing.ring();
                    }
                });
                let called = E::spawn_blocking(&handle, move || call::<E>(ours, theirs));
                let called = called.await;
                if called.is_ok() {
                    answering.await.expect("the answering task ends");
                }
                called
            })
        },
    );
    match called {
        Ok(output) => assert_eq!(
            output, 7,
            "`block_on` on the blocking pool gave another output"
        ),
        Err(error) => panic!("`block_on` on a thread of the blocking pool failed: {error:?}"),
    }
}

/// Runs an executor on this thread, whose root and task exchange rings with another's.
fn call<E: Blocking>(ours: Bell, theirs: Bell) -> i32 {
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        yield_once().await;
        ours.ring();
        theirs.heard(1).await;
        let task = E::spawn(&handle, async move {
            ours.ring();
            theirs.heard(2).await;
            7
        });
        task.await.expect("the task ends")
    })
}

thread_local! {
    /// How many inner calls of B7 are on this thread's stack.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// B7: tasks that call `block_on` inside do not pile up on one thread's stack.
pub fn b07_should_nested_scopes_do_not_stack<E: Spawn + NestedBlockOn>(case: &Case) {
    const SCOPES: usize = 200;
    /// Far from an overflow, and far from what a bounded depth could be.
    const TOO_DEEP: usize = 60;
    if !E::WORKS {
        case.skip("`block_on` inside `block_on` is refused, so that nothing can pile up");
    }
    let mut executor = E::new();
    let handle = executor.handle();
    let deepest = Arc::new(AtomicUsize::new(0));
    case.watch("a task that calls `block_on` inside did not end", || {
        executor.block_on(async {
            let scopes = (0..SCOPES).map(|_| {
                let (inside, deepest) = (handle.clone(), Arc::clone(&deepest));
                E::spawn(&handle, async move {
                    enter_scope::<E>(&inside, &deepest, TOO_DEEP)
                })
            });
            for scope in scopes.collect::<Vec<_>>() {
                scope.await.expect("the task ends");
            }
        });
    });
    let deepest = deepest.load(SeqCst);
    assert!(
        deepest < TOO_DEEP,
        "{deepest} tasks that wait in an inner call were stacked on one thread; more overflow it"
    );
}

/// Waits in an inner call, in a way that lets the executor run other tasks meanwhile.
fn enter_scope<E: NestedBlockOn>(handle: &E::Handle, deepest: &AtomicUsize, too_deep: usize) {
    let depth = DEPTH.with(|depth| depth.replace(depth.get() + 1)) + 1;
    deepest.fetch_max(depth, SeqCst);
    if depth < too_deep {
        let nested = E::nested_block_on(handle, async {
            for _ in 0..3 {
                yield_once().await;
            }
        });
        nested.expect("it works, says the adapter");
    }
    DEPTH.with(|depth| depth.set(depth.get() - 1));
}

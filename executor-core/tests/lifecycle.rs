//! The life of a task: spawned, polled, ended, dropped (rules L1 to L12).

mod common;

use std::alloc::Layout;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use common::{Drops, Gate, Guarded, OnDrop, SelfWaker, must_end, runtime, turns};
use executor_core::task::{GroupId, TaskOptions};
use executor_core::{Handle, JoinHandle, Runtime, spawn, spawn_local, spawn_with, task};

/// Leaves its waker behind, then does as told; counts its polls.
struct Retained {
    polls: Arc<AtomicUsize>,
    waker: Arc<Mutex<Option<Waker>>>,
    panics: bool,
}

impl Future for Retained {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.polls.fetch_add(1, SeqCst);
        *self.waker.lock().unwrap() = Some(cx.waker().clone());
        assert!(!self.panics, "as told");
        Poll::Ready(())
    }
}

fn is_not_polled_after_its_end(panics: bool) {
    let polls = Arc::new(AtomicUsize::new(0));
    let waker = Arc::new(Mutex::new(None));
    let future = Retained {
        polls: Arc::clone(&polls),
        waker: Arc::clone(&waker),
        panics,
    };
    runtime().block_on(async {
        assert_eq!(spawn(future).await.is_err(), panics);
        let waker: Waker = waker.lock().unwrap().take().unwrap();
        waker.wake_by_ref();
        waker.wake_by_ref();
        turns(3).await;
        waker.wake();
        turns(3).await;
    });
    assert_eq!(polls.load(SeqCst), 1);
}

#[test]
fn a_finished_task_is_not_polled_by_a_retained_waker() {
    is_not_polled_after_its_end(false);
}

#[test]
fn a_panicked_task_is_not_polled_by_a_retained_waker() {
    is_not_polled_after_its_end(true);
}

#[test]
fn a_future_is_dropped_at_completion_although_its_wakers_live() {
    let drops = Drops::new();
    let gate = Gate::new();
    let future = Guarded::new(gate.wait(), drops.sentinel());
    runtime().block_on(async {
        let task = spawn(future);
        gate.reached().await;
        let wakers = gate.wakers();
        gate.open();
        turns(2).await;
        assert_eq!(drops.count(), 1);
        drop(wakers);
        drop(task);
    });
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_future_is_dropped_before_its_join_resolves() {
    let drops = Drops::new();
    let future = Guarded::new(task::yield_now(), drops.sentinel());
    runtime().block_on(async {
        let task = spawn(future);
        task.await.unwrap();
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn an_output_is_dropped_once_however_its_handle_goes() {
    let drops = Drops::new();
    let make = || {
        let sentinel = drops.sentinel();
        async move { sentinel }
    };
    let runtime = runtime();
    runtime.block_on(async {
        drop(spawn(make()));
        turns(2).await;
        assert_eq!(drops.count(), 1, "the handle went early");

        let task = spawn(make());
        turns(2).await;
        assert!(task.is_finished());
        assert_eq!(drops.count(), 1, "the output waits for its handle");
        drop(task);
        assert_eq!(drops.count(), 2, "the handle went late");

        let output = spawn(make()).await.unwrap();
        assert_eq!(drops.count(), 2, "the output was handed over");
        drop(output);
        assert_eq!(drops.count(), 3);

        let mut polled = spawn(make());
        assert!(common::poll_with(&mut polled, Waker::noop()).is_pending());
        drop(polled);
        turns(2).await;
        assert_eq!(drops.count(), 4, "the handle went after it had been polled");
    });
    let late = runtime.spawn(make());
    drop(runtime);
    assert_eq!(drops.count(), 5, "captured by a future that never ran");
    drop(late);
    assert_eq!(drops.count(), 5);
}

#[test]
fn spawning_and_waking_never_poll_inline() {
    runtime().block_on(async {
        let gate = Gate::new();
        let waiting = gate.wait();
        let task = spawn(async {
            common::not_nested(|| {
                let inner = spawn(async { common::not_nested(|| ()) });
                spawn_local(async { common::not_nested(|| ()) });
                gate_free(inner)
            })
            .await
        });
        let waiter = spawn(async {
            waiting.await;
            common::not_nested(|| ());
        });
        gate.reached().await;
        common::not_nested(|| gate.open());
        task.await.unwrap();
        waiter.await.unwrap();
    });

    async fn gate_free(inner: executor_core::JoinHandle<()>) {
        inner.await.unwrap();
    }
}

#[test]
fn a_task_that_nobody_wakes_is_not_polled() {
    runtime().block_on(async {
        let gate = Gate::new();
        let task = spawn(gate.wait());
        turns(1000).await;
        assert_eq!(gate.polls(), 1);
        gate.open();
        task.await.unwrap();
        assert_eq!(gate.polls(), 2);
    });
}

/// A future of a shape of its own, which checks that it lies still and well aligned.
struct Shaped<T> {
    at: Option<usize>,
    _shape: T,
}

impl<T> Shaped<T> {
    fn new(shape: T) -> Self {
        Self {
            at: None,
            _shape: shape,
        }
    }
}

impl<T: Unpin> Future for Shaped<T> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let here = std::ptr::from_ref(&*self).addr();
        assert_eq!(here % Layout::new::<Self>().align(), 0, "ill aligned");
        if let Some(before) = self.at.replace(here) {
            assert_eq!(before, here, "moved after its first poll");
            return Poll::Ready(here);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[repr(align(4096))]
struct Page(#[expect(dead_code, reason = "it only takes up room")] [u8; 4096]);

#[test]
fn page_aligned_futures_run_and_lie_still() {
    runtime().block_on(async {
        spawn(Shaped::new(Page([0; 4096]))).await.unwrap();
        spawn(Shaped::new([0_u8; 3000])).await.unwrap();
        spawn_local(Shaped::new(Page([0; 4096]))).await.unwrap();
        spawn_local(Shaped::new([0_u8; 3000])).await.unwrap();
    });
}

// On a stack as large as that of a main thread: without optimisation a megabyte is copied from
// frame to frame.
#[test]
fn a_future_of_a_megabyte_runs_and_lies_still() {
    must_end(|| {
        let runtime = runtime();
        let task = spawn_big(&runtime);
        runtime.block_on(task).unwrap();
    });
    must_end(|| {
        let runtime = runtime();
        let task = spawn_big_local(&runtime);
        runtime.block_on(task).unwrap();
    });
}

#[inline(never)]
fn spawn_big(runtime: &Runtime) -> JoinHandle<usize> {
    runtime.spawn(Shaped::new([0_u8; 1 << 20]))
}

#[inline(never)]
fn spawn_big_local(runtime: &Runtime) -> JoinHandle<usize> {
    runtime.spawn_local(Shaped::new([0_u8; 1 << 20]))
}

#[test]
fn a_future_of_no_size_runs() {
    struct Nothing;
    impl Future for Nothing {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }
    assert_eq!(size_of::<Nothing>(), 0);
    runtime().block_on(async {
        spawn(Nothing).await.unwrap();
        spawn_local(Nothing).await.unwrap();
    });
}

#[test]
fn spawning_in_a_poll_and_in_a_drop_works() {
    let ran = Arc::new(AtomicUsize::new(0));
    runtime().block_on(async {
        let count = || {
            let ran = Arc::clone(&ran);
            async move {
                ran.fetch_add(1, SeqCst);
            }
        };
        let (in_poll, in_drop, in_drop_local) = (count(), count(), count());
        let guard = OnDrop::new(move || {
            spawn(in_drop);
            spawn_local(in_drop_local);
        });
        let body = async move {
            spawn(in_poll).await.unwrap();
        };
        spawn(Guarded::new(body, guard)).await.unwrap();
        turns(3).await;
    });
    assert_eq!(ran.load(SeqCst), 3);
}

#[test]
fn a_hundred_thousand_tasks_are_spawned_in_one_poll() {
    let ran = Arc::new(AtomicUsize::new(0));
    let runtime = runtime();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..100_000)
            .map(|_| {
                let ran = Arc::clone(&ran);
                spawn(async move {
                    task::yield_now().await;
                    ran.fetch_add(1, SeqCst);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(ran.load(SeqCst), 100_000);
    assert_eq!(runtime.live_tasks(), 0);
}

#[test]
fn a_task_that_has_ended_is_live_no_more_however_it_ended() {
    let runtime = runtime();
    runtime.block_on(async {
        spawn(async {}).await.unwrap();
        spawn(async { panic!("as told") }).await.unwrap_err();
        spawn(SelfWaker).cancel().await.unwrap_err();
        spawn(std::future::pending::<()>())
            .cancel()
            .await
            .unwrap_err();
        turns(2).await;
    });
    assert_eq!(runtime.live_tasks(), 0);
}

/// Spawns on a runtime that is gone: the task ends inside this very call.
fn spawn_nowhere(dead: &Handle) {
    assert!(dead.spawn(async {}).is_finished());
}

fn dead_handle() -> Handle {
    runtime().handle()
}

#[test]
fn a_refused_spawn_in_an_outputs_drop_does_not_hide_the_tasks_end() {
    let dead = dead_handle();
    let runtime = runtime();
    runtime.block_on(async {
        let output = OnDrop::new(move || spawn_nowhere(&dead));
        drop(spawn(async move { output }));
        turns(3).await;
    });
    assert_eq!(runtime.live_tasks(), 0);
}

#[test]
fn a_refused_spawn_in_a_join_waker_does_not_hide_the_tasks_end() {
    struct Spawner(Handle);
    impl std::task::Wake for Spawner {
        fn wake(self: Arc<Self>) {
            spawn_nowhere(&self.0);
        }
    }
    let dead = dead_handle();
    let runtime = runtime();
    runtime.block_on(async {
        let mut task = spawn(async {});
        let waker = Waker::from(Arc::new(Spawner(dead)));
        assert!(common::poll_with(&mut task, &waker).is_pending());
        turns(3).await;
        assert!(task.is_finished());
    });
    assert_eq!(runtime.live_tasks(), 0);
}

#[test]
fn a_task_knows_its_name_and_inherits_the_hints() {
    runtime().block_on(async {
        let options = TaskOptions::new().name("parent").priority(7).weight(0);
        let parent = spawn_with(options.group(GroupId(3)), async {
            let me = task::current().unwrap();
            assert_eq!(me.name(), Some("parent"));
            let child = spawn(async { task::current().unwrap() });
            assert_eq!(child.id(), child.task().unwrap().id());
            child.await.unwrap()
        });
        let child = parent.await.unwrap();
        assert_eq!(child.name(), None);
        assert_eq!(child.priority(), 7);
        assert_eq!(child.weight(), 1);
        assert_eq!(child.group(), GroupId(3));
        child.abort();
    });
}

#[test]
fn a_task_is_current_while_it_is_polled_and_dropped_and_not_between() {
    must_end(|| {
        runtime().block_on(async {
            let seen = Arc::new(Mutex::new(Vec::new()));
            let (in_poll, in_drop) = (Arc::clone(&seen), Arc::clone(&seen));
            let note = |seen: &Mutex<Vec<_>>| {
                let id = task::current().map(|task| task.id());
                seen.lock().unwrap().push(id);
            };
            let guard = OnDrop::new(move || note(&in_drop));
            let body = poll_fn(move |_| {
                note(&in_poll);
                Poll::Ready(())
            });
            let task = spawn(Guarded::new(body, guard));
            let id = task.id();
            task.await.unwrap();
            assert_eq!(*seen.lock().unwrap(), [Some(id), Some(id)]);
            assert!(task::current().is_none());
        });
    });
}

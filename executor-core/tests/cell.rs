//! A task's cell where its loop's thread and others meet: nothing is lost, freed twice or leaked.
//!
//! Under valgrind these also show that nothing is used after it was freed.

mod common;

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;

use common::{Count, Drops, Gate, Guarded, OnDrop, must_end, poll_with, runtime, scaled, turns};
use executor_core::{
    Fifo, JoinHandle, PopContext, PushContext, Ready, Runtime, Scheduler, spawn, spawn_local, task,
};

/// The waker of the task that is being polled.
async fn own_waker() -> Waker {
    poll_fn(|cx| Poll::Ready(cx.waker().clone())).await
}

#[test]
fn a_handle_that_was_polled_at_home_is_awaited_on_another_thread() {
    must_end(|| {
        let (sender, receiver) = mpsc::sync_channel::<(JoinHandle<usize>, Arc<Barrier>)>(1);
        let joiner = thread::spawn(move || {
            let mut sum = 0;
            for (task, barrier) in receiver {
                barrier.wait();
                sum += futures_lite::future::block_on(task).unwrap();
            }
            sum
        });
        let rounds = scaled(20_000);
        let runtime = runtime();
        let early = Count::new();
        for round in 0..rounds {
            let barrier = Arc::new(Barrier::new(2));
            let meets = Arc::clone(&barrier);
            let body = async move {
                task::yield_now().await;
                meets.wait();
                for _ in 0..round % 4 {
                    task::yield_now().await;
                }
                round
            };
            runtime.block_on(async {
                let mut task = spawn(body);
                let waker = Waker::from(Arc::clone(&early));
                assert!(poll_with(&mut task, &waker).is_pending());
                drop(waker);
                sender.send((task, barrier)).unwrap();
                while runtime.live_tasks() > 0 {
                    task::yield_now().await;
                }
            });
        }
        drop(sender);
        assert_eq!(joiner.join().unwrap(), rounds * (rounds - 1) / 2);
        assert_eq!(Arc::strong_count(&early), 1, "its wakers were released");
    });
}

#[test]
fn a_handle_comes_home_again_and_the_latest_waker_is_woken() {
    must_end(|| {
        let runtime = runtime();
        let counts: Vec<_> = (0..3).map(|_| Count::new()).collect();
        let wakers = counts.iter().map(|count| Waker::from(Arc::clone(count)));
        let wakers: Vec<_> = wakers.collect();
        runtime.block_on(async {
            let gate = Gate::new();
            let mut task = spawn(gate.wait());
            gate.reached().await;
            assert!(poll_with(&mut task, &wakers[0]).is_pending());
            let away = wakers[1].clone();
            let moved = thread::spawn(move || {
                assert!(poll_with(&mut task, &away).is_pending());
                assert!(poll_with(&mut task, &away).is_pending());
                task
            });
            let mut task = moved.join().unwrap();
            assert!(poll_with(&mut task, &wakers[2]).is_pending());
            gate.open();
            turns(2).await;
            assert!(poll_with(&mut task, Waker::noop()).is_ready());
        });
        drop(wakers);
        let woken: Vec<_> = counts.iter().map(|count| count.get()).collect();
        assert_eq!(woken, [0, 0, 1]);
        assert!(counts.iter().all(|count| Arc::strong_count(count) == 1));
    });
}

/// Does all that can be done with a waker.
fn handle_roughly(waker: Waker, how: usize) {
    let other = waker.clone();
    match how % 3 {
        0 => waker.wake_by_ref(),
        1 => drop(other.clone()),
        _ => {}
    }
    if how % 4 == 0 {
        drop(waker);
        other.wake();
    } else {
        other.wake_by_ref();
        waker.wake();
    }
}

#[test]
fn wakers_are_used_elsewhere_while_tasks_run_and_end_and_after_their_runtime() {
    must_end(|| {
        let (senders, threads): (Vec<_>, Vec<_>) = (0..3)
            .map(|_| {
                let (sender, receiver) = mpsc::channel::<Waker>();
                let thread = thread::spawn(move || {
                    let wakers = receiver.into_iter().enumerate();
                    wakers.for_each(|(n, waker)| handle_roughly(waker, n));
                });
                (sender, thread)
            })
            .unzip();
        let drops = Drops::new();
        let rounds = scaled(400);
        for round in 0..rounds {
            let runtime = runtime();
            for n in 0..30 {
                let senders = senders.clone();
                let body = async move {
                    let waker = own_waker().await;
                    for sender in &senders {
                        sender.send(waker.clone()).unwrap();
                    }
                    if n % 5 == 0 {
                        pending::<()>().await;
                    }
                    for _ in 0..n % 4 {
                        task::yield_now().await;
                    }
                    handle_roughly(waker.clone(), n);
                    senders[n % 3].send(waker).unwrap();
                };
                let task = runtime.spawn_local(Guarded::new(body, drops.sentinel()));
                if n % 2 == 0 {
                    task.abort();
                }
            }
            runtime.block_on(turns(round % 5));
        }
        drop(senders);
        for thread in threads {
            thread.join().unwrap();
        }
        let here = thread::current().id();
        assert_eq!(drops.count(), 30 * rounds);
        assert!(drops.threads().iter().all(|&thread| thread == here));
    });
}

#[test]
fn tasks_that_are_spawned_and_aborted_elsewhere_while_the_runtime_goes_all_end() {
    must_end(|| {
        for _ in 0..scaled(2000) {
            let runtime = runtime();
            let barrier = Arc::new(Barrier::new(3));
            let threads: Vec<_> = (0..2)
                .map(|_| {
                    let (handle, barrier) = (runtime.handle(), Arc::clone(&barrier));
                    thread::spawn(move || {
                        barrier.wait();
                        for _ in 0..20 {
                            let task = handle.spawn(pending::<()>());
                            let same = task.task();
                            task.abort();
                            let error = futures_lite::future::block_on(task).unwrap_err();
                            assert!(error.is_cancelled());
                            same.unwrap().abort();
                            if handle.is_closed() {
                                return;
                            }
                        }
                    })
                })
                .collect();
            barrier.wait();
            runtime.block_on(turns(3));
            drop(runtime);
            for thread in threads {
                thread.join().unwrap();
            }
        }
    });
}

/// Takes more than a page's alignment, in a cell of its own rather than in a box.
#[repr(align(4096))]
struct Aligned(Option<usize>);

impl Future for Aligned {
    type Output = u128;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u128> {
        let here = std::ptr::from_ref(&*self).addr();
        assert_eq!(here % 4096, 0, "ill aligned");
        if let Some(before) = self.0.replace(here) {
            assert_eq!(before, here, "moved after its first poll");
            return Poll::Ready(u128::MAX - 7);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[test]
fn a_future_with_a_pages_alignment_gives_its_output_wherever_it_is_taken() {
    assert_eq!(size_of::<Aligned>(), 4096);
    let runtime = runtime();
    runtime.block_on(async {
        assert_eq!(spawn(Aligned(None)).await.unwrap(), u128::MAX - 7);
        drop(spawn_local(Aligned(None)));
        turns(3).await;
    });
    let task = runtime.spawn(Aligned(None));
    while !task.is_finished() {
        runtime.block_on(turns(1));
    }
    let elsewhere = thread::spawn(move || futures_lite::future::block_on(task));
    assert_eq!(elsewhere.join().unwrap().unwrap(), u128::MAX - 7);
}

#[test]
fn an_outputs_drop_that_panics_on_another_thread_is_contained() {
    let runtime = runtime();
    let drops = Drops::new();
    let make = |drops: &Drops| {
        let sentinel = drops.sentinel();
        async move {
            OnDrop::new(move || {
                drop(sentinel);
                panic!("as told")
            })
        }
    };
    let finished = runtime.spawn(make(&drops));
    runtime.block_on(turns(2));
    assert!(finished.is_finished());
    thread::spawn(move || drop(finished)).join().unwrap();
    assert_eq!(drops.count(), 1);
    let early = runtime.spawn(make(&drops));
    thread::spawn(move || drop(early)).join().unwrap();
    runtime.block_on(turns(2));
    assert_eq!(drops.count(), 2);
    assert_eq!(runtime.live_tasks(), 0);
}

#[test]
fn inside_of_another_runtime_a_task_is_not_at_home() {
    must_end(|| {
        let other = runtime();
        let abroad = other.handle();
        let home = runtime();
        home.block_on(async {
            let gate = Gate::new();
            let (mut joined, detached) = (spawn(gate.wait()), spawn(gate.wait()));
            gate.reached().await;
            turns(1).await;
            let count = Count::new();
            let waker = Waker::from(Arc::clone(&count));
            let body = async move {
                let own = own_waker().await;
                abroad.enter(|| {
                    // Everything goes the way of another thread, and comes back.
                    assert!(poll_with(&mut joined, &waker).is_pending());
                    drop(detached);
                    handle_roughly(own.clone(), 0);
                    gate.open();
                });
                task::yield_now().await;
                drop(own);
                joined.await.unwrap();
            };
            spawn_local(body).await.unwrap();
            turns(2).await;
            assert_eq!(Arc::strong_count(&count), 1);
        });
        assert_eq!(home.live_tasks(), 0);
        drop(other);
    });
}

#[test]
fn a_runtime_that_goes_inside_of_anothers_task_leaves_both_whole() {
    must_end(|| {
        let drops = Drops::new();
        let home = runtime();
        home.block_on(async {
            for _ in 0..scaled(200) {
                let inner = runtime();
                let own = own_waker().await;
                let sentinel = drops.sentinel();
                // Its drop wakes and spawns abroad, from inside of the inner loop's frame.
                let guard = OnDrop::new(move || {
                    drop(sentinel);
                    handle_roughly(own, 1);
                });
                let mut task = inner.spawn_local(Guarded::new(pending::<()>(), guard));
                assert!(poll_with(&mut task, Waker::noop()).is_pending());
                spawn_local(async move { drop(inner) }).await.unwrap();
                assert!(task.await.unwrap_err().is_cancelled());
            }
        });
        assert_eq!(drops.count(), scaled(200));
    });
}

#[test]
fn wakers_of_a_runtime_that_is_gone_are_used_inside_of_later_ones() {
    must_end(|| {
        let mut stale: Vec<Waker> = Vec::new();
        let mut handles = Vec::new();
        // A later core often lies where an earlier one did.
        for round in 0..20 {
            let runtime = runtime();
            let gate = Gate::new();
            let waiting = [runtime.spawn(gate.wait()), runtime.spawn_local(gate.wait())];
            runtime.block_on(async {
                turns(1).await;
                for (n, waker) in stale.drain(..).enumerate() {
                    handle_roughly(waker.clone(), n + round);
                    drop(waker);
                }
                for task in handles.drain(..) {
                    let task: JoinHandle<()> = task;
                    assert!(task.await.unwrap_err().is_cancelled());
                }
                turns(2).await;
            });
            assert_eq!(gate.polls(), 2, "only its own wakers count");
            stale.extend(gate.wakers());
            stale.extend(gate.wakers());
            handles.extend(waiting);
        }
    });
}

/// Hands the tokens of the tasks named `kept` to somebody else.
struct Keeper(Fifo, Arc<Mutex<Vec<Ready>>>);

impl Scheduler for Keeper {
    fn push(&mut self, task: Ready, cx: &PushContext<'_>) {
        if task.name() == Some("kept") {
            self.1.lock().unwrap().push(task);
        } else {
            self.0.push(task, cx);
        }
    }

    fn pop(&mut self, cx: &PopContext<'_>) -> Option<Ready> {
        self.0.pop(cx)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// Gives its loop the tokens of another.
struct Giver(Fifo, Arc<Mutex<Vec<Ready>>>);

impl Scheduler for Giver {
    fn push(&mut self, task: Ready, cx: &PushContext<'_>) {
        self.0.push(task, cx);
    }

    fn pop(&mut self, cx: &PopContext<'_>) -> Option<Ready> {
        let given = self.1.lock().unwrap().pop();
        given.or_else(|| self.0.pop(cx))
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

#[test]
fn a_token_that_outlives_its_task_means_nothing_wherever_it_goes() {
    must_end(|| {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let drops = Drops::new();
        let runtime = Runtime::without_io(Keeper(Fifo::new(), Arc::clone(&kept)));
        let handle = runtime.handle();
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let options = executor_core::TaskOptions::new().name("kept");
                let body = Guarded::new(pending::<()>(), drops.sentinel());
                handle.spawn_with(options, body)
            })
            .collect();
        runtime.block_on(turns(2));
        assert_eq!(kept.lock().unwrap().len(), 3);
        drop(runtime);
        assert_eq!(drops.threads(), [thread::current().id(); 3]);
        for task in tasks {
            let error = futures_lite::future::block_on(task).unwrap_err();
            assert!(error.is_cancelled());
        }
        let elsewhere = kept.lock().unwrap().pop();
        thread::spawn(move || drop(elsewhere)).join().unwrap();
        drop(kept.lock().unwrap().pop());
        let later = Runtime::without_io(Giver(Fifo::new(), Arc::clone(&kept)));
        later.block_on(turns(2));
        assert!(kept.lock().unwrap().is_empty());
        assert_eq!(later.policy_faults(), 0);
        assert_eq!(drops.count(), 3);
    });
}

#[test]
fn a_task_that_keeps_its_own_handle_and_waker_is_freed() {
    let alive = Arc::new(AtomicUsize::new(0));
    let runtime = runtime();
    let own = Arc::new(Mutex::new(None::<JoinHandle<()>>));
    let (mine, held) = (Arc::clone(&own), Arc::clone(&alive));
    let body = poll_fn(move |cx| {
        held.fetch_add(1, SeqCst);
        let mut mine = mine.lock().unwrap();
        let task = mine.as_mut().expect("it was put there");
        assert!(Pin::new(task).poll(cx).is_pending(), "it waits for itself");
        Poll::<()>::Pending
    });
    *own.lock().unwrap() = Some(runtime.spawn(body));
    drop(own);
    runtime.block_on(turns(2));
    assert_eq!((alive.load(SeqCst), Arc::strong_count(&alive)), (1, 2));
    drop(runtime);
    assert_eq!(Arc::strong_count(&alive), 1, "its future was dropped");
}

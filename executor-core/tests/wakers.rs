//! Wakers: no wake is lost, and a wake does no more than wake (rules W1 to W16).

mod common;

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use common::{Drops, Gate, Guarded, OnDrop, must_end, runtime, scaled, told_runtime, turns};
use executor_core::{Fifo, spawn, spawn_local, task, time};

#[test]
fn a_wake_during_the_poll_is_a_repoll() {
    must_end(|| {
        runtime().block_on(async {
            spawn(task::yield_now()).await.unwrap();
            task::yield_now().await;
        });
    });
}

#[test]
fn a_remote_wake_unparks_an_idle_loop() {
    must_end(|| {
        let (runtime, sleeps) = told_runtime(Fifo::new());
        let gate = Gate::new();
        let opener = thread::spawn({
            let gate = gate.clone();
            move || {
                while sleeps.untimed() == 0 {
                    thread::yield_now();
                }
                gate.open();
            }
        });
        runtime.block_on(async { spawn(gate.wait()).await.unwrap() });
        opener.join().unwrap();
    });
}

#[test]
fn a_remote_wake_unparks_a_loop_that_waits_for_its_root_only() {
    must_end(|| {
        let (runtime, sleeps) = told_runtime(Fifo::new());
        let gate = Gate::new();
        let opener = thread::spawn({
            let gate = gate.clone();
            move || {
                while sleeps.untimed() == 0 {
                    thread::yield_now();
                }
                gate.open();
            }
        });
        runtime.block_on(gate.wait());
        opener.join().unwrap();
    });
}

#[test]
fn a_remote_wake_interrupts_a_timers_park() {
    must_end(|| {
        let (runtime, sleeps) = told_runtime(Fifo::new());
        let gate = Gate::new();
        let opener = thread::spawn({
            let gate = gate.clone();
            move || {
                while sleeps.timed() == 0 {
                    thread::yield_now();
                }
                gate.open();
            }
        });
        runtime.block_on(async {
            spawn(time::sleep(Duration::from_secs(3600)));
            spawn(gate.wait()).await.unwrap();
        });
        opener.join().unwrap();
    });
}

/// Pending until somebody has woken it; whoever does finds its waker in a channel.
struct Relay {
    sender: mpsc::Sender<(Waker, Arc<AtomicBool>)>,
    woken: Arc<AtomicBool>,
    rounds: usize,
}

impl Future for Relay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.woken.swap(false, SeqCst) {
            self.rounds -= 1;
        } else if self.rounds > 0 && Arc::strong_count(&self.woken) > 1 {
            return Poll::Pending;
        }
        if self.rounds == 0 {
            return Poll::Ready(());
        }
        let answer = (cx.waker().clone(), Arc::clone(&self.woken));
        self.sender.send(answer).unwrap();
        Poll::Pending
    }
}

#[test]
fn a_wake_between_the_poll_and_idleness_is_not_lost() {
    must_end(|| {
        let (sender, receiver) = mpsc::channel::<(Waker, Arc<AtomicBool>)>();
        let waker = thread::spawn(move || {
            for (waker, woken) in receiver {
                woken.store(true, SeqCst);
                drop(woken);
                waker.wake();
            }
        });
        runtime().block_on(async move {
            let relay = |sender| Relay {
                sender,
                woken: Arc::default(),
                rounds: scaled(40_000),
            };
            let one = spawn(relay(sender.clone()));
            let two = spawn_local(relay(sender.clone()));
            relay(sender).await;
            one.await.unwrap();
            two.await.unwrap();
        });
        waker.join().unwrap();
    });
}

#[test]
fn none_of_a_million_wakes_from_four_threads_is_lost() {
    must_end(|| {
        let wakes = scaled(250_000);
        let given = Arc::new(AtomicUsize::new(0));
        let gate = Arc::new(Mutex::new(None::<Waker>));
        let total = 4 * wakes;
        let task = {
            let (given, gate) = (Arc::clone(&given), Arc::clone(&gate));
            poll_fn(move |cx| {
                gate.lock()
                    .unwrap()
                    .get_or_insert_with(|| cx.waker().clone());
                if given.load(SeqCst) == total {
                    return Poll::Ready(());
                }
                Poll::Pending
            })
        };
        let runtime = runtime();
        let task = runtime.spawn(task);
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (given, gate) = (Arc::clone(&given), Arc::clone(&gate));
                thread::spawn(move || {
                    let waker = loop {
                        if let Some(waker) = gate.lock().unwrap().clone() {
                            break waker;
                        }
                        thread::yield_now();
                    };
                    for _ in 0..wakes {
                        given.fetch_add(1, SeqCst);
                        waker.wake_by_ref();
                    }
                })
            })
            .collect();
        runtime.block_on(task).unwrap();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn wakes_from_many_threads_to_many_tasks_all_arrive() {
    must_end(|| {
        let rounds = scaled(20_000);
        let runtime = runtime();
        let (sender, receiver) = mpsc::channel::<(Waker, Arc<AtomicBool>)>();
        let receiver = Arc::new(Mutex::new(receiver));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let receiver = Arc::clone(&receiver);
                thread::spawn(move || {
                    loop {
                        let next = receiver.lock().unwrap().recv();
                        let Ok((waker, woken)) = next else { return };
                        woken.store(true, SeqCst);
                        drop(woken);
                        waker.wake();
                    }
                })
            })
            .collect();
        runtime.block_on(async move {
            let tasks: Vec<_> = (0..16)
                .map(|_| {
                    spawn(Relay {
                        sender: sender.clone(),
                        woken: Arc::default(),
                        rounds: rounds / 16,
                    })
                })
                .collect();
            drop(sender);
            for task in tasks {
                task.await.unwrap();
            }
        });
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_wake_after_the_runtime_is_gone_is_harmless_from_any_thread() {
    let gate = Gate::new();
    let drops = Drops::new();
    let runtime = runtime();
    let task = runtime.spawn(Guarded::new(gate.wait(), drops.sentinel()));
    let local = runtime.spawn_local(Guarded::new(gate.wait(), drops.sentinel()));
    let root_waker = runtime.block_on(async {
        gate.reached().await;
        turns(1).await;
        poll_fn(|cx| Poll::Ready(cx.waker().clone())).await
    });
    let wakers = gate.wakers();
    assert_eq!(wakers.len(), 2);
    drop(runtime);
    assert_eq!(drops.count(), 2);
    thread::spawn(move || {
        for waker in wakers {
            waker.wake_by_ref();
            let same = waker.clone();
            waker.wake();
            drop(same);
        }
        root_waker.wake_by_ref();
        drop(root_waker);
        gate.open();
    })
    .join()
    .unwrap();
    assert_eq!(drops.count(), 2);
    assert!(
        futures_lite::future::block_on(task)
            .unwrap_err()
            .is_cancelled()
    );
    assert!(
        futures_lite::future::block_on(local)
            .unwrap_err()
            .is_cancelled()
    );
}

#[test]
fn wakes_that_race_the_runtimes_drop_drop_each_future_once_and_here() {
    must_end(|| {
        let here = thread::current().id();
        let (sender, receiver) = mpsc::sync_channel::<(Vec<Waker>, Arc<Barrier>)>(1);
        let racer = thread::spawn(move || {
            for (wakers, barrier) in receiver {
                barrier.wait();
                for waker in wakers {
                    waker.wake();
                }
            }
        });
        for round in 0..scaled(4000) {
            let drops = Drops::new();
            let gate = Gate::new();
            let runtime = runtime();
            for _ in 0..4 {
                runtime.spawn(Guarded::new(gate.wait(), drops.sentinel()));
                runtime.spawn_local(Guarded::new(gate.wait(), drops.sentinel()));
            }
            runtime.block_on(turns(1));
            let barrier = Arc::new(Barrier::new(2));
            let mut wakers = gate.wakers();
            assert_eq!(wakers.len(), 8);
            wakers.rotate_left(round % 8);
            sender.send((wakers, Arc::clone(&barrier))).unwrap();
            barrier.wait();
            drop(runtime);
            assert_eq!(drops.threads(), [here; 8]);
        }
        drop(sender);
        racer.join().unwrap();
    });
}

#[test]
fn a_wake_never_waits_for_the_loop() {
    must_end(|| {
        runtime().block_on(async {
            let gate = Gate::new();
            let tasks: Vec<_> = (0..5000).map(|_| spawn(gate.wait())).collect();
            turns(1).await;
            assert_eq!(gate.wakers().len(), 5000);
            let opener = gate.clone();
            // The loop's own thread waits for the waking one.
            spawn(async move { thread::spawn(move || opener.open()).join().unwrap() })
                .await
                .unwrap();
            for task in tasks {
                task.await.unwrap();
            }
        });
    });
}

#[test]
fn a_wake_never_drops_a_future_inline() {
    must_end(|| {
        let lock = Arc::new(Mutex::new(()));
        let runtime = runtime();
        let gate = Gate::new();
        let in_drop = Arc::clone(&lock);
        let guard = OnDrop::new(move || drop(in_drop.lock().unwrap()));
        let task = runtime.spawn(Guarded::new(gate.wait(), guard));
        runtime.block_on(async {
            gate.reached().await;
            let held = lock.lock().unwrap();
            task.abort();
            gate.open();
            for waker in gate.wakers() {
                waker.wake();
            }
            drop(task);
            drop(held);
            turns(2).await;
        });
        assert_eq!(runtime.live_tasks(), 0);
    });
}

#[test]
fn a_wake_is_legal_in_a_drop_while_unwinding_and_in_thread_local_destructors() {
    struct WakeAtExit(RefCell<Vec<Waker>>);
    impl Drop for WakeAtExit {
        fn drop(&mut self) {
            for waker in self.0.take() {
                waker.wake();
            }
        }
    }
    thread_local!(static AT_EXIT: WakeAtExit = const { WakeAtExit(RefCell::new(Vec::new())) });

    must_end(|| {
        runtime().block_on(async {
            let gates = [Gate::new(), Gate::new(), Gate::new()];
            let tasks = gates.each_ref().map(|gate| spawn(gate.wait()));
            turns(1).await;

            let opener = gates[0].clone();
            drop(spawn(Guarded::new(
                async {},
                OnDrop::new(move || opener.open()),
            )));

            let opener = gates[1].clone();
            let error = spawn(async move {
                let _guard = OnDrop::new(move || opener.open());
                panic!("as told")
            });
            error.await.unwrap_err();

            let opener = gates[2].clone();
            thread::spawn(move || {
                let waker = Waker::from(Arc::new(Opener(opener)));
                AT_EXIT.with(|at_exit| at_exit.0.borrow_mut().push(waker));
            })
            .join()
            .unwrap();
            for task in tasks {
                task.await.unwrap();
            }
        });
        // The loop's own thread, and a wake of a task whose runtime has gone.
        let gate = Gate::new();
        thread::spawn(move || {
            let runtime = runtime();
            runtime.spawn_local(gate.wait());
            runtime.block_on(turns(1));
            AT_EXIT.with(|at_exit| at_exit.0.borrow_mut().extend(gate.wakers()));
        })
        .join()
        .unwrap();
    });

    struct Opener(Gate);
    impl std::task::Wake for Opener {
        fn wake(self: Arc<Self>) {
            self.0.open();
        }
    }
}

#[test]
fn many_wakes_are_one_poll_and_the_last_is_not_lost() {
    let polls = Arc::new(AtomicUsize::new(0));
    runtime().block_on(async {
        let counted = Arc::clone(&polls);
        let waker = Arc::new(Mutex::new(None::<Waker>));
        let left = Arc::clone(&waker);
        spawn(poll_fn(move |cx| {
            counted.fetch_add(1, SeqCst);
            *left.lock().unwrap() = Some(cx.waker().clone());
            Poll::<()>::Pending
        }));
        turns(1).await;
        let waker = waker.lock().unwrap().take().unwrap();
        for round in 1..=10 {
            for _ in 0..100 {
                waker.wake_by_ref();
            }
            turns(3).await;
            assert_eq!(polls.load(SeqCst), 1 + round);
        }
    });
}

#[test]
fn clones_of_a_waker_wake_the_same() {
    runtime().block_on(poll_fn(|cx| {
        assert!(cx.waker().clone().will_wake(cx.waker()));
        Poll::Ready(())
    }));
    runtime().block_on(async {
        let seen = Arc::new(Mutex::new(None::<Waker>));
        let same = spawn(poll_fn(move |cx| {
            assert!(cx.waker().clone().will_wake(cx.waker()));
            match seen.lock().unwrap().replace(cx.waker().clone()) {
                None => {
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                Some(earlier) => Poll::Ready(earlier.will_wake(cx.waker())),
            }
        }));
        assert!(same.await.unwrap(), "the waker changes from poll to poll");
    });
}

#[test]
fn a_wake_works_across_two_runtimes() {
    must_end(|| {
        let (to_b, from_a) = (Gate::new(), Gate::new());
        let there = thread::spawn({
            let (to_b, from_a) = (to_b.clone(), from_a.clone());
            move || {
                runtime().block_on(async {
                    spawn(to_b.wait()).await.unwrap();
                    from_a.open();
                });
            }
        });
        runtime().block_on(async {
            let waiter = spawn(from_a.wait());
            to_b.open();
            waiter.await.unwrap();
        });
        there.join().unwrap();
    });
}

#[test]
fn a_stolen_park_token_is_not_a_lost_wake() {
    must_end(|| {
        runtime().block_on(async {
            let gate = Gate::new();
            let opener = gate.clone();
            spawn(async move {
                opener.open();
                thread::current().unpark();
                thread::park();
            });
            gate.wait().await;
        });
    });
}

#[test]
fn a_waker_of_the_root_outlives_its_block_on() {
    let runtime = runtime();
    let mut first = None;
    runtime.block_on(poll_fn(|cx| {
        first = Some(cx.waker().clone());
        Poll::Ready(())
    }));
    let gate = Gate::new();
    let opener = gate.clone();
    runtime.spawn(async move {
        first.unwrap().wake();
        opener.open();
    });
    runtime.block_on(gate.wait());
}

#[test]
fn a_wake_inside_of_enter_reaches_the_tasks_of_the_same_loop() {
    must_end(|| {
        let runtime = runtime();
        let handle = runtime.handle();
        runtime.block_on(async {
            let gate = Gate::new();
            let waiter = spawn(gate.wait());
            gate.reached().await;
            handle.enter(|| gate.open());
            waiter.await.unwrap();
        });
    });
}

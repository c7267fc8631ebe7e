//! Timers: never early, never lost, also away from their loop (rules T1 to T13).

mod common;

use std::future::Future;
use std::io::ErrorKind;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use common::{Count, Gate, SelfWaker, must_end, poll_with, runtime, told_runtime, turns};
use executor_core::driver::ThreadPark;
use executor_core::time::{self, MissedTicks, Sleep};
use executor_core::{Builder, Clock, Drivers, Fifo, Runtime, spawn, task};

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(3);

#[test]
fn a_timer_of_zero_or_in_the_past_completes() {
    must_end(|| {
        runtime().block_on(async {
            time::sleep(Duration::ZERO).await.unwrap();
            let now = Instant::now();
            time::sleep_until(now).await.unwrap();
            if let Some(past) = now.checked_sub(Duration::from_secs(5)) {
                time::sleep_until(past).await.unwrap();
            }
            let task = spawn(time::sleep(Duration::ZERO));
            task.await.unwrap().unwrap();
        });
    });
}

#[test]
fn a_timer_that_never_comes_neither_panics_nor_fires() {
    must_end(|| {
        runtime().block_on(async {
            let limits = [
                Duration::MAX,
                Duration::from_secs(u64::MAX),
                Duration::MAX / 2,
            ];
            for duration in limits {
                let mut sleep = time::sleep(duration);
                let count = Count::new();
                let waker = Waker::from(Arc::clone(&count));
                assert!(poll_with(&mut sleep, &waker).is_pending());
                time::sleep(SHORT).await.unwrap();
                assert!(poll_with(&mut sleep, &waker).is_pending());
                assert_eq!(count.get(), 0);
            }
            assert_eq!(time::sleep(Duration::MAX).deadline(), None);
            assert_eq!(time::timeout(Duration::MAX, async { 7 }).await.unwrap(), 7);
            let mut ticks = time::interval(Duration::MAX);
            ticks.tick().await.unwrap();
            let mut second = pin!(ticks.tick());
            assert!(poll_with(&mut second, Waker::noop()).is_pending());
        });
    });
}

#[test]
fn timers_are_never_early_and_come_in_order() {
    must_end(|| {
        runtime().block_on(async {
            // The order is that of the deadlines only if all were armed before the first was due,
            // so a busy machine gets more time until then.
            let mut ahead = Duration::from_millis(10);
            loop {
                let first = Instant::now() + ahead;
                let order = Arc::new(Mutex::new(Vec::new()));
                let tasks: Vec<_> = (0..40_u64)
                    .rev()
                    .map(|n| {
                        let order = Arc::clone(&order);
                        spawn(async move {
                            let deadline = first + Duration::from_micros(200 * n);
                            time::sleep_until(deadline).await.unwrap();
                            assert!(Instant::now() >= deadline);
                            order.lock().unwrap().push(n);
                        })
                    })
                    .collect();
                turns(1).await;
                let in_time = Instant::now() < first;
                for task in tasks {
                    task.await.unwrap();
                }
                if in_time {
                    assert!(order.lock().unwrap().is_sorted());
                    break;
                }
                ahead *= 2;
            }
        });
    });
}

#[test]
fn twenty_thousand_timers_at_one_instant_all_fire() {
    must_end(|| {
        runtime().block_on(async {
            let at = Instant::now() + SHORT;
            let tasks: Vec<_> = (0..20_000).map(|_| spawn(time::sleep_until(at))).collect();
            for task in tasks {
                task.await.unwrap().unwrap();
            }
        });
    });
}

#[test]
fn the_latest_waker_wins() {
    must_end(|| {
        runtime().block_on(async {
            let mut sleep = time::sleep(SHORT);
            let early = Count::new();
            assert!(poll_with(&mut sleep, &Waker::from(Arc::clone(&early))).is_pending());
            sleep.await.unwrap();
            assert_eq!(early.get(), 0);
            assert_eq!(Arc::strong_count(&early), 1);
        });
    });
}

#[test]
fn dropping_a_timer_releases_its_waker() {
    runtime().block_on(async {
        let mut sleep = time::sleep(LONG);
        let count = Count::new();
        assert!(poll_with(&mut sleep, &Waker::from(Arc::clone(&count))).is_pending());
        assert_eq!(Arc::strong_count(&count), 2);
        drop(sleep);
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

#[test]
fn a_pending_timer_is_reset_earlier_and_later_without_a_poll() {
    must_end(|| {
        runtime().block_on(async {
            let count = Count::new();
            let waker = Waker::from(Arc::clone(&count));
            let mut sleep = time::sleep(LONG);
            assert!(poll_with(&mut sleep, &waker).is_pending());
            sleep.reset(Instant::now() + SHORT);
            while count.get() == 0 {
                time::sleep(Duration::from_micros(100)).await.unwrap();
            }
            assert!(poll_with(&mut sleep, &waker).is_ready());
            assert!(sleep.is_elapsed());

            let count = Count::new();
            let waker = Waker::from(Arc::clone(&count));
            let mut sleep = time::sleep(SHORT);
            assert!(poll_with(&mut sleep, &waker).is_pending());
            sleep.reset(Instant::now() + LONG);
            time::sleep(2 * SHORT).await.unwrap();
            assert_eq!(count.get(), 0);
            assert!(poll_with(&mut sleep, &waker).is_pending());
        });
    });
}

#[test]
fn a_timer_is_reset_after_its_end() {
    must_end(|| {
        runtime().block_on(async {
            let mut sleep = time::sleep(Duration::ZERO);
            (&mut sleep).await.unwrap();
            (&mut sleep).await.unwrap();
            let next = Instant::now() + SHORT;
            sleep.reset(next);
            assert!(!sleep.is_elapsed());
            (&mut sleep).await.unwrap();
            assert!(Instant::now() >= next);
        });
    });
}

#[test]
fn a_new_earlier_timer_shortens_the_park() {
    must_end(|| {
        let (runtime, sleeps) = told_runtime(Fifo::new());
        let handle = runtime.handle();
        let early = thread::spawn(move || {
            while sleeps.timed() == 0 {
                thread::yield_now();
            }
            futures_lite::future::block_on(handle.sleep(SHORT))
        });
        runtime.block_on(async {
            let late = spawn(time::sleep(LONG));
            while !early.is_finished() {
                // Only the remote timer and its thread end this wait.
                if poll_with(&mut time::sleep(LONG), Waker::noop()).is_ready() {
                    unreachable!();
                }
                time::sleep(SHORT).await.unwrap();
            }
            late.abort();
        });
        early.join().unwrap().unwrap();
    });
}

#[test]
fn yielding_tasks_do_not_starve_a_timer() {
    must_end(|| {
        runtime().block_on(async {
            let busy: Vec<_> = (0..4).map(|_| spawn(SelfWaker)).collect();
            time::sleep(SHORT).await.unwrap();
            spawn(time::sleep(SHORT)).await.unwrap().unwrap();
            for task in busy {
                task.abort();
            }
        });
    });
}

#[test]
fn a_timer_outside_of_any_runtime_is_a_clear_error() {
    let error = futures_lite::future::block_on(time::sleep(SHORT)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(
        error.to_string().contains("inside `block_on` or a task"),
        "{error}"
    );
    let limit = time::timeout(SHORT, std::future::pending::<()>());
    let error = futures_lite::future::block_on(limit).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let mut ticks = time::interval(SHORT);
    let error = futures_lite::future::block_on(ticks.tick()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn an_interval_of_zero_is_a_clear_error() {
    runtime().block_on(async {
        let error = time::interval(Duration::ZERO).tick().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

/// Turns a runtime until a thread has ended, and gives what it returned.
fn turn_until_joined<T>(runtime: &Runtime, thread: thread::JoinHandle<T>) -> T {
    runtime.block_on(async {
        while !thread.is_finished() {
            task::yield_now().await;
        }
    });
    thread.join().unwrap()
}

#[test]
fn a_timer_is_awaited_on_a_foreign_executor() {
    must_end(|| {
        let runtime = runtime();
        let start = Instant::now();
        let sleep = runtime.handle().sleep(SHORT);
        let there = thread::spawn(|| futures_lite::future::block_on(sleep));
        turn_until_joined(&runtime, there).unwrap();
        assert!(start.elapsed() >= SHORT);
    });
}

#[test]
fn a_pending_timer_moves_to_another_thread_and_back() {
    must_end(|| {
        let runtime = runtime();
        let here = Count::new();
        let mut sleep = runtime.handle().sleep(LONG);
        runtime.block_on(async {
            assert!(poll_with(&mut sleep, &Waker::from(Arc::clone(&here))).is_pending());
        });
        let there = thread::spawn(move || {
            let count = Count::new();
            let waker = Waker::from(Arc::clone(&count));
            assert!(poll_with(&mut sleep, &waker).is_pending());
            (sleep, count)
        });
        let (mut sleep, count) = turn_until_joined(&runtime, there);
        runtime.block_on(turns(1));
        assert_eq!(Arc::strong_count(&here), 1, "the first waker is released");
        runtime.block_on(async {
            let waker = Waker::from(Arc::clone(&here));
            assert!(poll_with(&mut sleep, &waker).is_pending());
            sleep.reset(Instant::now() + SHORT);
            sleep.await.unwrap();
        });
        assert_eq!(count.get(), 0, "the latest waker wins");
        runtime.block_on(turns(1));
        assert_eq!(Arc::strong_count(&count), 1);
        assert_eq!(Arc::strong_count(&here), 1);
    });
}

#[test]
fn a_timer_that_waits_elsewhere_is_reset_elsewhere() {
    must_end(|| {
        let runtime = runtime();
        let mut sleep = runtime.handle().sleep(LONG);
        let there = thread::spawn(move || {
            let count = Count::new();
            let waker = Waker::from(Arc::clone(&count));
            assert!(poll_with(&mut sleep, &waker).is_pending());
            sleep.reset(Instant::now() + SHORT);
            while count.get() == 0 {
                thread::yield_now();
            }
            futures_lite::future::block_on(sleep)
        });
        turn_until_joined(&runtime, there).unwrap();
    });
}

#[test]
fn a_timer_that_outlives_its_runtime_is_an_error_wherever_it_waits() {
    must_end(|| {
        for duration in [LONG, Duration::MAX] {
            let runtime = runtime();
            let fresh = runtime.handle().sleep(duration);
            let mut local = runtime.handle().sleep(duration);
            let local_count = Count::new();
            runtime.block_on(async {
                let waker = Waker::from(Arc::clone(&local_count));
                assert!(poll_with(&mut local, &waker).is_pending());
            });
            let (sender, receiver) = mpsc::channel();
            let mut remote = runtime.handle().sleep(duration);
            let there = thread::spawn(move || {
                assert!(poll_with(&mut remote, Waker::noop()).is_pending());
                sender.send(()).unwrap();
                futures_lite::future::block_on(remote)
            });
            receiver.recv().unwrap();
            drop(runtime);
            assert_eq!(local_count.get(), 1, "who waits is woken");
            for result in [
                there.join().unwrap(),
                futures_lite::future::block_on(local),
                futures_lite::future::block_on(fresh),
            ] {
                assert_eq!(result.unwrap_err().kind(), ErrorKind::NotConnected);
            }
        }
    });
}

#[test]
fn a_timer_made_of_a_dead_runtime_is_an_error() {
    let handle = runtime().handle();
    let sleep = handle.sleep(LONG);
    let error = futures_lite::future::block_on(sleep).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
    assert!(error.to_string().contains("has shut down"), "{error}");
}

#[test]
fn a_timer_of_one_runtime_is_awaited_in_anothers_task() {
    must_end(|| {
        let owner = runtime();
        let sleep = owner.handle().sleep(SHORT);
        let there =
            thread::spawn(move || runtime().block_on(async { spawn(sleep).await.unwrap() }));
        turn_until_joined(&owner, there).unwrap();
    });
}

#[test]
fn timers_of_many_threads_are_made_and_dropped_while_the_loop_turns() {
    must_end(|| {
        let runtime = runtime();
        let threads: Vec<_> = (0..4_u64)
            .map(|n| {
                let handle = runtime.handle();
                thread::spawn(move || {
                    for round in 0..common::scaled(4000) as u64 {
                        let mut dropped = handle.sleep(LONG);
                        assert!(poll_with(&mut dropped, Waker::noop()).is_pending());
                        let sleep = handle.sleep(Duration::from_micros((round * 7 + n) % 50));
                        futures_lite::future::block_on(sleep).unwrap();
                    }
                })
            })
            .collect();
        for thread in threads {
            turn_until_joined(&runtime, thread);
        }
    });
}

/// A clock that stands still until it is told.
struct Hand(Mutex<Instant>);

impl Hand {
    fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for Hand {
    fn now(&self) -> Instant {
        *self.0.lock().unwrap()
    }
}

fn hand_runtime() -> (Runtime, Arc<Hand>) {
    let clock = Arc::new(Hand(Mutex::new(Instant::now())));
    let park = ThreadPark::new();
    let drivers = Drivers::new("hand", park.unparker()).clock(Arc::clone(&clock) as Arc<_>);
    let runtime = Builder::new().build(Fifo::new(), park, drivers).unwrap();
    (runtime, clock)
}

fn ticks_when_late(missed: MissedTicks) -> Vec<u64> {
    let (runtime, clock) = hand_runtime();
    runtime.block_on(async {
        let start = runtime.handle().now();
        let mut ticks = time::interval(Duration::from_secs(10)).missed_ticks(missed);
        let mut seen = vec![ticks.tick().await.unwrap()];
        clock.advance(Duration::from_secs(35));
        for _ in 0..4 {
            loop {
                let mut tick = ticks.tick();
                let polled =
                    std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut tick).poll(cx))).await;
                if let Poll::Ready(due) = polled {
                    seen.push(due.unwrap());
                    break;
                }
                if runtime.handle().now() - start >= Duration::from_secs(35) {
                    // Let what is due fire before time goes on.
                    turns(2).await;
                    let polled = std::future::poll_fn(|cx| {
                        Poll::Ready(Pin::new(&mut ticks.tick()).poll(cx))
                    })
                    .await;
                    if let Poll::Ready(due) = polled {
                        seen.push(due.unwrap());
                        break;
                    }
                }
                clock.advance(Duration::from_secs(1));
                turns(1).await;
            }
        }
        seen.iter().map(|at| (*at - start).as_secs()).collect()
    })
}

#[test]
fn missed_ticks_come_in_a_burst_later_or_not_at_all_as_chosen() {
    must_end(|| {
        assert_eq!(ticks_when_late(MissedTicks::Burst), [0, 10, 20, 30, 40]);
        assert_eq!(ticks_when_late(MissedTicks::Delay), [0, 10, 45, 55, 65]);
        assert_eq!(ticks_when_late(MissedTicks::Skip), [0, 10, 40, 50, 60]);
    });
}

#[test]
fn with_a_clock_of_ones_own_a_timer_fires_exactly_when_told() {
    must_end(|| {
        let (runtime, clock) = hand_runtime();
        runtime.block_on(async {
            let count = Count::new();
            let waker = Waker::from(Arc::clone(&count));
            let mut sleep = time::sleep(Duration::from_nanos(100));
            assert!(poll_with(&mut sleep, &waker).is_pending());
            clock.advance(Duration::from_nanos(99));
            turns(100).await;
            assert_eq!(count.get(), 0);
            assert!(poll_with(&mut sleep, &waker).is_pending());
            clock.advance(Duration::from_nanos(1));
            while count.get() == 0 {
                task::yield_now().await;
            }
            assert!(poll_with(&mut sleep, &waker).is_ready());
        });
    });
}

#[test]
fn a_timeout_ends_what_takes_too_long_and_nothing_else() {
    must_end(|| {
        runtime().block_on(async {
            let gate = Gate::new();
            let error = time::timeout(SHORT, gate.wait()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            gate.open();
            time::timeout(LONG, gate.wait()).await.unwrap();
            time::timeout(Duration::ZERO, async {}).await.unwrap();
        });
    });
}

/// Drops a timer inside the waker of another that fires in the same tick.
#[test]
fn a_timer_dropped_and_made_in_anothers_waker_is_no_trouble() {
    struct Swap(Mutex<Option<Sleep>>);
    impl std::task::Wake for Swap {
        fn wake(self: Arc<Self>) {
            let fresh = time::sleep(SHORT);
            let old = self.0.lock().unwrap().replace(fresh);
            drop(old);
            if let Some(sleep) = &mut *self.0.lock().unwrap() {
                let mut cx = Context::from_waker(Waker::noop());
                assert!(Pin::new(sleep).poll(&mut cx).is_pending());
            }
        }
    }
    must_end(|| {
        runtime().block_on(async {
            let at = Instant::now() + SHORT;
            let (mut first, mut second) = (time::sleep_until(at), time::sleep_until(at));
            let never = Count::new();
            assert!(poll_with(&mut second, &Waker::from(Arc::clone(&never))).is_pending());
            let swap = Arc::new(Swap(Mutex::new(Some(second))));
            assert!(poll_with(&mut first, &Waker::from(Arc::clone(&swap))).is_pending());
            time::sleep_until(at + SHORT).await.unwrap();
            let fresh = swap.0.lock().unwrap().take().unwrap();
            fresh.await.unwrap();
            drop(first);
        });
    });
}

//! How a thread sleeps, and what ends the sleep.

mod common;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

use executor_core::driver::{ParkUntil, Unpark};
use reactor::Options;

use common::{PATIENCE, Turner, on_both_paths};

on_both_paths! {
    another_thread_ends_a_park_without_a_deadline
    an_unpark_before_the_park_counts
    a_look_takes_the_unpark_with_it
    a_deadline_is_never_early
    a_deadline_of_the_past_does_not_wait
    an_earlier_deadline_after_a_later_one_is_kept
    no_unpark_is_lost
    no_unpark_is_lost_without_a_spin
}

/// Parks until the deadline has passed; a park may end sooner for no reason, but not often.
fn sleep_until(turner: &mut Turner, deadline: Instant) {
    let mut parks = 0;
    while Instant::now() < deadline {
        turner.park(ParkUntil::Deadline(deadline));
        parks += 1;
    }
    assert!(parks <= 2, "woke {parks} times for one deadline");
}

fn another_thread_ends_a_park_without_a_deadline(options: Options) {
    // Without a spin the park is one blocking wait, so this is about the kick.
    let mut turner = Turner::new(&options.spin(Duration::ZERO));
    let unparker = turner.driver().unparker();
    let unparked = Arc::new(AtomicUsize::new(0));
    let flag = Arc::clone(&unparked);
    let other = thread::spawn(move || {
        flag.store(1, SeqCst);
        unparker.unpark();
    });
    while unparked.load(SeqCst) == 0 {
        turner.park(ParkUntil::Notified);
    }
    other.join().unwrap();
}

fn an_unpark_before_the_park_counts(options: Options) {
    let mut turner = Turner::new(&options);
    turner.driver().unparker().unpark();
    turner.park(ParkUntil::Notified);

    // It counts once: the next park lasts until its deadline.
    let deadline = Instant::now() + Duration::from_millis(5);
    turner.park(ParkUntil::Deadline(deadline));
    assert!(Instant::now() >= deadline);
}

fn a_look_takes_the_unpark_with_it(options: Options) {
    let mut turner = Turner::new(&options);
    turner.driver().unparker().unpark();
    turner.park(ParkUntil::Now);
    let deadline = Instant::now() + Duration::from_millis(5);
    turner.park(ParkUntil::Deadline(deadline));
    assert!(Instant::now() >= deadline);
}

fn a_deadline_is_never_early(options: Options) {
    let mut turner = Turner::new(&options.spin(Duration::ZERO));
    for micros in [1, 10, 100, 333, 999, 1_000, 1_001, 2_500, 20_000] {
        let deadline = Instant::now() + Duration::from_micros(micros);
        turner.park(ParkUntil::Deadline(deadline));
        assert!(Instant::now() >= deadline, "early for {micros} µs");
    }
}

fn a_deadline_of_the_past_does_not_wait(options: Options) {
    let mut turner = Turner::new(&options);
    let now = Instant::now();
    for deadline in [now, now - Duration::from_millis(1)] {
        turner.park(ParkUntil::Deadline(deadline));
    }
    assert!(now.elapsed() < PATIENCE);
}

fn an_earlier_deadline_after_a_later_one_is_kept(options: Options) {
    let mut turner = Turner::new(&options.spin(Duration::ZERO));
    let unparker = turner.driver().unparker();
    let start = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| unparker.unpark());
        turner.park(ParkUntil::Deadline(start + Duration::from_secs(3600)));
    });
    sleep_until(&mut turner, Instant::now() + Duration::from_millis(5));
    assert!(start.elapsed() < PATIENCE);
}

/// Each of four threads unparks, and goes on when the driver has seen it: a single lost one is
/// waited for in vain.
fn no_unpark_is_lost(options: Options) {
    const THREADS: usize = 4;
    const EACH: usize = 25_000;

    let mut turner = Turner::new(&options);
    let unparker: Arc<dyn Unpark> = turner.driver().unparker();
    let sent: [AtomicUsize; THREADS] = Default::default();
    let seen: [AtomicUsize; THREADS] = Default::default();
    thread::scope(|scope| {
        for (sent, seen) in sent.iter().zip(&seen) {
            let unparker = &unparker;
            scope.spawn(move || {
                for n in 1..=EACH {
                    sent.store(n, SeqCst);
                    unparker.unpark();
                    while seen.load(SeqCst) < n {
                        thread::yield_now();
                    }
                }
            });
        }
        turner.until("every unpark", || {
            for (sent, seen) in sent.iter().zip(&seen) {
                seen.store(sent.load(SeqCst), SeqCst);
            }
            seen.iter().all(|seen| seen.load(SeqCst) == EACH)
        });
    });
}

fn no_unpark_is_lost_without_a_spin(options: Options) {
    no_unpark_is_lost(options.spin(Duration::ZERO));
}

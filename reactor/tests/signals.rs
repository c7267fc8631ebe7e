//! A wait that signals interrupt a thousand times a second goes on.
//!
//! It is a program of its own, without the test harness: a signal to a process goes to its main
//! thread, and that is the one that must be parked.
#![allow(unsafe_code, reason = "the interval timer has no safe wrapper")]

#[cfg(target_os = "linux")]
mod common;

#[cfg(target_os = "linux")]
fn main() {
    linux::run();
}

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    use std::ptr;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::sync::atomic::Ordering::SeqCst;
    use std::time::{Duration, Instant};

    use executor_core::driver::{Interest, ParkUntil};
    use reactor::Options;

    use crate::common::{Count, Turner, Watched};

    pub(super) fn run() {
        let interrupted = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(libc::SIGALRM, Arc::clone(&interrupted)).unwrap();
        interrupt_every(Duration::from_millis(1));
        for portable in [false, true] {
            let options = Options::new().spin(Duration::ZERO).portable(portable);
            deadlines_are_kept(&options, &interrupted);
            events_arrive(&options, &interrupted);
        }
        println!("signals: ok");
    }

    fn deadlines_are_kept(options: &Options, interrupted: &AtomicBool) {
        let mut turner = Turner::new(options);
        for _ in 0..20 {
            interrupted.store(false, SeqCst);
            let deadline = Instant::now() + Duration::from_millis(10);
            turner.park(ParkUntil::Deadline(deadline));
            assert!(Instant::now() >= deadline, "a signal ended the wait");
            assert!(
                interrupted.load(SeqCst),
                "no signal came: nothing was tested"
            );
        }
    }

    /// A wait without a deadline, which only the event can end.
    fn events_arrive(options: &Options, interrupted: &AtomicBool) {
        let mut turner = Turner::new(options);
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let ours = Watched::new(&turner.reactor(), ours).unwrap();
        turner.settle();
        let reader = Count::waiting(&ours, Interest::Readable);
        interrupted.store(false, SeqCst);
        let writer = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                while !interrupted.load(SeqCst) {
                    std::thread::yield_now();
                }
                theirs.write_all(b"x")
            });
            while reader.get() == 0 {
                turner.park(ParkUntil::Notified);
            }
            writer.join().unwrap()
        });
        writer.unwrap();
    }

    fn interrupt_every(period: Duration) {
        let period = libc::timeval {
            tv_sec: 0,
            tv_usec: period.as_micros() as libc::suseconds_t,
        };
        let timer = libc::itimerval {
            it_interval: period,
            it_value: period,
        };
        // SAFETY: the argument is a valid setting, and the old one is not asked for.
        let result = unsafe { libc::setitimer(libc::ITIMER_REAL, &timer, ptr::null_mut()) };
        assert_eq!(result, 0, "the interval timer cannot be set");
    }
}

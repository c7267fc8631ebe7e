//! S11: what an executor takes from the machine while there is nothing to do.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::usage::Usage;
use crate::Case;
use crate::adapter::Executor;
use crate::devices::{Opener, gate};

/// How long it is watched while it is idle, each time.
const WINDOW: Duration = Duration::from_millis(150);
/// It is watched until one time is good, and so often at most: other things may happen meanwhile.
const WINDOWS: usize = 3;
/// Processor time in a window that is more than settling down.
const MUCH_TIME: Duration = Duration::from_millis(8);
/// Wake-ups in a window that are more than settling down: one each 10 ms.
const MANY_WAKEUPS: u64 = 15;

/// S11: an executor that has nothing to do uses no processor time.
pub fn s11_should_idle_cpu_is_nil<E: Executor>(case: &Case) {
    if Usage::now().is_none() {
        case.skip("this system does not tell what a process uses");
    }
    let (openers, to_open) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    let watcher = thread::spawn(move || {
        let mut usages = to_open.iter().map(watch_idleness);
        // The rule may have failed, and nobody listens.
        while usages.next().is_some_and(|used| tell.send(used).is_ok()) {}
    });
    let mut executor = E::new();
    executor.block_on(async {
        let mut best = Usage::MOST;
        for window in 0..WINDOWS {
            case.event(format_args!("window {window}"));
            let (gate, opener) = gate();
            openers.send(opener).expect("the watcher listens");
            gate.await;
            let used = told.recv().expect("the watcher tells");
            best = best.min(used);
            if best.cpu < MUCH_TIME && best.wakeups < MANY_WAKEUPS {
                return;
            }
        }
        panic!(
            "idle for {WINDOW:?}, the process used {:?} of processor time, and its threads woke \
             up {} times",
            best.cpu, best.wakeups
        );
    });
    drop(openers);
    watcher.join().expect("the watcher does not panic");
}

/// Watches the process while the root waits at a gate, then opens that.
fn watch_idleness(opener: Opener) -> Usage {
    while !opener.is_awaited() {
        thread::yield_now();
    }
    // Threads that were woken to look for work go to sleep again.
    thread::sleep(WINDOW / 5);
    let before = Usage::now();
    thread::sleep(WINDOW);
    let after = Usage::now();
    opener.open();
    let (before, after) = before.zip(after).expect("the system told it before");
    after.since(before)
}

//! What a wake does: it marks the task, and queues it if it was idle.

use std::cell::RefCell;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Wake, Waker};
use std::thread;

use super::core::{Core, Why};
use super::fault::{Fault, broken};
use super::task::{Stage, Task};
use super::{faults, lock, unsound};

/// The waker that the task is polled with.
pub(crate) fn waker(task: &Arc<Task>) -> Waker {
    if broken(Fault::OneWakerForAll) {
        return Relay::of(task);
    }
    if broken(Fault::WakerForEachClone) {
        return unsound::distinct_waker(task);
    }
    Waker::from(Arc::clone(task))
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        wake(&self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        wake(self);
        if broken(Fault::WakeByRefLeaks) {
            std::mem::forget(Arc::clone(self));
        }
        if broken(Fault::WakeByRefConsumes) {
            unsound::give_back(self);
        }
    }
}

/// Wakes a task, from any thread.
pub(crate) fn wake(task: &Arc<Task>) {
    if !is_allowed(task) {
        return;
    }
    let stage = lock(&task.status).stage;
    faults::on_wake(task, stage);
    let queue = {
        let mut status = lock(&task.status);
        match status.stage {
            Stage::Idle => {
                if broken(Fault::WakeForgetsCancel) && status.polls > 1 {
                    status.cancelled = false;
                }
                status.stage = Stage::Queued;
                true
            }
            // It is queued when the poll is over: a task is never in the queue while it runs.
            Stage::Running => {
                if !faults::loses_self_wake(task) {
                    status.stage = Stage::RunningWoken;
                }
                broken(Fault::PolledConcurrently)
            }
            // One poll answers all the wakes that came before it.
            Stage::Queued => broken(Fault::QueuedTwice) || broken(Fault::QueueGrows),
            Stage::RunningWoken | Stage::Ended => false,
        }
    };
    if !queue {
        return;
    }
    // Where the executor is gone, so is the future, and there is nothing to wake.
    if let Some(core) = faults::destination(task) {
        if faults::wake_polls(task) {
            return task.run(&super::locals::Locals::default());
        }
        core.push(Arc::clone(task), Why::Wake);
    }
}

/// Whether the wake is heard; only faults are deaf, or panic.
fn is_allowed(task: &Arc<Task>) -> bool {
    if broken(Fault::WakeUsesThreadLocal) {
        thread_local!(static LAST: RefCell<Weak<Task>> = const { RefCell::new(Weak::new()) });
        LAST.with(|last| *last.borrow_mut() = Arc::downgrade(task));
    }
    if broken(Fault::RareWakeLost) {
        static WAKES: AtomicUsize = AtomicUsize::new(1);
        // Relaxed: the number is all that matters.
        if WAKES.fetch_add(1, Relaxed) % 500 == 0 {
            return false;
        }
    }
    if broken(Fault::WakeWhileUnwindingLost) && thread::panicking() {
        return false;
    }
    if broken(Fault::ForeignWakePanics) && faults::is_foreign(task) {
        panic!("the waker was called on another thread");
    }
    let Some(core) = task.core.upgrade() else {
        assert!(!broken(Fault::LateWakePanics), "the executor is gone");
        return true;
    };
    while broken(Fault::WakeWaitsForRoom) && is_full(&core) {
        thread::yield_now();
    }
    true
}

fn is_full(core: &Core) -> bool {
    let state = lock(&core.state);
    state.ready.len() >= 1024 && !state.closed
}

/// A waker of all tasks; it wakes the one that had it first, until that ends.
struct Relay(Mutex<Arc<Task>>);

impl Relay {
    fn of(task: &Arc<Task>) -> Waker {
        static RELAY: Mutex<Option<Arc<Relay>>> = Mutex::new(None);
        let mut relay = lock(&RELAY);
        let new = || Arc::new(Relay(Mutex::new(Arc::clone(task))));
        let relay = Arc::clone(relay.get_or_insert_with(new));
        let mut first = lock(&relay.0);
        let ended = lock(&first.status).stage == Stage::Ended;
        let former = ended.then(|| std::mem::replace(&mut *first, Arc::clone(task)));
        drop(first);
        drop(former);
        Waker::from(relay)
    }
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        let task = Arc::clone(&lock(&self.0));
        wake(&task);
    }
}

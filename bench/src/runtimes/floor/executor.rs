//! Tasks in a slab, their indices in a queue.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use rustix::event::poll;
use slab::Slab;

use super::timers;
use super::waker::waker;
use crate::scenarios::slot::{Slot, Take};

/// The index that stands for the future given to `block_on`.
const MAIN: usize = usize::MAX;

/// Polls in a row before the main future is looked at again.
const BATCH: usize = 64;

struct Task {
    /// Taken out while it is polled.
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    queued: bool,
}

struct Tasks {
    slab: Slab<Task>,
    ready: VecDeque<usize>,
}

thread_local! {
    static TASKS: RefCell<Tasks> =
        const { RefCell::new(Tasks { slab: Slab::new(), ready: VecDeque::new() }) };
    static MAIN_WOKEN: Cell<bool> = const { Cell::new(true) };
    /// Set while timers fire: what they wake goes ahead of what merely yielded.
    static AHEAD: Cell<bool> = const { Cell::new(false) };
}

/// Runs `main` and whatever it spawns until `main` ends; forgets the rest.
pub(super) fn block_on<T>(main: impl Future<Output = T>) -> T {
    let mut main = pin!(main);
    timers::be_punctual();
    let main_waker = waker(MAIN);
    loop {
        if MAIN_WOKEN.replace(false) {
            if let Poll::Ready(value) = main.as_mut().poll(&mut Context::from_waker(&main_waker)) {
                return value;
            }
        }
        for _ in 0..BATCH {
            fire_due();
            if !run_one() {
                break;
            }
        }
        if !MAIN_WOKEN.get() && TASKS.with_borrow(|tasks| tasks.ready.is_empty()) {
            park();
        }
    }
}

/// Starts a task and gives what awaits it.
pub(super) fn spawn<T: 'static>(task: impl Future<Output = T> + 'static) -> Take<T> {
    let result = Rc::new(Slot::default());
    let place = Rc::clone(&result);
    spawn_detached(async move { place.put(task.await) });
    Slot::take(result)
}

/// Starts a task.
pub(super) fn spawn_detached(task: impl Future<Output = ()> + 'static) {
    let future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(task);
    TASKS.with_borrow_mut(|tasks| {
        let index = tasks.slab.insert(Task {
            future: Some(future),
            queued: true,
        });
        tasks.ready.push_back(index);
    });
}

/// Makes the task at `index` ready, if there is one.
///
/// An index may have been given to another task since; that one is polled for nothing.
pub(super) fn wake(index: usize) {
    if index == MAIN {
        MAIN_WOKEN.set(true);
        return;
    }
    TASKS.with_borrow_mut(|tasks| match tasks.slab.get_mut(index) {
        Some(task) if !task.queued => {
            task.queued = true;
            if AHEAD.get() {
                tasks.ready.push_front(index);
            } else {
                tasks.ready.push_back(index);
            }
        }
        _ => {}
    });
}

fn run_one() -> bool {
    let next = TASKS.with_borrow_mut(|tasks| {
        let index = tasks.ready.pop_front()?;
        let task = tasks.slab.get_mut(index)?;
        task.queued = false;
        Some((index, task.future.take()?))
    });
    let Some((index, mut future)) = next else {
        // A task that woke itself and then ended leaves its index behind.
        return TASKS.with_borrow(|tasks| !tasks.ready.is_empty());
    };
    let outcome = future
        .as_mut()
        .poll(&mut Context::from_waker(&waker(index)));
    match outcome {
        Poll::Pending => TASKS.with_borrow_mut(|tasks| tasks.slab[index].future = Some(future)),
        // The future itself is dropped after the borrow, because what it drops may wake.
        Poll::Ready(()) => drop(TASKS.with_borrow_mut(|tasks| tasks.slab.remove(index))),
    }
    true
}

fn fire_due() {
    if timers::any() {
        AHEAD.set(true);
        timers::fire_due();
        AHEAD.set(false);
    }
}

fn park() {
    let timeout = timers::until_next().expect("every task waits and there is no timer to end it");
    let timeout = timeout.try_into().expect("a timeout of sane length");
    // An early return, by a signal, is made good by the next turn of the loop.
    let _ = poll(&mut [], Some(&timeout));
}

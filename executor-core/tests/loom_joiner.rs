//! A model of a handle that looks at the waker it has left with its task while the task ends.
//!
//! Wakers need not point to anything: these are numbers, of which 0 looks like an empty place.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "the files under test are parts of another crate"
)]
#![allow(unsafe_code, reason = "the protocol is unsafe to use")]

mod sync {
    pub(crate) use loom::cell::Cell;
    pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicU64};
}

#[path = "../src/task/cell/joiner.rs"]
mod joiner;
#[path = "../src/task/cell/state.rs"]
mod state;

use std::ptr;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{RawWaker, RawWakerVTable, Waker};

use loom::sync::Arc;
use loom::thread;

use state::{Completed, State};

/// How often each of the numbered wakers was woken.
static WOKEN: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

static TABLE: RawWakerVTable =
    RawWakerVTable::new(|number| RawWaker::new(number, &TABLE), count, count, |_| {});

fn count(number: *const ()) {
    WOKEN[number.addr()].fetch_add(1, SeqCst);
}

fn waker(number: usize) -> Waker {
    // SAFETY: the functions of the table take the pointer for a number.
    unsafe { Waker::new(ptr::without_provenance(number), &TABLE) }
}

/// Polls the handle away from home; `true` if the task has ended.
fn poll(state: &State, waker: &Waker) -> bool {
    // SAFETY: for the handle.
    state.is_complete()
        || !state.is_awaited_by(waker) && unsafe { state.await_away(waker.clone()) }.is_err()
}

/// Ends the task on its loop's thread, and wakes who awaits it.
fn end(state: &State) {
    // SAFETY: at home, with the token, and then with the registry's reference.
    let completed = unsafe {
        assert!(state.begin_poll_home());
        state.complete_home(false)
    };
    let (Completed::Released(announcement) | Completed::Kept(announcement)) = completed else {
        panic!("the handle is there");
    };
    announcement.joiner.into_iter().for_each(Waker::wake);
}

#[test]
fn the_latest_waker_is_woken_also_if_the_end_makes_it_look_known() {
    for numbers in [[1, 0], [0, 1]] {
        loom::model(move || {
            WOKEN.iter().for_each(|woken| woken.store(0, SeqCst));
            let home = Arc::new(State::new());
            let away = Arc::clone(&home);
            let joiner = thread::spawn(move || {
                numbers
                    .into_iter()
                    .any(|number| poll(&away, &waker(number)))
            });
            end(&home);
            let saw_the_end = joiner.join().unwrap();
            let latest = WOKEN[numbers[1]].load(SeqCst);
            assert!(saw_the_end || latest == 1, "the latest waker was not woken");
        });
    }
}

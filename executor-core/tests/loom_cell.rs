//! Models of a task's cell: its loop on one thread, wakers and the handle on others, in every
//! order that the memory model allows.
//!
//! The protocol is compiled here with the model checker's primitives in place of the standard
//! ones. What is round it does as the cell and the loop do, with places that the checker watches
//! for the memory, the plain word and the output: an access that is not ordered with another one
//! fails the test.

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

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::task::{Wake, Waker};

use loom::cell::UnsafeCell;
use loom::sync::atomic::AtomicUsize;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use joiner::Detached;
use state::{Announcement, Completed, Received, Reference, State};

/// A task, and the inbox of its loop.
struct Task {
    state: State,
    /// What stands for the memory: used whenever the cell is, and written when it is freed.
    freed: UnsafeCell<bool>,
    output: UnsafeCell<Option<u8>>,
    inbox: Mutex<Inbox>,
    arrived: Condvar,
    /// What the wakers did before they woke. Relaxed: the wakes must publish it.
    done: [AtomicUsize; 2],
}

#[derive(Default)]
struct Inbox {
    messages: usize,
    lost: usize,
    is_closed: bool,
    /// The loop has let go of its core: nobody may refer to that any more.
    is_gone: bool,
}

const OUTPUT: u8 = 7;

impl Task {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            state: State::new(),
            freed: UnsafeCell::new(false),
            output: UnsafeCell::new(None),
            inbox: Mutex::default(),
            arrived: Condvar::new(),
            done: [AtomicUsize::new(0), AtomicUsize::new(0)],
        })
    }

    fn state(&self) -> &State {
        // SAFETY: nothing but the model's own check hangs on it.
        self.freed
            .with(|freed| assert!(!unsafe { *freed }, "used after it was freed"));
        &self.state
    }

    fn free_if(&self, is_last: bool) {
        if is_last {
            // SAFETY: as above.
            self.freed.with_mut(|freed| unsafe {
                assert!(!std::mem::replace(&mut *freed, true), "freed twice");
            });
            assert_eq!(self.take_output(), None, "freed with its output");
        }
    }

    fn take_output(&self) -> Option<u8> {
        // SAFETY: as above.
        self.output.with_mut(|output| unsafe { (*output).take() })
    }

    fn put_output(&self) {
        // SAFETY: as above.
        self.output
            .with_mut(|output| unsafe { *output = Some(OUTPUT) });
    }

    fn is_freed(&self) -> bool {
        // SAFETY: as above.
        self.freed.with(|freed| unsafe { *freed })
    }
}

/// A waker of the task, on another thread than its loop's.
struct Away(Arc<Task>);

impl Away {
    fn clone(&self) -> Self {
        self.0.state().retain_away();
        Self(Arc::clone(&self.0))
    }

    fn drop(self) {
        let is_last = self.0.state().release_away();
        self.0.free_if(is_last);
    }

    fn wake_by_ref(&self) {
        if self.0.state().wake_away() {
            self.0.state().retain_away();
            self.send();
        }
    }

    fn wake(self) {
        match self.0.state().wake_away() {
            true => self.send(),
            false => self.drop(),
        }
    }

    fn send(&self) {
        let mut inbox = self.0.inbox.lock().unwrap();
        assert!(!inbox.is_gone, "the core was looked for when it was gone");
        if inbox.is_closed {
            inbox.lost += 1;
            drop(inbox);
            self.0.arrived.notify_one();
            return Self(Arc::clone(&self.0)).drop();
        }
        inbox.messages += 1;
        drop(inbox);
        self.0.arrived.notify_one();
    }
}

/// The task's handle, on another thread than its loop's.
struct Handle(Arc<Task>);

impl Handle {
    /// Whether the task has ended; the waker is left there if not.
    fn poll(&self, waker: &Waker) -> bool {
        let state = self.0.state();
        if state.is_complete() {
            return true;
        }
        // SAFETY: for the handle.
        state.is_awaited_by(waker) || unsafe { state.await_away(waker.clone()) }.is_err()
    }

    /// Takes the output of a task that has ended.
    fn take(self) -> Option<u8> {
        let output = self.0.take_output();
        Away(self.0).drop();
        output
    }

    fn drop(self) -> Option<u8> {
        // SAFETY: for the handle.
        match unsafe { self.0.state().detach_away() } {
            Detached::Early(_, is_last) => {
                self.0.free_if(is_last);
                None
            }
            Detached::Late => self.take(),
        }
    }
}

/// The task's loop, on its own thread.
struct Loop {
    task: Arc<Task>,
    has_token: bool,
    late_wakes: usize,
    is_live: bool,
    output_dropped: bool,
}

impl Loop {
    /// A loop with a task, whose handle and whose wakers are the caller's to send away.
    fn new() -> (Self, Handle) {
        let task = Task::new();
        let handle = Handle(Arc::clone(&task));
        let local = Self {
            task,
            has_token: true,
            late_wakes: 0,
            is_live: true,
            output_dropped: false,
        };
        (local, handle)
    }

    /// As above, with nobody to join the task.
    fn detached() -> Self {
        let (local, _) = Self::new();
        // SAFETY: at home, for the handle.
        let detached = unsafe { local.task.state().detach_home() };
        assert!(matches!(detached, Detached::Early(None, false)));
        local
    }

    fn waker(&self) -> Away {
        // SAFETY: at home, with a reference.
        unsafe { self.task.state().retain_home() };
        Away(Arc::clone(&self.task))
    }

    fn release(&self) {
        // SAFETY: at home, with a reference.
        let is_last = unsafe { self.task.state().release_home() };
        self.task.free_if(is_last);
    }

    fn push(&mut self) {
        assert!(!self.has_token, "two tokens at a time");
        self.has_token = true;
    }

    /// Polls the task, which ends if `body` says so.
    fn poll(&mut self, body: impl FnOnce() -> bool) {
        assert!(std::mem::take(&mut self.has_token));
        // SAFETY: at home, with the token.
        assert!(unsafe { self.task.state().begin_poll_home() });
        if body() {
            self.task.put_output();
            return self.complete();
        }
        // SAFETY: at home, in the poll.
        if unsafe { self.task.state().end_poll_home() } {
            self.push();
        }
    }

    fn complete(&mut self) {
        self.is_live = false;
        loop {
            // SAFETY: at home, with the registry's reference.
            match unsafe { self.task.state().complete_home(self.output_dropped) } {
                Completed::Released(announcement) => return self.tell(announcement),
                Completed::Kept(announcement) => {
                    self.tell(announcement);
                    return self.release();
                }
                Completed::Unclaimed => self.drop_output(),
                Completed::Alone(awaits_message) => {
                    self.late_wakes += usize::from(awaits_message);
                    if !self.output_dropped {
                        self.drop_output();
                    }
                    return self.task.free_if(true);
                }
            }
        }
    }

    fn drop_output(&mut self) {
        assert_eq!(self.task.take_output(), Some(OUTPUT));
        self.output_dropped = true;
    }

    fn tell(&mut self, announcement: Announcement) {
        self.late_wakes += usize::from(announcement.awaits_message);
        if let Some(joiner) = announcement.joiner {
            joiner.wake();
        }
    }

    fn receive(&mut self, messages: usize) {
        for _ in 0..messages {
            // SAFETY: at home, with the message's reference, and not in a poll.
            match unsafe { self.task.state().receive_home() } {
                Received::Schedule => self.push(),
                Received::Release => self.release(),
                Received::Late => {
                    self.late_wakes -= 1;
                    self.release();
                }
            }
        }
    }

    /// Takes messages in, after it has slept until there are some, unless there is a token.
    fn take_in(&mut self) {
        let mut inbox = self.task.inbox.lock().unwrap();
        // If a wake is lost this never ends, which the model reports as a deadlock.
        while inbox.messages == 0 && !self.has_token {
            inbox = self.task.arrived.wait(inbox).unwrap();
        }
        let messages = std::mem::take(&mut inbox.messages);
        drop(inbox);
        self.receive(messages);
    }

    /// Lets go of the core when nobody refers to it any more.
    fn close(&mut self) {
        assert!(!self.is_live && !self.has_token);
        let task = Arc::clone(&self.task);
        let mut inbox = task.inbox.lock().unwrap();
        loop {
            inbox.is_closed = true;
            let messages = std::mem::take(&mut inbox.messages);
            if messages > 0 {
                drop(inbox);
                self.receive(messages);
                inbox = task.inbox.lock().unwrap();
            } else if self.late_wakes > inbox.lost {
                inbox = task.arrived.wait(inbox).unwrap();
            } else {
                inbox.is_gone = true;
                return;
            }
        }
    }
}

impl Loop {
    /// When all others are done: nothing is left, and no wake was counted that did not come.
    fn is_settled(&self) {
        assert!(self.task.is_freed(), "leaked");
        let inbox = self.task.inbox.lock().unwrap();
        assert_eq!((inbox.messages, inbox.lost), (0, self.late_wakes));
    }
}

/// A waker that counts.
#[derive(Default)]
struct Count(std::sync::atomic::AtomicUsize);

impl Count {
    fn waker() -> (std::sync::Arc<Self>, Waker) {
        let count = std::sync::Arc::new(Self::default());
        let waker = Waker::from(std::sync::Arc::clone(&count));
        (count, waker)
    }

    fn get(&self) -> usize {
        self.0.load(SeqCst)
    }

    /// Whether nobody holds a waker of it any more.
    fn is_released(self: std::sync::Arc<Self>) -> bool {
        std::sync::Arc::into_inner(self).is_some()
    }
}

impl Wake for Count {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Three threads are modelled with a bound, or it would take minutes.
fn bounded(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(model);
}

fn join_all<const N: usize>(threads: [thread::JoinHandle<()>; N]) {
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn of_two_wakes_from_away_none_is_lost_and_there_is_one_token_at_most() {
    bounded(|| {
        let mut local = Loop::detached();
        let task = Arc::clone(&local.task);
        let threads = [0, 1].map(|n| {
            let waker = local.waker();
            thread::spawn(move || {
                waker.0.done[n].store(1, Relaxed);
                waker.wake();
            })
        });
        while local.is_live {
            local.take_in();
            if local.has_token {
                local.poll(|| task.done.iter().all(|done| done.load(Relaxed) == 1));
            }
        }
        join_all(threads);
        local.close();
        local.is_settled();
    });
}

#[test]
fn a_wake_that_races_the_end_keeps_the_core_and_leaks_nothing() {
    for by_ref in [false, true] {
        loom::model(move || {
            let mut local = Loop::detached();
            let waker = local.waker();
            let away = thread::spawn(move || {
                if by_ref {
                    waker.wake_by_ref();
                    waker.drop();
                } else {
                    waker.wake();
                }
            });
            local.poll(|| true);
            local.close();
            away.join().unwrap();
            local.is_settled();
        });
    }
}

#[test]
fn two_wakes_that_race_the_end_keep_the_core_and_leak_nothing() {
    bounded(|| {
        let mut local = Loop::detached();
        let threads =
            [local.waker(), local.waker()].map(|waker| thread::spawn(move || waker.wake()));
        local.poll(|| true);
        local.close();
        join_all(threads);
        local.is_settled();
    });
}

#[test]
fn wakes_that_find_the_inbox_closed_are_not_waited_for() {
    bounded(|| {
        let mut local = Loop::detached();
        let task = Arc::clone(&local.task);
        let threads =
            [local.waker(), local.waker()].map(|waker| thread::spawn(move || waker.wake()));
        // As for a task whose spawning was still in the inbox when that was closed.
        task.inbox.lock().unwrap().is_closed = true;
        local.poll(|| true);
        local.close();
        join_all(threads);
        local.is_settled();
    });
}

#[test]
fn a_wake_during_the_poll_brings_one_more_beside_one_from_away() {
    loom::model(|| {
        let mut local = Loop::detached();
        let task = Arc::clone(&local.task);
        let waker = local.waker();
        let away = thread::spawn(move || waker.wake());
        local.poll(|| {
            // SAFETY: at home, with the registry's reference.
            assert!(!unsafe { task.state().wake_home(Reference::Borrowed) });
            false
        });
        assert!(local.has_token, "the task woke itself");
        local.take_in();
        local.poll(|| true);
        local.close();
        away.join().unwrap();
        local.is_settled();
    });
}

#[test]
fn references_that_race_the_end_free_the_task_once() {
    bounded(|| {
        let mut local = Loop::detached();
        let (waker, other) = (local.waker(), local.waker());
        let away = thread::spawn(move || {
            let second = waker.clone();
            waker.drop();
            let third = second.clone();
            second.drop();
            third.drop();
        });
        let elsewhere = thread::spawn(move || other.drop());
        local.poll(|| true);
        away.join().unwrap();
        elsewhere.join().unwrap();
        local.is_settled();
    });
}

/// References that were taken away come home, and are counted below 0 there.
#[test]
fn references_that_come_home_free_the_task_once() {
    loom::model(|| {
        let mut local = Loop::detached();
        let waker = local.waker();
        let home = Arc::new(Mutex::new(Vec::new()));
        let sent = Arc::clone(&home);
        let away = thread::spawn(move || {
            let clones = [waker.clone(), waker.clone()];
            sent.lock().unwrap().extend(clones);
            waker.drop();
        });
        for _came in home.lock().unwrap().drain(..) {
            local.release();
        }
        local.poll(|| true);
        away.join().unwrap();
        for _came in home.lock().unwrap().drain(..) {
            local.release();
        }
        local.is_settled();
    });
}

/// Polls the handle with each of the wakers, and takes the output as soon as it is there.
fn join(handle: Handle, wakers: Vec<Waker>) -> Result<Option<u8>, Handle> {
    match wakers.iter().any(|waker| handle.poll(waker)) {
        true => Ok(handle.take()),
        false => Err(handle),
    }
}

/// At home the handle leaves `before`; then it is polled away, with each of `wakers`.
fn a_join_races_the_end(before: usize, wakers: usize) {
    let (mut local, handle) = Loop::new();
    let (counts, mut all): (Vec<_>, Vec<_>) = (0..before + wakers).map(|_| Count::waker()).unzip();
    for waker in all.drain(..before) {
        // SAFETY: at home, for the handle.
        assert!(unsafe { local.task.state().await_home(waker) }.is_ok());
    }
    let away = thread::spawn(move || join(handle, all));
    local.poll(|| true);
    let woken = |counts: &[_]| {
        counts
            .iter()
            .map(|count: &std::sync::Arc<Count>| count.get())
            .sum()
    };
    let woken: usize = woken(&counts);
    let output = match away.join().unwrap() {
        Ok(output) => {
            assert!(woken <= 1);
            output
        }
        Err(handle) => {
            assert_eq!(
                (woken, counts.last().unwrap().get()),
                (1, 1),
                "the latest is told"
            );
            handle.take()
        }
    };
    assert_eq!(output, Some(OUTPUT));
    assert!(counts.into_iter().all(Count::is_released));
    local.is_settled();
}

#[test]
fn a_join_that_races_the_end_is_told_or_finds_it() {
    loom::model(|| a_join_races_the_end(0, 1));
    loom::model(|| a_join_races_the_end(0, 2));
}

/// The first waker was left at home, where no exchange tells of it; then the handle goes away.
#[test]
fn a_join_that_moves_away_is_told_or_finds_the_end() {
    loom::model(|| a_join_races_the_end(1, 1));
    loom::model(|| a_join_races_the_end(1, 2));
}

#[test]
fn a_handle_that_is_dropped_at_the_end_leaves_one_to_drop_the_output() {
    for (at_home, polls_away) in [(false, false), (true, false), (false, true), (true, true)] {
        loom::model(move || {
            let (mut local, handle) = Loop::new();
            let task = Arc::clone(&local.task);
            let (early, waker) = Count::waker();
            if at_home {
                // SAFETY: at home, for the handle.
                assert!(unsafe { task.state().await_home(waker.clone()) }.is_ok());
            }
            drop(waker);
            let away = thread::spawn(move || {
                let (late, waker) = Count::waker();
                if polls_away {
                    handle.poll(&waker);
                }
                drop(waker);
                (handle.drop(), late)
            });
            local.poll(|| true);
            let (dropped, late) = away.join().unwrap();
            assert!(dropped.is_some() != local.output_dropped, "once");
            assert!(early.is_released() && late.is_released());
            local.is_settled();
        });
    }
}

#[test]
fn the_output_is_taken_where_the_end_is_seen() {
    bounded(|| {
        let (mut local, handle) = Loop::new();
        let waker = local.waker();
        let away = thread::spawn(move || match handle.0.state().is_complete() {
            true => handle.take(),
            false => handle.drop(),
        });
        let elsewhere = thread::spawn(move || waker.drop());
        local.poll(|| true);
        let taken = away.join().unwrap().is_some();
        elsewhere.join().unwrap();
        assert!(taken != local.output_dropped, "once");
        local.is_settled();
    });
}

//! The threads for closures that block.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use executor_conformance::{JoinError, JoinHandle};

use super::drive::wait;
use super::fault::{Fault, broken};
use super::join::{Ask, Handle, Join};
use super::{contain, lock};

/// At most so many threads, which are started when they are needed and stay until the end.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    most: usize,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<(u64, Box<dyn Work>)>,
    threads: Vec<thread::JoinHandle<()>>,
    idle: usize,
    /// Threads that have not ended.
    running: usize,
    closed: bool,
}

/// A closure whose type is forgotten.
trait Work: Send {
    fn run(self: Box<Self>);
    fn cancel(self: Box<Self>);
    fn tell_cancelled(&self);
}

struct Closure<F, T> {
    closure: F,
    join: Arc<Join<T>>,
}

impl<F: FnOnce() -> T + Send, T: Send> Work for Closure<F, T> {
    fn run(self: Box<Self>) {
        let Self { closure, join } = *self;
        let result = match broken(Fault::BlockingPanicEscapes) {
            true => Ok(closure()),
            false => catch_unwind(AssertUnwindSafe(closure)),
        };
        join.end(result.map_err(|payload| JoinError::Panicked(Some(payload))));
    }

    fn cancel(self: Box<Self>) {
        let Self { closure, join } = *self;
        contain(|| drop(closure));
        if !broken(Fault::QueuedClosureNotTold) {
            join.end(Err(JoinError::Cancelled));
        }
    }

    fn tell_cancelled(&self) {
        self.join.end(Err(JoinError::Cancelled));
    }
}

/// What the handle of a closure can cancel: its place in the queue.
struct Ticket {
    id: u64,
    shared: Arc<Shared>,
}

impl Ask for Ticket {
    fn abort(self: Arc<Self>) {
        if broken(Fault::CancelledClosureRuns) {
            let state = lock(&self.shared.state);
            let queued = state.queue.iter().find(|(id, _)| *id == self.id);
            return queued
                .into_iter()
                .for_each(|(_, work)| work.tell_cancelled());
        }
        let work = {
            let mut state = lock(&self.shared.state);
            let place = state.queue.iter().position(|(id, _)| *id == self.id);
            place.and_then(|place| state.queue.remove(place))
        };
        // One that runs is left alone: there is no way to stop it.
        if let Some((_, work)) = work {
            work.cancel();
        }
    }
}

impl Pool {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            shared: Arc::default(),
            most,
        }
    }

    /// Runs a closure on one of the threads.
    pub(crate) fn spawn<F, T>(&self, closure: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        static IDS: AtomicU64 = AtomicU64::new(0);
        // Relaxed: the number is all that matters.
        let id = IDS.fetch_add(1, Relaxed);
        let join = Join::new();
        let work = Closure {
            closure,
            join: Arc::clone(&join),
        };
        self.push(id, Box::new(work));
        let shared = Arc::clone(&self.shared);
        Handle::wrap(join, Arc::new(Ticket { id, shared }))
    }

    fn push(&self, id: u64, work: Box<dyn Work>) {
        let mut state = lock(&self.shared.state);
        let full = state.idle == 0 && state.running >= self.most;
        let lost = (broken(Fault::ClosureBeyondMaximumLost) && full)
            || (broken(Fault::NestedClosureLost) && self.is_inside(&state));
        if lost {
            drop(state);
            return std::mem::forget(work);
        }
        if state.closed {
            drop(state);
            return work.cancel();
        }
        state.queue.push_back((id, work));
        if state.queue.len() > state.idle && state.running < self.most {
            self.start_thread(&mut state);
        }
        let orphans = match state.running {
            0 if !broken(Fault::OrphanedByNoThread) => std::mem::take(&mut state.queue),
            _ => VecDeque::new(),
        };
        drop(state);
        self.shared.changed.notify_one();
        // There is no thread, and none could be started.
        for (_, work) in orphans {
            work.cancel();
        }
    }

    fn start_thread(&self, state: &mut State) {
        let shared = Arc::clone(&self.shared);
        let name = "reference-pool".to_owned();
        // Where it cannot be started, those that there are do the work.
        if let Ok(thread) = thread::Builder::new()
            .name(name)
            .spawn(move || shared.work())
        {
            state.threads.push(thread);
            state.running += 1;
        }
    }

    fn is_inside(&self, state: &State) -> bool {
        let current = thread::current().id();
        state
            .threads
            .iter()
            .any(|thread| thread.thread().id() == current)
    }

    /// Refuses closures, gives up those that wait, and waits for those that run.
    pub(crate) fn shut_down(&self, patience: Option<Duration>) {
        if broken(Fault::PoolThreadsLeaked) {
            return;
        }
        let (queue, threads) = {
            let mut state = lock(&self.shared.state);
            state.closed = true;
            (
                std::mem::take(&mut state.queue),
                std::mem::take(&mut state.threads),
            )
        };
        self.shared.changed.notify_all();
        for (_, work) in queue {
            work.cancel();
        }
        let patience = patience.filter(|_| !broken(Fault::ShutdownTimeoutIgnored));
        if patience.is_some_and(|patience| !self.shared.ended_within(patience)) {
            return;
        }
        let current = thread::current().id();
        for thread in threads {
            if thread.thread().id() != current {
                // Its closures' panics have been handed to who waits for them.
                let _ = thread.join();
            }
        }
    }
}

impl Shared {
    /// What a thread of the pool does.
    fn work(&self) {
        let _running = Running(self);
        let mut state = lock(&self.state);
        loop {
            if let Some((_, work)) = state.queue.pop_front() {
                drop(state);
                work.run();
                state = lock(&self.state);
            } else if state.closed {
                return;
            } else {
                state.idle += 1;
                state = wait(&self.changed, state);
                state.idle -= 1;
            }
        }
    }

    fn ended_within(&self, patience: Duration) -> bool {
        let deadline = Instant::now().checked_add(patience);
        let mut state = lock(&self.state);
        while state.running > 0 {
            let Some(deadline) = deadline else {
                state = wait(&self.changed, state);
                continue;
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
        true
    }
}

/// Counts a thread out, also if it panics.
struct Running<'a>(&'a Shared);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).running -= 1;
        self.0.changed.notify_all();
    }
}

/// The handle of a closure that there is no pool for.
pub(crate) fn refused<F, T>(closure: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let join = Join::new();
    let work = Closure {
        closure,
        join: Arc::clone(&join),
    };
    Box::new(work).cancel();
    let shared = Arc::default();
    Handle::wrap(join, Arc::new(Ticket { id: 0, shared }))
}

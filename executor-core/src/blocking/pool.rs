//! The bounded pool of threads that a runtime owns for closures that block.

use std::cell::Cell;
use std::collections::VecDeque;
use std::ptr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::context::{self, Frame};
use crate::runtime::Handle;
use crate::task::{CancelReason, Job};

/// Threads for closures that block, started as they are needed and ended when idle.
///
/// A closure queues when the most threads are at work. No closure is lost: it runs, or its
/// handle says why not.
pub(crate) struct BlockingPool {
    shared: Arc<Shared>,
}

struct Shared {
    most_threads: usize,
    keep_alive: Duration,
    state: Mutex<State>,
    /// There is work, or the pool has closed.
    work: Condvar,
    /// A thread has ended.
    ended: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Queued>,
    threads: usize,
    idle: usize,
    closed: bool,
    /// Of the threads that have ended or are about to, to be waited for at shutdown.
    handles: Vec<thread::JoinHandle<()>>,
}

struct Queued {
    job: Job,
    /// Current on the thread while the closure runs; it also keeps the core.
    handle: Handle,
}

thread_local! {
    /// The address of the pool whose thread this is; only compared.
    static WORKS_FOR: Cell<*const Shared> = const { Cell::new(ptr::null()) };
}

impl BlockingPool {
    pub(crate) fn new(most_threads: usize, keep_alive: Duration) -> Self {
        Self {
            shared: Arc::new(Shared {
                most_threads,
                keep_alive,
                state: Mutex::default(),
                work: Condvar::new(),
                ended: Condvar::new(),
            }),
        }
    }

    /// Whether this is one of the pool's threads.
    pub(crate) fn is_own_thread(&self) -> bool {
        ptr::eq(WORKS_FOR.get(), Arc::as_ptr(&self.shared))
    }

    /// Queues a closure, and starts a thread where none is free for it.
    pub(crate) fn push(&self, job: Job) {
        let handle = Handle::new(job.header().core().upgrade());
        let mut state = self.shared.lock();
        if state.closed {
            drop(state);
            job.discard(CancelReason::ShutDown);
            return;
        }
        state.queue.push_back(Queued { job, handle });
        if state.idle >= state.queue.len() {
            self.shared.work.notify_one();
        } else if state.threads < self.shared.most_threads {
            state.threads += 1;
            drop(state);
            self.start_thread();
        }
    }

    /// Starts a thread that has been counted already.
    fn start_thread(&self) {
        let shared = Arc::clone(&self.shared);
        let started = thread::Builder::new()
            .name("anyloop-blocking".to_owned())
            .spawn(move || shared.work());
        let mut state = self.shared.lock();
        let Ok(handle) = started else {
            state.threads -= 1;
            // The queue waits for the threads that there are. Where there is none, nobody would
            // ever look at it.
            let orphans = match state.threads {
                0 => std::mem::take(&mut state.queue),
                _ => VecDeque::new(),
            };
            drop(state);
            for queued in orphans {
                queued.job.discard(CancelReason::NoThread);
            }
            return;
        };
        state.handles.retain(|handle| !handle.is_finished());
        state.handles.push(handle);
    }

    /// Refuses new closures, and cancels those that queue.
    pub(crate) fn close(&self) {
        let mut state = self.shared.lock();
        state.closed = true;
        let queue = std::mem::take(&mut state.queue);
        drop(state);
        self.shared.work.notify_all();
        for queued in queue {
            queued.job.discard(CancelReason::ShutDown);
        }
    }

    /// Once the pool is closed: waits for the closures that run, for at most `timeout` where one
    /// is given.
    pub(crate) fn join(&self, timeout: Option<Duration>) {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.shared.lock();
        while state.threads > 0 {
            let ended = &self.shared.ended;
            let Some(deadline) = deadline else {
                state = ended.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = ended.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let handles = std::mem::take(&mut state.handles);
        drop(state);
        for handle in handles {
            // A closure's panic ends in its handle, so a thread has nothing to say.
            let _ = handle.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread's life: run closures until the pool closes or the thread was idle for long.
    fn work(&self) {
        WORKS_FOR.set(self);
        while let Some(Queued { job, handle }) = self.next_job() {
            let frame = Frame {
                handle: &handle,
                local: None,
                turning: false,
                budget: None,
            };
            context::enter(&frame, || job.run());
        }
        self.ended.notify_all();
    }

    /// The next closure; `None` ends the thread, which is then no longer counted.
    fn next_job(&self) -> Option<Queued> {
        let mut state = self.lock();
        loop {
            if let Some(queued) = state.queue.pop_front() {
                return Some(queued);
            }
            if state.closed {
                state.threads -= 1;
                return None;
            }
            state.idle += 1;
            let waited = self.work.wait_timeout(state, self.keep_alive);
            let (guard, timed_out) = waited.unwrap_or_else(PoisonError::into_inner);
            state = guard;
            state.idle -= 1;
            if timed_out.timed_out() && state.queue.is_empty() && !state.closed {
                state.threads -= 1;
                return None;
            }
        }
    }
}

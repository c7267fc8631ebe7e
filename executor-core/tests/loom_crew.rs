//! Models of how the workers of a pool fall asleep and are called.
//!
//! The files under test name `crate::sync` and `crate::driver` and nothing else, so they are compiled
//! here with the model checker's primitives. A timed sleep never times out here: what only a
//! time-out would find is a wake-up that was lost.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "the files under test are parts of another crate"
)]

mod sync {
    use std::ops::{Deref, DerefMut};
    use std::sync::TryLockError;
    use std::sync::atomic::Ordering::{AcqRel, Release};
    use std::sync::{LockResult, OnceLock};
    use std::time::{Duration, Instant};

    pub(crate) use loom::sync::atomic::{
        AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence,
    };

    /// Time stands still.
    pub(crate) fn now() -> Instant {
        static NOW: OnceLock<Instant> = OnceLock::new();
        *NOW.get_or_init(Instant::now)
    }

    /// A mutex on which trying does not wait: the model checker's own holds whoever is about to
    /// try until the mutex is free.
    pub(crate) struct Mutex<T> {
        inner: loom::sync::Mutex<T>,
        taken: AtomicBool,
    }

    pub(crate) struct MutexGuard<'a, T> {
        inner: Option<loom::sync::MutexGuard<'a, T>>,
        taken: Option<&'a AtomicBool>,
    }

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self {
                inner: loom::sync::Mutex::new(value),
                taken: AtomicBool::new(false),
            }
        }

        /// For a mutex on which nobody only tries.
        pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
            Ok(MutexGuard {
                inner: self.inner.lock().ok(),
                taken: None,
            })
        }

        /// For a mutex on which everybody only tries.
        pub(crate) fn try_lock(
            &self,
        ) -> Result<MutexGuard<'_, T>, TryLockError<MutexGuard<'_, T>>> {
            if self.taken.swap(true, AcqRel) {
                return Err(TryLockError::WouldBlock);
            }
            Ok(MutexGuard {
                inner: self.inner.lock().ok(),
                taken: Some(&self.taken),
            })
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.inner.as_ref().expect("held")
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.inner.as_mut().expect("held")
        }
    }

    impl<T> Drop for MutexGuard<'_, T> {
        fn drop(&mut self) {
            self.inner = None;
            if let Some(taken) = self.taken {
                taken.store(false, Release);
            }
        }
    }

    /// A condition variable whose timed waits last until they are ended.
    pub(crate) struct Condvar(loom::sync::Condvar);

    impl Condvar {
        pub(crate) fn new() -> Self {
            Self(loom::sync::Condvar::new())
        }

        pub(crate) fn wait<'a, T>(
            &self,
            mut guard: MutexGuard<'a, T>,
        ) -> LockResult<MutexGuard<'a, T>> {
            let inner = guard.inner.take().expect("held");
            guard.inner = self.0.wait(inner).ok();
            Ok(guard)
        }

        pub(crate) fn wait_timeout<'a, T>(
            &self,
            guard: MutexGuard<'a, T>,
            _: Duration,
        ) -> LockResult<(MutexGuard<'a, T>, ())> {
            match self.wait(guard) {
                Ok(guard) => Ok((guard, ())),
                Err(_) => unreachable!("nothing is poisoned here"),
            }
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }
    }
}

mod driver {
    pub(crate) use super::park_state::ParkState;
    pub(crate) use executor_core::driver::{Park, ParkUntil, Unpark, WakeList};
}

#[path = "../src/pool/crew/mod.rs"]
mod crew;
#[path = "../src/driver/park_state.rs"]
mod park_state;

use std::io;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crew::{Crew, Outlook};
use driver::{Park, ParkState, ParkUntil, Unpark, WakeList};

/// A driver without events.
struct Driver(std::sync::Arc<Seat>);

struct Seat {
    state: ParkState,
    lock: Mutex<()>,
    kicked: Condvar,
}

impl Park for Driver {
    fn park(&mut self, until: ParkUntil, _: &mut WakeList) -> io::Result<()> {
        let guard = self.0.lock.lock().unwrap();
        let is_over = match until {
            ParkUntil::Now => true,
            ParkUntil::Deadline(deadline) => deadline <= sync::now(),
            ParkUntil::Notified => false,
        };
        if is_over || !self.0.state.prepare_park() {
            self.0.state.take_notification();
            return Ok(());
        }
        let mut guard = guard;
        while !self.0.state.is_notified() {
            guard = self
                .0
                .kicked
                .wait(guard)
                .unwrap_or_else(PoisonError::into_inner);
        }
        self.0.state.finish_park();
        Ok(())
    }
}

impl Unpark for Seat {
    fn unpark(&self) {
        if self.state.notify() {
            drop(self.lock.lock().unwrap());
            self.kicked.notify_one();
        }
    }
}

/// A pool that knows one queue of tasks, and one timer.
struct Pool {
    crew: Crew,
    queue: Mutex<Vec<Task>>,
    /// How many tasks are queued, as policies publish it: without the lock.
    held: sync::AtomicUsize,
    timer: sync::AtomicU64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Task {
    Work,
    /// The worker that takes it leaves.
    Leave,
}

impl Pool {
    fn new(workers: usize) -> Arc<Self> {
        let seat = std::sync::Arc::new(Seat {
            state: ParkState::new(),
            lock: Mutex::new(()),
            kicked: Condvar::new(),
        });
        let driver = Box::new(Driver(std::sync::Arc::clone(&seat)));
        Arc::new(Self {
            crew: Crew::new(workers, driver, seat),
            queue: Mutex::new(Vec::new()),
            held: sync::AtomicUsize::new(0),
            timer: sync::AtomicU64::new(u64::MAX),
        })
    }

    fn inject(&self, task: Task) {
        let mut queue = self.queue.lock().unwrap();
        queue.insert(0, task);
        self.held.fetch_add(1, Relaxed);
        drop(queue);
        self.crew.call_one();
    }

    fn take(&self) -> Option<Task> {
        if self.held.load(Relaxed) == 0 {
            return None;
        }
        let mut queue = self.queue.lock().unwrap();
        let task = queue.pop()?;
        self.held.fetch_sub(1, Relaxed);
        Some(task)
    }

    /// What a worker's loop does: take what is there, or search, or sleep.
    fn work(&self, id: usize) -> usize {
        let mut done = 0;
        let mut searching = false;
        loop {
            if !searching {
                searching = self.crew.start_search();
            }
            if let Some(task) = self.take() {
                if std::mem::take(&mut searching) && self.crew.end_search() && self.has_work() {
                    self.crew.call_one();
                }
                match task {
                    Task::Work => done += 1,
                    Task::Leave => return done,
                }
                continue;
            }
            let mut wakes = WakeList::new();
            let slept = self
                .crew
                .sleep(id, searching, ParkUntil::Notified, self, &mut wakes);
            searching = slept.unwrap().searching;
        }
    }
}

impl Outlook for Pool {
    fn has_work(&self) -> bool {
        self.held.load(Relaxed) > 0
    }

    fn next_timer(&self) -> u64 {
        self.timer.load(Acquire)
    }

    fn instant(&self, nanos: u64) -> Instant {
        sync::now() + Duration::from_nanos(nanos)
    }
}

fn model(preemptions: usize, f: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(f);
}

#[test]
fn one_worker_sleeps_upon_no_task() {
    model(3, || {
        let pool = Pool::new(1);
        let worker = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.work(0))
        };
        pool.inject(Task::Work);
        pool.inject(Task::Leave);
        assert_eq!(worker.join().unwrap(), 1);
    });
}

#[test]
fn two_workers_leave_no_task_and_no_call_behind() {
    model(2, || {
        let pool = Pool::new(2);
        let workers = [0, 1].map(|id| {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.work(id))
        });
        // The second call may find the first worker searching still, which then makes the call.
        pool.inject(Task::Leave);
        pool.inject(Task::Leave);
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

#[test]
fn a_sooner_timer_ends_the_drivers_sleep() {
    model(3, || {
        let pool = Pool::new(1);
        let worker = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let mut wakes = WakeList::new();
                let slept = pool
                    .crew
                    .sleep(0, false, ParkUntil::Notified, &*pool, &mut wakes);
                slept.unwrap();
            })
        };
        // The timer is due at once; the driver, which never times out here, must be told of it.
        pool.timer.store(0, Release);
        pool.crew.timer_set(0);
        worker.join().unwrap();
    });
}

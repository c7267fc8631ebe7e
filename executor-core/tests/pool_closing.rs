//! Closing a pool from odd places, with odd things under way.

use std::future::pending;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use executor_core::driver::ThreadPark;
use executor_core::task::yield_now;
use executor_core::{
    Drivers, Fifo, Global, PoolBuilder, PoolRuntime, PoolScheduler, PopContext, PushContext, Ready,
    Runtime, TaskOptions, WorkerId, time,
};

fn build<P: PoolScheduler>(workers: usize, policy: P) -> PoolRuntime<P> {
    let park = ThreadPark::new();
    let drivers = Drivers::new("test", park.unparker());
    let builder = PoolBuilder::new().workers(workers).scheduler(policy);
    builder.build(park, drivers).unwrap()
}

/// Fails if `ends` is not told; what would hang for ever has some seconds.
fn assert_ends(what: &str, ends: &mpsc::Receiver<()>) {
    assert!(
        ends.recv_timeout(Duration::from_secs(20)).is_ok(),
        "{what} hangs"
    );
}

#[test]
fn a_drop_on_the_pools_own_blocking_thread_ends() {
    let pool = PoolRuntime::without_io(2).unwrap();
    let handle = pool.handle();
    let (tells, told) = mpsc::channel();
    drop(handle.spawn_blocking(move || {
        drop(pool);
        tells.send(()).unwrap();
    }));
    assert_ends("the drop", &told);
}

#[test]
fn a_drop_on_a_worker_inside_another_runtimes_frame_ends() {
    let pool = PoolRuntime::without_io(2).unwrap();
    let handle = pool.handle();
    let other = PoolRuntime::without_io(1).unwrap().handle();
    let (gives, given) = mpsc::channel::<PoolRuntime>();
    let (tells, told) = mpsc::channel();
    drop(handle.spawn(async move {
        let pool = given.recv().unwrap();
        other.enter(|| drop(pool));
        tells.send(()).unwrap();
    }));
    gives.send(pool).unwrap();
    assert_ends("the drop", &told);
}

#[test]
fn a_drop_on_a_worker_by_the_task_of_another_loop_ends() {
    let pool = PoolRuntime::without_io(2).unwrap();
    let handle = pool.handle();
    let (gives, given) = mpsc::channel::<PoolRuntime>();
    let (tells, told) = mpsc::channel();
    drop(handle.spawn(async move {
        let pool = given.recv().unwrap();
        let inner = Runtime::without_io(Fifo::new());
        drop(inner.spawn(async move {
            let _pool = pool;
            pending::<()>().await;
        }));
        drop(inner);
        tells.send(()).unwrap();
    }));
    gives.send(pool).unwrap();
    assert_ends("the drop", &told);
}

#[test]
fn workers_that_wait_for_timers_in_another_executor_come_back() {
    for workers in [1, 2] {
        let pool = PoolRuntime::without_io(workers).unwrap();
        let (begins, begun) = mpsc::channel();
        drop(pool.spawn(async move {
            begins.send(()).unwrap();
            // It blocks the worker until the sleep says that its runtime shuts down.
            let hour = Duration::from_secs(3600);
            while futures_lite::future::block_on(time::sleep(hour)).is_ok() {}
        }));
        begun.recv().unwrap();
        let (tells, told) = mpsc::channel();
        thread::spawn(move || {
            drop(pool);
            tells.send(()).unwrap();
        });
        assert_ends("the drop", &told);
    }
}

/// A [`Global`] queue whose `inject` and `pop` can be interfered with.
struct Odd {
    queue: Global<Fifo>,
    /// What becomes of an injected task of priority 13; gives back what is to be queued.
    inject: Box<dyn Fn(Ready) -> Option<Ready> + Send + Sync>,
    /// Given to who closes the pool, and to nobody else.
    smuggled: Mutex<Option<Ready>>,
}

impl Odd {
    fn new(inject: impl Fn(Ready) -> Option<Ready> + Send + Sync + 'static) -> Self {
        Self {
            queue: Global::default(),
            inject: Box::new(inject),
            smuggled: Mutex::new(None),
        }
    }
}

impl PoolScheduler for Odd {
    type Worker = ();

    fn worker(&self, _: WorkerId) {}

    fn inject(&self, task: Ready, cx: &PushContext<'_>) {
        let kept = match task.priority() {
            13 => (self.inject)(task),
            _ => Some(task),
        };
        if let Some(task) = kept {
            self.queue.inject(task, cx);
        }
    }

    fn push(&self, worker: &mut (), task: Ready, cx: &PushContext<'_>) {
        self.queue.push(worker, task, cx);
    }

    fn pop(&self, worker: &mut (), cx: &PopContext<'_>) -> Option<Ready> {
        if cx.worker().is_none() {
            if let Some(task) = self.smuggled.lock().unwrap().take() {
                return Some(task);
            }
        }
        self.queue.pop(worker, cx)
    }

    fn has_work(&self, worker: WorkerId) -> bool {
        self.queue.has_work(worker)
    }

    fn backlog(&self, worker: &()) -> usize {
        self.queue.backlog(worker)
    }

    fn retire(&self, (): ()) {}
}

fn unlucky() -> TaskOptions {
    TaskOptions::new().priority(13)
}

#[test]
fn a_token_of_another_pool_goes_home_when_who_closes_gets_it() {
    let stash = Arc::new(Mutex::new(None));
    let theirs = Arc::clone(&stash);
    let first = AtomicBool::new(true);
    let home = build(
        1,
        Odd::new(move |task| match first.swap(false, SeqCst) {
            true => {
                *theirs.lock().unwrap() = Some(task);
                None
            }
            false => Some(task),
        }),
    );
    let task = home.handle().spawn_with(unlucky(), async { 7 });
    let away = build(1, Odd::new(Some));
    let waits = away.spawn(pending::<()>());
    let policy = Odd::new(Some);
    *policy.smuggled.lock().unwrap() = stash.lock().unwrap().take();
    drop(away);
    drop(build(1, policy));
    assert!(waits.is_finished());
    assert_eq!(home.block_on(task).unwrap(), 7);
    assert_eq!(home.metrics().live_tasks, 0);
}

#[test]
fn what_the_policy_drops_has_its_turn_beside_a_task_that_never_rests() {
    let pool = build(
        1,
        Odd::new(|task| {
            drop(task);
            None
        }),
    );
    drop(pool.spawn(async {
        loop {
            yield_now().await;
        }
    }));
    let (tells, told) = mpsc::channel();
    drop(
        pool.handle()
            .spawn_with(unlucky(), async move { tells.send(()) }),
    );
    assert_ends("the task", &told);
    assert_eq!(pool.metrics().policy_faults, 1);
}

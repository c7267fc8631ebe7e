//! Tasks that are spawned when their runtime has all but gone.

mod common;

use std::future::pending;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, mpsc};
use std::task::{Wake, Waker};
use std::thread;
use std::time::Duration;

use common::{Guarded, OnDrop, poll_with};
use executor_core::driver::{ThreadPark, ThreadUnpark, Unpark};
use executor_core::task::{self, TaskRef};
use executor_core::{Builder, Drivers, Fifo, spawn};

/// A waker that calls a function.
struct Call<F>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for Call<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

/// Counts how often a loop is notified.
struct Counting {
    inner: Arc<ThreadUnpark>,
    count: Arc<AtomicUsize>,
}

impl Unpark for Counting {
    fn unpark(&self) {
        self.count.fetch_add(1, SeqCst);
        self.inner.unpark();
    }
}

/// Drops a runtime in whose last moments a task is spawned, and gives `dropped` that task while
/// its future is dropped. Each time the loop is notified counts.
fn with_a_late_task(
    notified: &Arc<AtomicUsize>,
    dropped: impl Fn(TaskRef) + Clone + Send + Sync + 'static,
) {
    let park = ThreadPark::new();
    let unpark = Counting {
        inner: park.unparker(),
        count: Arc::clone(notified),
    };
    let drivers = Drivers::new("late", Arc::new(unpark));
    let runtime = Builder::new().build(Fifo::new(), park, drivers).unwrap();
    // The wakers of timers are called last.
    let waker = Waker::from(Arc::new(Call(move || {
        let dropped = dropped.clone();
        let guard = OnDrop::new(move || dropped(task::current().expect("a task is dropped")));
        drop(spawn(Guarded::new(pending::<()>(), guard)));
    })));
    // It is kept, since a timer that is dropped takes its waker with it; it also keeps the core.
    let mut sleep = Box::pin(runtime.handle().sleep(Duration::from_secs(3600)));
    runtime.block_on(async { assert!(poll_with(&mut sleep, &waker).is_pending()) });
    drop(waker);
    drop(runtime);
    drop(sleep);
}

#[test]
fn a_task_that_comes_too_late_asks_nothing_of_its_runtime_when_it_is_woken() {
    let notified = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&notified);
    let (sender, receiver) = mpsc::channel();
    with_a_late_task(&notified, move |task| {
        let before = counts.load(SeqCst);
        // The runtime waits for no wake any more, and may be gone before one has come.
        thread::spawn(move || task.abort()).join().unwrap();
        sender.send(counts.load(SeqCst) - before).unwrap();
    });
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [0]);
}

#[test]
fn a_task_that_comes_too_late_may_be_woken_while_its_runtime_goes() {
    let (sender, receiver) = mpsc::channel::<TaskRef>();
    let away = thread::spawn(move || {
        let tasks = receiver.into_iter().inspect(TaskRef::abort);
        tasks.count()
    });
    with_a_late_task(&Arc::default(), move |task| sender.send(task).unwrap());
    assert_eq!(away.join().unwrap(), 1);
}

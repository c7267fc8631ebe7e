//! The tasks of a history, and what the model knows of each.
//!
//! The model of a task is the number of steps that it was granted: when all is quiet, a task has
//! done as many acts of its script as it has steps, has ended if that is all of them, and has been
//! dropped if it has ended or was cancelled. Steps are counted where they are granted, so that the
//! model needs no guess in which order tasks run.

use std::future::poll_fn;
use std::mem;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::task::{Context, Poll, Waker};

use super::histories::{Act, By};
use crate::JoinError;
use crate::adapter::{JoinHandle, OnHandleDrop, Spawn};
use crate::devices::{DropToken, Drops};
use crate::lock::lock;
use crate::rules::lifecycle::{Notifier, Track};

/// All tasks of a history.
pub(super) struct World<E: Spawn> {
    handle: E::Handle,
    notifier: Notifier,
    tasks: Mutex<Vec<Arc<Task>>>,
}

/// A task that follows a script.
pub(super) struct Task {
    number: usize,
    script: Vec<Act>,
    control: Mutex<Control>,
    track: OnceLock<Track>,
    handle: Mutex<Option<JoinHandle<Output>>>,
    cancelled: AtomicBool,
    outputs: Drops,
}

/// What a task gives when it is ready.
pub(super) struct Output {
    number: usize,
    _token: DropToken,
}

#[derive(Default)]
struct Control {
    granted: usize,
    done: usize,
    yielded: bool,
    latest: Option<Waker>,
    stale: Vec<Waker>,
}

impl<E: Spawn> World<E> {
    pub(super) fn new(handle: E::Handle, notifier: Notifier) -> Arc<Self> {
        Arc::new(Self {
            handle,
            notifier,
            tasks: Mutex::default(),
        })
    }

    pub(super) fn tasks(&self) -> Vec<Arc<Task>> {
        lock(&self.tasks).clone()
    }

    /// The task of a number, modulo how many there are.
    pub(super) fn task(&self, number: usize) -> Option<Arc<Task>> {
        let tasks = lock(&self.tasks);
        tasks.get(number % tasks.len().max(1)).cloned()
    }

    /// Spawns a task that follows `script`.
    pub(super) fn spawn(self: &Arc<Self>, script: Vec<Act>) {
        let mut tasks = lock(&self.tasks);
        let task = Arc::new(Task {
            number: tasks.len(),
            script,
            control: Mutex::default(),
            track: OnceLock::new(),
            handle: Mutex::default(),
            cancelled: AtomicBool::new(false),
            outputs: Drops::default(),
        });
        let (world, polled) = (Arc::clone(self), Arc::clone(&task));
        let future = poll_fn(move |cx| polled.poll(&world, cx));
        let (future, track) = self.notifier.watch(future);
        // Before it is spawned, since it may run at once.
        let _ = task.track.set(track);
        tasks.push(Arc::clone(&task));
        drop(tasks);
        let handle = E::spawn(&self.handle, future);
        *lock(&task.handle) = Some(handle);
    }

    fn act(self: &Arc<Self>, act: &Act) {
        match act {
            Act::Rest | Act::Yield => {}
            Act::Wake(task) => self.with(*task, |task| task.wake(By::Reference)),
            Act::Step(task) => self.with(*task, |task| task.step(By::Reference)),
            Act::DropHandle(task) => self.with(*task, |task| task.drop_handle::<E>()),
            Act::Spawn(script) => self.spawn(script.clone()),
            Act::Abort(task) => self.with(*task, Task::abort),
        }
    }

    fn with(&self, task: usize, act: impl FnOnce(&Task)) {
        if let Some(task) = self.task(task) {
            act(&task);
        }
    }
}

impl Task {
    fn poll<E: Spawn>(&self, world: &Arc<World<E>>, cx: &mut Context<'_>) -> Poll<Output> {
        self.leave(cx.waker());
        loop {
            let mut control = lock(&self.control);
            if control.done == self.script.len() {
                return Poll::Ready(Output {
                    number: self.number,
                    _token: self.outputs.token(),
                });
            }
            if control.done == control.granted {
                return Poll::Pending;
            }
            let act = &self.script[control.done];
            if matches!(act, Act::Yield) && !mem::replace(&mut control.yielded, true) {
                drop(control);
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            control.yielded = false;
            drop(control);
            world.act(act);
            lock(&self.control).done += 1;
        }
    }

    /// Leaves a waker behind, as every poll must that may be pending.
    fn leave(&self, waker: &Waker) {
        const STALE: usize = 4;
        let clone = waker.clone();
        let mut control = lock(&self.control);
        let former = control.latest.replace(clone);
        control.stale.extend(former);
        let forgotten = (control.stale.len() > STALE).then(|| control.stale.remove(0));
        drop(control);
        drop(forgotten);
    }

    /// Grants a step, and wakes.
    pub(super) fn step(&self, by: By) {
        let mut control = lock(&self.control);
        control.granted += 1;
        wake(control, by);
    }

    /// Wakes without a reason.
    pub(super) fn wake(&self, by: By) {
        wake(lock(&self.control), by);
    }

    /// Calls the oldest waker that is still here.
    pub(super) fn wake_stale(&self) {
        let stale = lock(&self.control).stale.first().cloned();
        stale.into_iter().for_each(Waker::wake);
    }

    /// Drops all wakers but the last.
    pub(super) fn drop_stale(&self) {
        let stale = mem::take(&mut lock(&self.control).stale);
        drop(stale);
    }

    /// Calls and drops all wakers.
    pub(super) fn wake_and_drop_all(&self) {
        let mut control = lock(&self.control);
        let latest = control.latest.take();
        let stale = mem::take(&mut control.stale);
        drop(control);
        stale.into_iter().chain(latest).for_each(Waker::wake);
    }

    pub(super) fn drop_handle<E: Spawn>(&self) {
        let handle = self.take_handle();
        if handle.is_some() && E::ON_HANDLE_DROP == OnHandleDrop::Cancels {
            self.cancelled.store(true, SeqCst);
        }
        drop(handle);
    }

    pub(super) fn abort(&self) {
        if let Some(mut handle) = self.take_handle() {
            self.cancelled.store(true, SeqCst);
            handle.abort();
            *lock(&self.handle) = Some(handle);
        }
    }

    /// The handle, if nobody has taken it.
    pub(super) fn take_handle(&self) -> Option<JoinHandle<Output>> {
        lock(&self.handle).take()
    }

    pub(super) fn track(&self) -> &Track {
        self.track.get().expect("set when the task was made")
    }

    fn has_panicked(&self) -> bool {
        self.track().has_ended() && lock(&self.control).done < self.script.len()
    }

    /// Whether it has been dropped after its end, or because it was cancelled.
    pub(super) fn is_over(&self) -> bool {
        let ends = self.track().has_ended() || self.cancelled.load(SeqCst);
        ends && self.track().drops() > 0
    }

    /// Whether it has done what the model says.
    pub(super) fn is_settled(&self) -> bool {
        if self.cancelled.load(SeqCst) || self.has_panicked() {
            return self.is_over();
        }
        let control = lock(&self.control);
        let (done, granted) = (control.done, control.granted);
        drop(control);
        if done == self.script.len() {
            return self.is_over();
        }
        done == granted && self.track().polls() > 0
    }

    /// What no task may suffer at any time.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let track = self.track();
        [
            (
                track.overlapping_polls() > 0,
                "it was polled by two threads at once",
            ),
            (track.late_polls() > 0, "it was polled after it had ended"),
            (track.drops() > 1, "it was dropped more than once"),
            (
                self.has_panicked(),
                "something panicked while it was polled",
            ),
        ]
        .into_iter()
        .find_map(|(wrong, fault)| wrong.then_some(fault))
    }

    /// What is wrong with what its handle gave, if something is.
    pub(super) fn judge(&self, result: Result<Output, JoinError>) -> Result<(), String> {
        let wrong = match result {
            Ok(output) if output.number != self.number => "its handle gave another's output",
            Ok(_) if !self.track().has_ended() => "its handle gave an output before it was ready",
            Err(JoinError::Panicked(_)) => "its handle says that it panicked, and it did not",
            Err(JoinError::Cancelled) if !self.cancelled.load(SeqCst) => {
                "its handle says that it was cancelled, and nobody did that"
            }
            Ok(_) | Err(JoinError::Cancelled) => return Ok(()),
        };
        Err(self.describe(wrong))
    }

    /// Whether its output was dropped exactly once, if there was one.
    pub(super) fn output_is_dropped(&self) -> bool {
        self.outputs.count() == usize::from(self.track().has_ended())
    }

    pub(super) fn describe(&self, wrong: &str) -> String {
        let control = lock(&self.control);
        let cancelled = if self.cancelled.load(SeqCst) {
            ", was cancelled"
        } else {
            ""
        };
        format!(
            "task {}: {wrong}. It was granted {} steps of {}, has done {}{cancelled}, was polled \
             {} times and dropped {} times",
            self.number,
            control.granted,
            self.script.len(),
            control.done,
            self.track().polls(),
            self.track().drops()
        )
    }
}

/// Calls the latest waker. Without one the task is about to be polled, and sees its grant then.
fn wake(mut control: MutexGuard<'_, Control>, by: By) {
    let waker = match by {
        By::Value => control.latest.take(),
        By::Reference | By::Thread => control.latest.clone(),
    };
    drop(control);
    match by {
        By::Value => waker.into_iter().for_each(Waker::wake),
        By::Reference | By::Thread => waker.iter().for_each(Waker::wake_by_ref),
    }
}

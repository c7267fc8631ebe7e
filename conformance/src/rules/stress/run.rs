//! Runs a history on an executor, and compares what became of its tasks with the model.

use std::future::poll_fn;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use super::hand::Hand;
use super::histories::{By, Op};
use super::world::{Task, World};
use crate::adapter::{JoinHandle, Spawn};
use crate::devices::turn;
use crate::harness::{self, eventually};
use crate::lock::lock;
use crate::rules::lifecycle::{Notifier, Progress, Track, patience};

/// Runs `history` on a fresh executor; a wait is given up after `limit`, if that is given.
///
/// It has a thread of its own, so that an executor which is stuck, and one of which a thread can
/// have but one, are no trouble to the next run.
///
/// # Errors
///
/// What did not go as the model says.
pub(super) fn run<E: Spawn>(history: &[Op], limit: Option<Duration>) -> Result<(), String> {
    let history = history.to_vec();
    let (ended, end) = mpsc::channel();
    let stuck = ended.clone();
    thread::spawn(move || {
        let run = catch_unwind(AssertUnwindSafe(|| run_here::<E>(&history, limit)));
        // Who waits may have given up.
        let _ = ended.send(run.unwrap_or_else(|panic| {
            let said = harness::message(panic.as_ref());
            Err(format!("it panicked: {}", said.unwrap_or("(no message)")))
        }));
    });
    // Waits are given up earlier than this; it is for what does not return.
    let _watch = harness::watch(move || {
        let reason = "shutdown, a wake, or the drop of a handle does not return";
        let _ = stuck.send(Err(reason.to_owned()));
    });
    end.recv().expect("the run sends, however it ends")
}

fn run_here<E: Spawn>(history: &[Op], limit: Option<Duration>) -> Result<(), String> {
    let mut executor = E::new();
    let handle = executor.handle();
    let progress = limit.map_or_else(Progress::new, Progress::with_patience);
    let mut run = Run::<E> {
        world: World::new(handle.clone(), progress.notifier()),
        handle,
        progress,
        hand: Hand::new(),
        joins: Vec::new(),
    };
    let result = executor.block_on(async {
        for op in history {
            run.perform(op).await?;
        }
        run.settle().await
    });
    if result.is_err() {
        // An executor that is stuck may not come back from its drop.
        mem::forget(executor);
        return result;
    }
    drop(executor);
    run.check_shutdown()
}

struct Run<E: Spawn> {
    world: Arc<World<E>>,
    handle: E::Handle,
    progress: Progress,
    hand: Hand,
    joins: Vec<Join>,
}

/// A task that awaits another's handle, and what came of it.
struct Join {
    of: Arc<Task>,
    result: Arc<Mutex<Option<Result<(), String>>>>,
    _joining: JoinHandle<()>,
}

impl Join {
    fn result(&self) -> Option<Result<(), String>> {
        let result = self.result.lock();
        result.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<E: Spawn> Run<E> {
    async fn perform(&mut self, op: &Op) -> Result<(), String> {
        match op {
            Op::Spawn(script) => self.world.spawn(script.clone()),
            Op::Step(task, By::Thread) => self.by_thread(*task, |task| task.step(By::Thread)),
            Op::Step(task, by) => self.with(*task, |task| task.step(*by)),
            Op::Wake(task, By::Thread) => self.by_thread(*task, |task| task.wake(By::Thread)),
            Op::Wake(task, by) => self.with(*task, |task| task.wake(*by)),
            Op::WakeStale(task) => self.with(*task, Task::wake_stale),
            Op::DropStale(task) => self.with(*task, Task::drop_stale),
            Op::DropHandle(task) => self.with(*task, Task::drop_handle::<E>),
            Op::Abort(task) => self.with(*task, Task::abort),
            Op::Join(task) => return self.join(*task).await,
            Op::JoinInTask(task) => self.join_in_task(*task),
            Op::Turn => {
                let turn = self.progress.try_wait(turn::<E>(&self.handle)).await;
                return turn.ok_or_else(|| "an empty task is not joined".to_owned());
            }
            Op::Settle => return self.settle().await,
        }
        Ok(())
    }

    fn with(&self, task: usize, act: impl FnOnce(&Task)) {
        if let Some(task) = self.world.task(task) {
            act(&task);
        }
    }

    fn by_thread(&self, task: usize, act: impl FnOnce(&Task) + Send + 'static) {
        if let Some(task) = self.world.task(task) {
            self.hand.start(move || act(&task));
        }
    }

    async fn join(&mut self, task: usize) -> Result<(), String> {
        self.settle().await?;
        let task = self.world.task(task);
        let over = task.filter(|task| task.is_over());
        let Some((task, handle)) = over.and_then(|task| Some((task.clone(), task.take_handle()?)))
        else {
            return Ok(());
        };
        let joined = self.progress.try_wait(handle).await;
        let joined = joined.ok_or_else(|| task.describe("its handle gives nothing"))?;
        task.judge(joined)
    }

    fn join_in_task(&mut self, task: usize) {
        let task = self.world.task(task);
        let Some((of, handle)) = task.and_then(|task| Some((task.clone(), task.take_handle()?)))
        else {
            return;
        };
        let result = Arc::default();
        let joining = joining(
            of.clone(),
            handle,
            Arc::clone(&result),
            self.progress.notifier(),
        );
        self.joins.push(Join {
            of,
            result,
            _joining: E::spawn(&self.handle, joining),
        });
    }

    /// Waits until every task has done what the model says.
    async fn settle(&mut self) -> Result<(), String> {
        if !self.hand.finish(patience()) {
            return Err("a wake on another thread panicked, or did not return".to_owned());
        }
        let this = &*self;
        let settled = poll_fn(|_| match this.first_fault() {
            None if !this.is_settled() => Poll::Pending,
            fault => Poll::Ready(fault),
        });
        match self.progress.try_wait(settled).await {
            Some(None) => Ok(()),
            Some(Some(fault)) => Err(fault),
            None => Err(self.first_unsettled()),
        }
    }

    fn is_settled(&self) -> bool {
        self.world.tasks().iter().all(|task| task.is_settled())
            && self
                .joins
                .iter()
                .all(|join| !join.of.is_over() || join.result().is_some())
    }

    fn first_fault(&self) -> Option<String> {
        let joins = self.joins.iter().find_map(|join| join.result()?.err());
        joins.or_else(|| {
            let tasks = self.world.tasks();
            tasks
                .iter()
                .find_map(|task| Some(task.describe(task.fault()?)))
        })
    }

    fn first_unsettled(&self) -> String {
        let tasks = self.world.tasks();
        if let Some(task) = tasks.iter().find(|task| !task.is_settled()) {
            return task.describe("it has not done its part, and nothing moves any more");
        }
        let unresolved = self.joins.iter().find(|join| join.result().is_none());
        match unresolved {
            Some(join) => join
                .of
                .describe("a task that awaits its handle gets nothing"),
            None => "it was quiet too late".to_owned(),
        }
    }

    /// What must hold when the executor has been dropped.
    fn check_shutdown(&mut self) -> Result<(), String> {
        let tasks = self.world.tasks();
        let tracks = || tasks.iter().map(|task| task.track());
        let dropped = || tracks().all(|track| track.drops() > 0);
        eventually(dropped);
        self.joins.clear();
        for task in &tasks {
            drop(task.take_handle());
        }
        let outputs = || tasks.iter().all(|task| task.output_is_dropped());
        eventually(outputs);
        let polls = || tracks().map(Track::polls).sum::<usize>();
        let before = polls();
        for task in &tasks {
            task.wake_and_drop_all();
        }
        if polls() != before {
            return Err("a task was polled after shutdown".to_owned());
        }
        let wrong = tasks.iter().find_map(|task| {
            let wrong = match task.fault() {
                Some(fault) => fault,
                None if task.track().drops() == 0 => "shutdown did not drop it",
                None if !task.output_is_dropped() => "its output was not dropped exactly once",
                None => return None,
            };
            Some(task.describe(wrong))
        });
        wrong.map_or(Ok(()), Err)
    }
}

async fn joining(
    of: Arc<Task>,
    handle: JoinHandle<super::world::Output>,
    result: Arc<Mutex<Option<Result<(), String>>>>,
    notifier: Notifier,
) {
    let judged = of.judge(handle.await);
    *lock(&result) = Some(judged);
    notifier.notify();
}

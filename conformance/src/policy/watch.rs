//! A policy round a policy, which sees what goes in and what comes out.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use executor_core::{
    Cause, PopContext, PushContext, Ran, Ready, Scheduler, TaskHeader, TaskId, Turn,
};

use crate::harness::message;
use crate::lock::lock;

/// How often in a row a policy may hold tasks back beyond the time that it named.
const PATIENCE: u32 = 100;
/// How many tasks a message names.
const NAMED: usize = 4;

/// Passes everything on to a policy, and keeps book of what that holds.
///
/// At the first fault it panics, which ends `block_on`; the fault is also in the [`Log`], for
/// those that happen where a panic cannot propagate.
pub struct Watch<S> {
    /// `None` only while the watch is dropped.
    policy: Option<S>,
    log: Log,
    /// A bound on batches besides the policy's own.
    batch: u32,
}

/// What a [`Watch`] has seen.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    /// What the policy holds, and why each task became ready.
    held: HashMap<TaskId, Cause>,
    /// How often the loop was about to sleep.
    rests: usize,
    /// Whether the policy's last word was that it has nothing to run.
    said_none: bool,
    /// Until when it holds tasks back, as it said when the loop was last about to sleep.
    promised: Option<Instant>,
    /// How often in a row it has broken its word.
    broken: u32,
    /// The first wrong count. It may only be the trace of a worse fault that is not seen yet.
    miscount: Option<String>,
    fault: Option<String>,
}

impl<S: Scheduler> Watch<S> {
    /// Watches `policy`, which must be empty.
    pub fn new(policy: S) -> Self {
        Self {
            policy: Some(policy),
            log: Log::default(),
            batch: u32::MAX,
        }
    }

    /// Ends each batch after so many polls, if the policy does not end it before.
    ///
    /// The shorter batches are, the more often do tasks from other threads arrive while others
    /// are ready.
    #[must_use]
    pub fn batch(mut self, polls: u32) -> Self {
        self.batch = polls;
        self
    }

    /// What is seen; it stays when the policy has gone.
    pub fn log(&self) -> Log {
        self.log.clone()
    }

    fn policy(&self) -> &S {
        self.policy.as_ref().expect(THERE)
    }

    /// Calls the policy's function `name`.
    fn call<R>(&mut self, name: &str, call: impl FnOnce(&mut S) -> R) -> R {
        let policy = self.policy.as_mut().expect(THERE);
        let result = catch_unwind(AssertUnwindSafe(|| call(policy)));
        result.unwrap_or_else(|payload| self.log.panicked(name, payload.as_ref()))
    }

    /// Compares the policy's count with the one kept here.
    fn recount(&self, after: &str) {
        let (says, is_empty) = (self.policy().len(), self.policy().is_empty());
        let mut seen = self.log.lock();
        let holds = seen.held.len();
        if seen.miscount.is_some() || (says == holds && is_empty == (holds == 0)) {
            return;
        }
        seen.miscount = Some(if says == holds {
            format!("`is_empty` is {is_empty} while the policy holds {holds} tasks")
        } else {
            format!(
                "after {after}, `len` is {says}, but the policy has been given {holds} tasks \
                that it has not given back"
            )
        });
    }
}

const THERE: &str = "the policy is there until the watch is dropped";

impl<S: Scheduler> Scheduler for Watch<S> {
    const NEEDS_CLOCK: bool = S::NEEDS_CLOCK;

    fn push(&mut self, task: Ready, cx: &PushContext<'_>) {
        self.log.given(task.id(), cx.cause());
        self.call("push", |policy| policy.push(task, cx));
        self.recount("a push");
    }

    fn pop(&mut self, cx: &PopContext<'_>) -> Option<Ready> {
        let task = self.call("pop", |policy| policy.pop(cx));
        self.log.given_back(task.as_deref().map(TaskHeader::id));
        self.recount("a pop");
        task
    }

    fn len(&self) -> usize {
        self.policy().len()
    }

    fn is_empty(&self) -> bool {
        self.policy().is_empty()
    }

    fn ran(&mut self, task: &TaskHeader, ran: Ran) {
        self.call("ran", |policy| policy.ran(task, ran));
    }

    fn turn(&self) -> Turn {
        let turn = self.policy().turn();
        Turn {
            polls: turn.polls.min(self.batch),
            ..turn
        }
    }

    /// The loop asks for it when it is about to sleep: what the policy holds now, it keeps.
    fn wake_at(&self) -> Option<Instant> {
        let policy = self.policy();
        let asked = catch_unwind(AssertUnwindSafe(|| policy.wake_at()));
        let at = asked.unwrap_or_else(|payload| self.log.panicked("wake_at", payload.as_ref()));
        self.log.rests(policy.len(), at);
        at
    }
}

impl<S> Drop for Watch<S> {
    fn drop(&mut self) {
        let policy = self.policy.take();
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(policy))) {
            self.log.note(told("drop", payload.as_ref()));
        }
    }
}

impl<S> fmt::Debug for Watch<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}

impl Log {
    /// How often the loop was about to sleep.
    pub fn rest_count(&self) -> usize {
        self.lock().rests
    }

    /// What the policy did wrong, if anything.
    pub fn fault(&self) -> Option<String> {
        self.lock().fault.clone()
    }

    /// How the policy has miscounted, if it has. A task that it has lost is missing in its count
    /// before that shows elsewhere, so look for other faults first.
    pub fn miscount(&self) -> Option<String> {
        self.lock().miscount.clone()
    }

    fn given(&self, task: TaskId, cause: Cause) {
        let mut seen = self.lock();
        seen.said_none = false;
        let Some(before) = seen.held.insert(task, cause) else {
            return;
        };
        drop(seen);
        self.fault_of(format!(
            "the policy dropped the `Ready` of {task:?} (ready by {before:?}), or passed it to \
             another loop; it must give it back from `pop`"
        ));
    }

    fn given_back(&self, task: Option<TaskId>) {
        let mut seen = self.lock();
        seen.said_none = task.is_none();
        let Some(task) = task else { return };
        seen.promised = None;
        seen.broken = 0;
        if seen.held.remove(&task).is_none() {
            drop(seen);
            self.fault_of(format!(
                "the policy gave back {task:?}, which it was not given: it belongs to another loop"
            ));
        }
    }

    /// Judges what the policy holds when the loop is about to sleep.
    fn rests(&self, len: usize, at: Option<Instant>) {
        let mut seen = self.lock();
        seen.rests += 1;
        if !seen.said_none {
            return;
        }
        let fault = if seen.held.is_empty() {
            seen.miscount.clone()
        } else if let Some(at) = at {
            seen.put_off(at)
        } else {
            Some(seen.withheld(len))
        };
        drop(seen);
        if let Some(fault) = fault {
            self.fault_of(fault);
        }
    }

    fn panicked(&self, name: &str, payload: &(dyn std::any::Any + Send)) -> ! {
        let fault = told(name, payload);
        self.note(fault.clone());
        panic_any(fault);
    }

    /// Notes a fault and panics; the first one counts, and after it nothing is judged.
    fn fault_of(&self, fault: String) {
        if self.note(fault.clone()) {
            panic_any(fault);
        }
    }

    fn note(&self, fault: String) -> bool {
        let mut seen = self.lock();
        let is_first = seen.fault.is_none();
        seen.fault.get_or_insert(fault);
        is_first
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        lock(&self.0)
    }
}

impl Seen {
    /// The fault of a policy that has put tasks off until `at`, if it does so without end.
    fn put_off(&mut self, at: Instant) -> Option<String> {
        let before = self.promised.replace(at);
        if before.is_some_and(|before| before <= Instant::now()) {
            self.broken += 1;
        }
        (self.broken >= PATIENCE).then(|| {
            format!(
                "the policy has put off {} {PATIENCE} times in a row, each time beyond the time \
                 that its `wake_at` had named",
                self.some_held()
            )
        })
    }

    /// The fault of a policy that lets the loop sleep while it has tasks.
    fn withheld(&self, len: usize) -> String {
        let held = self.some_held();
        if len == 0 {
            return format!(
                "the policy has lost {held}: they were pushed and never given back, and `len` is 0"
            );
        }
        format!(
            "the policy holds back {held}: `pop` gave `None` while `len` is {len}, and `wake_at` \
             does not say when to ask again"
        )
    }

    /// How many tasks are held, and some of them.
    fn some_held(&self) -> String {
        let mut held: Vec<_> = self.held.iter().collect();
        held.sort_unstable_by_key(|(task, _)| task.get());
        let mut text = format!("{} task(s) (", held.len());
        for (index, (task, cause)) in held.iter().take(NAMED).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            // Writing to a string cannot fail.
            let _ = write!(text, "{comma}{task:?} ready by {cause:?}");
        }
        text.push_str(if held.len() > NAMED { ", …)" } else { ")" });
        text
    }
}

fn told(name: &str, payload: &(dyn std::any::Any + Send)) -> String {
    let said = message(payload).unwrap_or("without a message");
    format!("the policy panicked in `{name}`: {said}")
}

//! What the executor does wrong if it is told to, where that takes more than a word.
//!
//! With no fault each of these does what its name says and nothing else.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::task::Context;
use std::thread;
use std::time::Duration;

use super::core::{Core, State, Why};
use super::fault::{Fault, broken};
use super::job::Job;
use super::join::Ask;
use super::locals::Locals;
use super::task::{Stage, Task};
use super::{context, kinds, lock};

/// Queues a task at the end of the queue; gives it back if it was lost.
pub(crate) fn enqueue(state: &mut State, task: Arc<Task>, why: Why) -> Option<Arc<Task>> {
    let local_spawn = why == Why::Spawn && task.is_local;
    if broken(Fault::OverflowLost) && state.ready.len() >= 4096 {
        return Some(task);
    }
    if broken(Fault::ChildStranded) && why == Why::Spawn && kinds::keep_private(&task) {
        return None;
    }
    if (broken(Fault::InjectedOnlyWhenIdle) && why != Why::Yield && is_foreign(&task))
        || (broken(Fault::LocalSpawnNotSeen) && local_spawn)
    {
        state.aside.push_back(task);
    } else if (broken(Fault::SelfWakeFirst) && why == Why::Yield)
        || (broken(Fault::WokenFirst) && why == Why::Wake)
    {
        state.ready.push_front(task);
    } else {
        state.ready.push_back(task);
    }
    None
}

/// Takes the first task of the queue.
pub(crate) fn pick(state: &mut State) -> Option<Arc<Task>> {
    let task = state.ready.pop_front();
    if broken(Fault::InjectedOnlyWhenIdle) {
        return task.or_else(|| state.aside.pop_front());
    }
    if broken(Fault::LocalSpawnNotSeen) && task.is_some() {
        let aside = std::mem::take(&mut state.aside);
        state.ready.extend(aside);
    }
    task
}

/// Before a batch is run.
pub(crate) fn before_batch(core: &Core) {
    if broken(Fault::PolledWithoutWake) {
        let mut state = lock(&core.state);
        if state.ready.is_empty() {
            return;
        }
        let idle = state.live.values().filter(|task| {
            let mut status = lock(&task.status);
            let idle = status.stage == Stage::Idle;
            if idle {
                status.stage = Stage::Queued;
            }
            idle
        });
        let idle: Vec<_> = idle.cloned().collect();
        state.ready.extend(idle);
    }
}

/// Queues a task that has ended.
pub(crate) fn queue_again(task: &Arc<Task>) {
    if let Some(core) = task.core.upgrade() {
        core.push(Arc::clone(task), Why::Yield);
    }
}

/// The number of a task.
pub(crate) fn number(next: u64) -> u64 {
    match broken(Fault::TaskNumbersWrap) {
        true => next % 256,
        false => next,
    }
}

/// Whether a task that was queued counts as not woken.
pub(crate) fn is_unwoken(task: &Task) -> bool {
    let mut status = lock(&task.status);
    let woken = std::mem::take(&mut status.wakes);
    let unwoken = broken(Fault::WakeCountWraps) && woken == 255;
    if unwoken {
        status.stage = Stage::Running;
    }
    unwoken
}

/// What else becomes of a wake that finds its task in this stage.
pub(crate) fn on_wake(task: &Task, stage: Stage) {
    if stage == Stage::Queued {
        let mut status = lock(&task.status);
        status.wakes = status.wakes.wrapping_add(1);
    }
    if stage == Stage::Ended && broken(Fault::StaleWakerWakesOther) {
        let Some(core) = task.core.upgrade() else {
            return;
        };
        let idle = |task: &&Arc<Task>| lock(&task.status).stage == Stage::Idle;
        let other = lock(&core.state).live.values().find(idle).cloned();
        if let Some(other) = other {
            super::wake::wake(&other);
        }
    }
}

/// Panics if somebody panicked inside of the executor before.
pub(crate) fn assert_not_poisoned() {
    static POISONED: AtomicBool = AtomicBool::new(false);
    if broken(Fault::SpawnPoisons) {
        // SeqCst: faults are about other things than orderings.
        assert!(!POISONED.load(SeqCst), "a lock is poisoned");
        POISONED.store(thread::panicking(), SeqCst);
    }
}

/// Polls the job once; says whether it has ended.
pub(crate) fn poll(task: &Task, job: &mut dyn Job, cx: &mut Context<'_>) -> bool {
    loop {
        if job.poll(cx) {
            return true;
        }
        let mut status = lock(&task.status);
        if !broken(Fault::RepolledInPlace) || status.stage != Stage::RunningWoken {
            return false;
        }
        status.stage = Stage::Running;
    }
}

/// Whether the end of a task that panicked is told to nobody.
pub(crate) fn hushes_panic() -> bool {
    let woken = |task: Arc<Task>| lock(&task.status).stage == Stage::RunningWoken;
    broken(Fault::WakeThenPanicWedges) && context::current().is_some_and(woken)
}

/// Whether a wake that comes while the task is polled is lost.
pub(crate) fn loses_self_wake(task: &Task) -> bool {
    if broken(Fault::WakeWhileRunningLostIfOthersWait) {
        let core = task.core.upgrade();
        return core.is_some_and(|core| !lock(&core.state).ready.is_empty());
    }
    broken(Fault::WakeWhileRunningLost)
}

/// The executor whose queue a woken task goes to.
pub(crate) fn destination(task: &Task) -> Option<Arc<Core>> {
    let own = task.core.upgrade();
    if broken(Fault::WakesCurrentExecutor) {
        let current = context::current().and_then(|task| task.core.upgrade());
        return current.or(own);
    }
    own
}

/// Whether a wake polls the task instead of queueing it.
pub(crate) fn wake_polls(task: &Task) -> bool {
    let inline = broken(Fault::WakePollsInline) && !task.is_local && !context::is_inside_any();
    inline || (broken(Fault::LocalPolledByWaker) && task.is_local && is_foreign(task))
}

/// Whether futures live until the last reference to their tasks is gone.
pub(crate) fn keeps_future() -> bool {
    broken(Fault::KeptUntilLastWaker) || broken(Fault::LocalKeptByWakers)
}

/// Whether local futures are where other threads can get at them.
pub(crate) fn smuggles() -> bool {
    broken(Fault::LocalPolledByWaker)
        || broken(Fault::LocalKeptByWakers)
        || broken(Fault::LocalAbortedInPlace)
}

/// Whether this is another thread than the one that made the task's executor.
pub(crate) fn is_foreign(task: &Task) -> bool {
    let core = task.core.upgrade();
    core.is_some_and(|core| core.owner != thread::current().id())
}

/// Whether a task that was marked as cancelled is left at that.
pub(crate) fn abort_ends_here(task: &Task) -> bool {
    let running = lock(&task.status).stage == Stage::Running;
    broken(Fault::CancelDoesNotWake)
        || broken(Fault::CancelWakesFirst)
        || (broken(Fault::CancelInPollUnseen) && running)
}

/// Whether the request to cancel is heard.
pub(crate) fn allows_abort(task: &Arc<Task>) -> bool {
    if broken(Fault::CancelNeedsContext) {
        assert!(context::is_inside_any(), "there is no current executor");
    }
    if context::is_inside(task) {
        assert!(!broken(Fault::SelfCancelPanics), "the task is borrowed");
        return !broken(Fault::CancelWhileRunningLost);
    }
    if broken(Fault::LocalAbortedInPlace) && task.is_local {
        task.cancel_now(&Locals::default());
    }
    if broken(Fault::CancelWakesFirst) {
        super::wake::wake(task);
        thread::yield_now();
    }
    true
}

/// After a handle was dropped.
pub(crate) fn on_handle_drop(task: &Arc<dyn Ask>) {
    if broken(Fault::HandleDropCancels) {
        Arc::clone(task).abort();
    }
    task.after_handle_drop();
}

/// Takes a task up of which nobody will hear again.
pub(crate) fn leak(task: &Arc<Task>) -> bool {
    std::mem::forget(Arc::clone(task));
    true
}

/// Cancels every task.
pub(crate) fn cancel_each(queued: &[u64], live: Vec<Arc<Task>>, locals: &Locals) {
    let queued: HashSet<u64> = queued.iter().copied().collect();
    if broken(Fault::WakeResurrects) {
        // The window in which another thread wakes; it sleeps, so that such a thread has a processor.
        thread::sleep(Duration::from_millis(1));
    }
    let mut live = live.into_iter();
    while let Some(task) = live.next() {
        if is_spared(&task, &queued) {
            std::mem::forget((locals.take(task.id), task));
            continue;
        }
        if broken(Fault::PanickingDropEndsShutdown) {
            let dropped = catch_unwind(AssertUnwindSafe(|| task.cancel_now(locals)));
            if dropped.is_err() {
                return std::mem::forget(live);
            }
            continue;
        }
        task.cancel_now(locals);
    }
}

/// Whether shutting down overlooks the task.
fn is_spared(task: &Arc<Task>, queued: &HashSet<u64>) -> bool {
    let (stage, polls) = {
        let status = lock(&task.status);
        (status.stage, status.polls)
    };
    let was_queued = queued.contains(&task.id);
    (broken(Fault::ShutdownSkipsIdle) && stage == Stage::Idle)
        || (broken(Fault::ShutdownSkipsQueued) && was_queued && polls > 0)
        || (broken(Fault::ShutdownSkipsNew) && polls == 0)
        || (broken(Fault::ShutdownSkipsLocal) && task.is_local)
        || (broken(Fault::ShutdownSkipsHeld) && Arc::strong_count(task) > 2)
        || (broken(Fault::WakeResurrects) && stage == Stage::Queued && !was_queued)
}

/// When the executor has shut down.
pub(crate) fn after_shut_down() {
    if broken(Fault::DescriptorLeaked) {
        std::mem::forget(std::fs::File::open("/dev/null"));
    }
    if broken(Fault::BytesLeaked) {
        std::mem::forget(vec![0_u8; 1024]);
    }
}

/// Whether this thread leaves timers and sockets to another one, although nobody sees to them.
pub(crate) fn leaves_driving() -> bool {
    broken(Fault::DriverStranded) && !kinds::is_first_worker()
}

/// How long the driver sleeps.
pub(crate) fn rounded(timeout: Option<Duration>) -> Option<Duration> {
    if broken(Fault::SpinsWhenIdle) {
        return Some(Duration::ZERO);
    }
    if broken(Fault::PollsWhenIdle) {
        let pause = Duration::from_millis(1);
        return Some(timeout.map_or(pause, |timeout| timeout.min(pause)));
    }
    if broken(Fault::SpinsBeforeDeadline) {
        return timeout.map(|timeout| Duration::from_millis(timeout.as_millis() as u64));
    }
    timeout
}

//! A process that is stopped and continued.

use std::future::poll_fn;
use std::process::{self, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use crate::Case;
use crate::adapter::Spawn;
use crate::devices::gate;
use crate::rules::lifecycle::{Progress, Wakers, patience};

/// Stops the process of the first argument, waits until all of its threads are stopped where the
/// system tells, and continues it.
const STOP_AND_CONTINUE: &str = r#"
    kill -STOP "$1" || exit 1
    tries=0
    while [ -e "/proc/$1/task" ] && [ "$tries" -lt 50 ] &&
        [ -n "$(grep -L '^State:.*T' "/proc/$1/task/"*/status 2>/dev/null)" ]
    do
        tries=$((tries + 1))
    done
    kill -CONT "$1"
"#;

/// Z3: tasks and wakes survive that the process is stopped and continued.
pub fn z03_should_survive_being_stopped<E: Spawn>(case: &Case) {
    const TIMES: usize = 4;
    if let Err(reason) = stop_and_continue() {
        case.skip(format_args!(
            "this process could not be stopped and continued: {reason}"
        ));
    }
    // All threads are asleep while the other process is at work.
    let progress = Progress::with_patience(patience());
    let mut executor = E::new();
    let handle = executor.handle();
    executor.block_on(async {
        for _ in 0..TIMES {
            case.event("the root and a task wait, and the process is stopped");
            stopped_while_idle::<E>(&progress, &handle).await;
            case.event("a task is woken again and again, and the process is stopped");
            stopped_while_busy::<E>(&progress, &handle).await;
        }
    });
}

async fn stopped_while_idle<E: Spawn>(progress: &Progress, handle: &E::Handle) {
    let (root_gate, root_opener) = gate();
    let (task_gate, task_opener) = gate();
    let task = E::spawn(handle, task_gate);
    let stopping = thread::spawn(move || {
        let stopped = stop_and_continue();
        root_opener.open();
        task_opener.open();
        stopped
    });
    let what = "the root is woken after the process was stopped";
    progress.wait(what, root_gate).await;
    let what = "a task is woken after the process was stopped";
    let joined = progress.wait(what, task).await;
    joined.expect("the task has neither panicked nor been cancelled");
    let stopped = stopping.join().expect("a wake does not panic");
    stopped.expect("the process was stopped and continued before");
}

async fn stopped_while_busy<E: Spawn>(progress: &Progress, handle: &E::Handle) {
    let woken = Wakers::default();
    let (future, track) = progress.watch(poll_fn(woken.pending()));
    let busy = E::spawn(handle, future);
    let polled = || track.polls() > 0;
    progress.until("a task is polled", polled).await;
    let (gate, opener) = gate();
    let task = E::spawn(handle, gate);
    let over = Arc::new(AtomicBool::new(false));
    let is_over = Arc::clone(&over);
    let waking = thread::spawn(move || {
        while !is_over.load(SeqCst) {
            woken.wake_all();
            thread::yield_now();
        }
        woken.clear();
    });
    let stopping = thread::spawn(move || {
        let stopped = stop_and_continue();
        opener.open();
        stopped
    });
    let what = "a task is woken after the process was stopped in the midst of wakes";
    let joined = progress.wait(what, task).await;
    joined.expect("the task has neither panicked nor been cancelled");
    over.store(true, SeqCst);
    waking.join().expect("a wake does not panic");
    let stopped = stopping.join().expect("a wake does not panic");
    stopped.expect("the process was stopped and continued before");
    drop(busy);
}

fn stop_and_continue() -> Result<(), String> {
    let output = Command::new("sh")
        .args(["-c", STOP_AND_CONTINUE, "sh", &process::id().to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}: {}", output.status, said.trim()))
}

//! S8, S9: a worker that is blocked takes nothing with it.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use super::gates::{at_gates, open_all};
use super::load::join;
use crate::Case;
use crate::adapter::{Parallel, Timers};
use crate::lock::lock;

const WORKERS: usize = 2;

/// S8: of two workers, one runs what the other left behind when it was blocked.
pub fn s08_should_blocked_workers_child_runs<E: Parallel>(case: &Case) {
    let mut executor = E::with_workers(WORKERS);
    let handle = executor.handle();
    executor.block_on(async {
        for round in 0..20 {
            for children in [1, 10] {
                case.event(format_args!(
                    "round {round}: {children} spawned, then blocked"
                ));
                let stranded = E::spawn(&handle, spawn_and_block::<E>(&handle, children)).await;
                let stranded = stranded.expect("no panic");
                assert!(
 stranded == 0,
 "a task spawned {children} and blocked its worker; {stranded} never ran on the other"
 );
                case.event(format_args!(
                    "round {round}: {children} woken, then blocked"
                ));
                let stranded = wake_and_block::<E>(&handle, children).await;
                assert!(
 stranded == 0,
 "a task woke {children} and blocked its worker; {stranded} never ran on the other"
 );
            }
        }
    });
}

/// Spawns tasks and blocks its thread until all have run; gives the number of those that did not.
fn spawn_and_block<E: Parallel>(
    handle: &E::Handle,
    children: usize,
) -> impl Future<Output = usize> + Send + 'static {
    let handle = handle.clone();
    async move {
        let (tell, hear) = mpsc::channel();
        let tasks: Vec<_> = (0..children)
            .map(|_| {
                let tell = tell.clone();
                E::spawn(&handle, async move { report(&tell) })
            })
            .collect();
        let stranded = blocked(&hear, children);
        join(tasks).await;
        stranded
    }
}

/// As [`spawn_and_block`], with tasks that were there before and are woken.
async fn wake_and_block<E: Parallel>(handle: &E::Handle, children: usize) -> usize {
    let (tell, hear) = mpsc::channel();
    let (tasks, openers) = at_gates::<E, _, _>(handle, children, |_, gate| {
        let tell = tell.clone();
        async move {
            gate.await;
            report(&tell);
        }
    })
    .await;
    let blocking = E::spawn(handle, async move {
        open_all(&openers);
        blocked(&hear, children)
    });
    let stranded = blocking.await.expect("no panic");
    join(tasks).await;
    stranded
}

/// S9: a blocked worker does not keep timers from firing.
pub fn s09_should_blocked_worker_does_not_strand_the_driver<E: Parallel + Timers>(case: &Case) {
    let mut executor = E::with_workers(WORKERS);
    let handle = executor.handle();
    executor.block_on(async {
        for round in 0..40 {
            case.event(format_args!(
                "round {round}: a timer wakes the task that blocks"
            ));
            let (tell, hear) = mpsc::channel();
            let mut hear = Some(hear);
            let (mut tasks, mut openers) = at_gates::<E, _, _>(&handle, 1, |_, gate| {
                let hear = hear.take().expect("there is one task");
                async move {
                    gate.await;
                    blocked(&hear, 1)
                }
            })
            .await;
            let (blocking, opener) = (tasks.remove(0), openers.remove(0));
            // Both are set before anything is blocked, for the root may be what is blocked.
            let now = Instant::now();
            let block = E::sleep_until(&handle, now + Duration::from_millis(3));
            // On a busy machine two timers that are close are due at once, and nothing is shown.
            let apart = Duration::from_millis(3 << (round % 3));
            let release = E::sleep_until(&handle, now + Duration::from_millis(3) + apart);
            let at_once = (round % 2 == 1).then(|| opener.clone());
            let block = calling(block, move || open_all([&opener]));
            let release = calling(release, move || report(&tell));
            // In every other round it is the root that wakes the task, so that either worker runs it.
            if let Some(opener) = at_once {
                opener.open();
            }
            let stranded = blocking.await.expect("no panic");
            assert!(
                stranded == 0,
                "a task was woken and blocked its worker, and the next timer did not fire"
            );
            drop((block, release));
        }
    });
}

/// A sleep that calls `call` when it is woken, and is not polled again.
fn calling<S: Future<Output = ()>>(sleep: S, call: impl FnOnce() + Send + 'static) -> Pin<Box<S>> {
    let call = Arc::new(Call(Mutex::new(Some(Box::new(call)))));
    let mut sleep = Box::pin(sleep);
    let waker = Waker::from(Arc::clone(&call));
    if sleep
        .as_mut()
        .poll(&mut Context::from_waker(&waker))
        .is_ready()
    {
        call.wake();
    }
    sleep
}

struct Call(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        let call = lock(&self.0).take();
        if let Some(call) = call {
            call();
        }
    }
}

fn report(to: &Sender<()>) {
    // Nobody listens if the rule has already failed.
    let _ = to.send(());
}

/// Blocks the thread until `count` reports are in, but not for ever; gives how many are missing.
///
/// It waits in short steps, so that a machine which pauses does not use up its patience.
fn blocked(reports: &Receiver<()>, count: usize) -> usize {
    let mut missing = count;
    let mut patience = 200;
    while missing > 0 && patience > 0 {
        match reports.recv_timeout(Duration::from_millis(10)) {
            Ok(()) => missing -= 1,
            Err(RecvTimeoutError::Timeout) => patience -= 1,
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    missing
}

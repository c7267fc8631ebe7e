//! Handles that another thread uses while the executor is at the task.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use super::support::{
    Aim, Aside, Outcome, Seen, StartLine, Tally, block_on, in_time, patiently, probe, races, spin,
};
use crate::adapter::{Abort, Remote};
use crate::devices::{Opener, gate, poll_once, yield_once};
use crate::{Case, JoinError, JoinHandle};

/// J7: a cancel from another thread is never lost.
pub fn j07_must_not_lose_a_remote_cancel<E: Abort + Remote>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let aside = Aside::new();
    races(case, 300, |rng| {
        let target = Target::pick(rng);
        executor.block_on(lose_a_cancel::<E>(&handle, &aside, target, rng))
    });
}

/// What the task does that is cancelled, and the executor beside it.
#[derive(Clone, Copy, Debug)]
enum Target {
    /// The task waits, and the executor is idle.
    Idle,
    /// The task waits, and the executor is busy with others for a while.
    BesideOthers,
    /// The task wakes itself in each poll.
    Running,
    /// The task is being woken.
    BeingWoken,
}

impl Target {
    fn pick(rng: &mut fastrand::Rng) -> Self {
        [
            Self::Idle,
            Self::BesideOthers,
            Self::Running,
            Self::BeingWoken,
        ][rng.usize(..4)]
    }

    /// What the task does after it has yielded a few times.
    fn future(self, yields: usize) -> (impl Future<Output = ()> + Send, Opener) {
        let (gate, opener) = gate();
        let future = async move {
            for _ in 0..yields {
                yield_once().await;
            }
            if matches!(self, Self::Running) {
                loop {
                    yield_once().await;
                }
            }
            gate.await;
        };
        (future, opener)
    }

    /// What the root does meanwhile; all of it is bounded, for executors that are not fair.
    async fn accompany(self, opener: &Opener, seen: &Seen, rounds: u32) {
        for _ in 0..rounds {
            match self {
                Self::Idle | Self::Running => return,
                Self::BesideOthers => yield_once().await,
                Self::BeingWoken => {
                    if let Some(waker) = opener.take_waker() {
                        waker.wake();
                    }
                    spin(20);
                    if seen.drops() > 0 {
                        return;
                    }
                }
            }
        }
    }
}

async fn lose_a_cancel<E: Abort + Remote>(
    handle: &E::Handle,
    aside: &Aside,
    target: Target,
    rng: &mut fastrand::Rng,
) -> Result<(), String> {
    let yields = rng.usize(..4);
    let (future, opener) = target.future(yields);
    let (probe, seen) = probe(future);
    let task = E::spawn(handle, probe);
    let (delay, drops) = (rng.u32(..3_000), rng.bool());
    let cancelling = aside.ask({
        let seen = seen.clone();
        move || {
            let what = "a task that wakes itself is not polled again";
            block_on(seen.until(what, || seen.polls() > yields));
            spin(delay);
            cancel(task, drops)
        }
    });
    target.accompany(&opener, &seen, rng.u32(..200)).await;
    if patiently(seen.gone()).await.is_none() {
        let polls = seen.polls();
        return Err(format!(
            "a task was cancelled from another thread ({target:?}, handle dropped: {drops}) and \
             goes on: its future is not dropped ({polls} polls)"
        ));
    }
    let rest = cancelling.get("`abort` does not come back").await;
    match in_time("the handle of a cancelled task never resolves", rest).await {
        None | Some(Err(JoinError::Cancelled)) => Ok(()),
        Some(other) => Err(format!("the handle of a cancelled task gave {other:?}")),
    }
}

/// Cancels, and drops the handle or begins to await it; the rest of that is for the root.
fn cancel<T: Send + 'static>(
    mut task: JoinHandle<T>,
    drops: bool,
) -> impl Future<Output = Option<Outcome<T>>> + Send {
    task.abort();
    let mut task = (!drops).then_some(task);
    let mut outcome = match task.as_mut().map(poll_once) {
        Some(Poll::Ready(outcome)) => Some(outcome),
        _ => None,
    };
    async move {
        match task {
            Some(task) if outcome.is_none() => Some(task.await),
            _ => outcome.take(),
        }
    }
}

/// J18: a join is not lost that another thread makes while the task ends.
pub fn j18_must_not_lose_a_racing_join<E: Remote>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let aside = Aside::new();
    let mut aim = Aim::default();
    races(case, 2_000, |rng| {
        let meeting = join_while_it_ends::<E>(&handle, &aside, aim.delays(rng));
        let (late, outcome) = executor.block_on(meeting);
        aim.learn(late);
        match outcome {
            Some(Ok(7)) => Ok(()),
            Some(other) => Err(format!("a task that finished with 7 gave {other:?}")),
            None => Err(
                "a task ended while another thread polled its handle, and who awaited it there was \
                 never woken"
                    .to_owned(),
            ),
        }
    });
}

/// Ends a task while another thread begins to join it; says whether that came too late, and what
/// it was given, if anything.
async fn join_while_it_ends<E: Remote>(
    handle: &E::Handle,
    aside: &Aside,
    (joins, opens): (u32, u32),
) -> (bool, Option<Outcome<i32>>) {
    let (gate, opener) = gate();
    let (probe, seen) = probe(async move {
        gate.await;
        7
    });
    let mut task = E::spawn(handle, probe);
    seen.polled().await;
    let line = StartLine::default();
    let joined = aside.ask({
        let line = line.clone();
        move || {
            line.wait();
            spin(joins);
            let mut polls = 0;
            let joining = poll_fn(|cx| {
                polls += 1;
                Pin::new(&mut task).poll(cx)
            });
            let outcome = block_on(patiently(joining));
            (polls == 1 && outcome.is_some(), outcome)
        }
    });
    line.wait();
    spin(opens);
    opener.open();
    joined.get_unwatched().await
}

/// J19: a cancel that races the task's end leaves one outcome, and drops the output once.
pub fn j19_must_settle_a_racing_cancel<E: Abort + Remote>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let aside = Aside::new();
    let mut aim = Aim::default();
    races(case, 4_000, |rng| {
        let (delays, how) = (aim.delays(rng), Use::pick(rng));
        let settled = executor.block_on(use_up::<E>(&handle, &aside, delays, how))?;
        if let Some(finished) = settled {
            aim.learn(finished);
        }
        Ok(())
    });
}

/// What another thread does with the handle.
#[derive(Clone, Copy)]
enum Use {
    CancelAndAwait,
    CancelAndDrop,
    Drop,
}

impl Use {
    fn pick(rng: &mut fastrand::Rng) -> Self {
        // Mostly what tells who came first, so that the aim is good.
        match rng.usize(..6) {
            0 => Self::Drop,
            1 => Self::CancelAndDrop,
            _ => Self::CancelAndAwait,
        }
    }
}

/// Ends a task while another thread uses its handle up; says whether it finished, if that is known.
async fn use_up<E: Abort + Remote>(
    handle: &E::Handle,
    aside: &Aside,
    (uses, opens): (u32, u32),
    how: Use,
) -> Result<Option<bool>, String> {
    let outputs = Tally::new();
    let (gate, opener) = gate();
    let output = outputs.token();
    let (probe, seen) = probe(async move {
        gate.await;
        output
    });
    let task = E::spawn(handle, probe);
    seen.polled().await;
    let line = StartLine::default();
    let using = aside.ask({
        let line = line.clone();
        move || {
            line.wait();
            spin(uses);
            match how {
                Use::CancelAndAwait => Some(cancel(task, false)),
                Use::CancelAndDrop => Some(cancel(task, true)),
                Use::Drop => {
                    drop(task);
                    None
                }
            }
        }
    });
    line.wait();
    spin(opens);
    opener.open();
    let what = "`abort` or the drop of a handle does not come back";
    let rest = using.get(what).await;
    settle(rest, &outputs, &seen).await
}

const RACED: &str = "a task ended while another thread used its handle up";

/// Looks at what a task left behind that may have finished, and says whether it did.
async fn settle<T>(
    rest: Option<impl Future<Output = Option<Outcome<T>>>>,
    outputs: &Tally,
    seen: &Seen,
) -> Result<Option<bool>, String> {
    let outcome = match rest {
        Some(rest) => match patiently(rest).await {
            Some(outcome) => outcome,
            None => return Err(format!("{RACED}, and the handle never resolves")),
        },
        None => None,
    };
    let finished = outcome.as_ref().map(Result::is_ok);
    match outcome {
        Some(Err(JoinError::Panicked(_))) => {
            return Err(format!("{RACED}, and the handle says that it panicked"));
        }
        Some(Ok(_)) if outputs.count() > 0 => {
            return Err(format!(
                "{RACED}, and it gave an output that had been dropped"
            ));
        }
        outcome => drop(outcome),
    }
    if patiently(seen.gone()).await.is_none() {
        return Err(format!("{RACED}, and the future is not dropped"));
    }
    if patiently(outputs.reached(1)).await.is_none() {
        return Err(format!("{RACED}, and the output is not dropped"));
    }
    match outputs.count() {
        1 => Ok(finished),
        count => Err(format!("the output was dropped {count} times")),
    }
}

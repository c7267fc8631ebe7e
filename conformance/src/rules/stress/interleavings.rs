//! All orders of a few operations on one task.

use std::future::{Future, poll_fn};
use std::mem;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use super::hand::Hand;
use crate::Case;
use crate::adapter::{JoinHandle, OnHandleDrop, Spawn};
use crate::lock::lock;
use crate::rules::lifecycle::{Progress, Track, patience};

/// What is done with the task: what calls wakers, by another thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    /// Opens the task's gate and calls its waker by reference.
    WakeByRef,
    /// Opens the task's gate and calls its waker, which is gone then.
    Wake,
    /// Calls a clone of the waker, without opening the gate.
    WakeForNothing,
    /// Drops the task's handle.
    DropHandle,
}

/// Where it does so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// In the first poll, before the task looks at its gate.
    BeforeTheLook,
    /// In the first poll, after that.
    AfterTheLook,
    /// When the first poll has returned.
    BetweenPolls,
    /// In the poll that finds the gate open.
    InTheLastPoll,
}

const OPS: [Op; 4] = [Op::WakeByRef, Op::Wake, Op::WakeForNothing, Op::DropHandle];
const PLACES: [Place; 4] = [
    Place::BeforeTheLook,
    Place::AfterTheLook,
    Place::BetweenPolls,
    Place::InTheLastPoll,
];
/// The length of the longest programs.
const LONGEST: u32 = 3;

/// Z2: a task ends once, whatever the places at which its wakers and handle are used.
pub fn z02_should_survive_every_interleaving<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    let progress = Progress::new();
    let hand = Arc::new(Hand::new());
    let mut programs = 0;
    executor.block_on(async {
        for program in all_programs() {
            case.event(format_args!("{program:?}"));
            let result = run::<E>(&handle, &progress, &hand, &program).await;
            result.unwrap_or_else(|wrong| panic!("{wrong}, by {program:?}"));
            programs += 1;
        }
    });
    case.note(format_args!("{programs} programs"));
}

type Program = Vec<(Op, Place)>;

/// All sequences of operations, at all places that do not go back.
fn all_programs() -> Vec<Program> {
    let mut programs = vec![Vec::new()];
    let mut longest = programs.clone();
    for _ in 0..LONGEST {
        let longer = longest.iter().flat_map(|program: &Program| {
            let last = program.last().map_or(PLACES[0], |(_, place)| *place);
            let places = PLACES.into_iter().filter(move |place| *place >= last);
            let next = places.flat_map(|place| OPS.into_iter().map(move |op| (op, place)));
            next.map(|step| program.iter().copied().chain([step]).collect())
        });
        longest = longer.collect();
        programs.extend(longest.iter().cloned());
    }
    programs
}

/// The task as the other thread sees it.
#[derive(Default)]
struct Shared {
    started: bool,
    past_the_first_poll: bool,
    open: bool,
    wakes: usize,
    waker: Option<Waker>,
    handle: Option<JoinHandle<()>>,
    handle_dropped: bool,
}

struct Script {
    shared: Arc<Mutex<Shared>>,
    hand: Arc<Hand>,
    left: Mutex<Vec<(Op, Place)>>,
    patience: Duration,
    stuck: Mutex<Option<Op>>,
}

impl Script {
    /// Begins, now that there is a handle to drop; a poll before this does not count.
    fn start(&self, handle: JoinHandle<()>) {
        let mut shared = lock(&self.shared);
        shared.handle = Some(handle);
        shared.started = true;
        drop(shared);
        perform(Op::WakeForNothing, &self.shared);
    }

    /// Has the other thread do what is due up to `place`, and waits for it.
    fn reach(&self, place: Place) {
        let mut left = lock(&self.left);
        let due = left.iter().take_while(|(_, at)| *at <= place).count();
        let due: Program = left.drain(..due).collect();
        drop(left);
        for (op, _) in due {
            if op == Op::DropHandle {
                // Handles are not for every thread, as wakers are.
                perform(op, &self.shared);
                continue;
            }
            let shared = Arc::clone(&self.shared);
            self.hand.start(move || perform(op, &shared));
            if !self.hand.finish(self.patience) {
                lock(&self.stuck).get_or_insert(op);
            }
        }
    }
}

fn perform(op: Op, shared: &Mutex<Shared>) {
    let mut shared = lock(shared);
    let (mut woken, mut called) = (None, None);
    let mut dropped = None;
    match op {
        Op::WakeByRef => called = shared.waker.clone(),
        Op::Wake => woken = shared.waker.take(),
        Op::WakeForNothing => called = shared.waker.clone(),
        Op::DropHandle => dropped = shared.handle.take(),
    }
    shared.open |= matches!(op, Op::WakeByRef | Op::Wake);
    shared.handle_dropped |= dropped.is_some();
    shared.wakes += usize::from(woken.is_some() || called.is_some());
    // Nothing of the executor's is called under the lock.
    drop(shared);
    woken.into_iter().for_each(Waker::wake);
    called.iter().for_each(Waker::wake_by_ref);
    drop(dropped);
}

/// Leaves its waker, looks at its gate, and reaches places round about that.
fn task(script: Arc<Script>) -> impl Future<Output = ()> {
    let mut first = true;
    poll_fn(move |cx| {
        let clone = cx.waker().clone();
        let mut shared = lock(&script.shared);
        let former = shared.waker.replace(clone);
        let started = shared.started;
        drop(shared);
        drop(former);
        if !started {
            return Poll::Pending;
        }
        let first = mem::replace(&mut first, false);
        if first {
            script.reach(Place::BeforeTheLook);
        }
        let open = lock(&script.shared).open;
        if open {
            script.reach(Place::InTheLastPoll);
        } else if first {
            script.reach(Place::AfterTheLook);
        }
        lock(&script.shared).past_the_first_poll = true;
        if open { Poll::Ready(()) } else { Poll::Pending }
    })
}

async fn run<E: Spawn>(
    handle: &E::Handle,
    progress: &Progress,
    hand: &Arc<Hand>,
    program: &[(Op, Place)],
) -> Result<(), String> {
    let script = Arc::new(Script {
        shared: Arc::default(),
        hand: Arc::clone(hand),
        left: Mutex::new(program.to_vec()),
        patience: patience(),
        stuck: Mutex::default(),
    });
    let (future, track) = progress.watch(task(Arc::clone(&script)));
    script.start(E::spawn(handle, future));

    let past = || lock(&script.shared).past_the_first_poll && !track.is_being_polled();
    progress.until("a task is polled", past).await;
    script.reach(Place::BetweenPolls);
    // Whatever the program did, the task can end from here on.
    perform(Op::WakeByRef, &script.shared);
    let gone = || track.drops() > 0;
    let what = format!("a task that was woken ends, after {program:?}");
    progress.until(&what, gone).await;
    judge::<E>(&script, &track)?;
    let handle = lock(&script.shared).handle.take();
    if let Some(handle) = handle {
        let what = format!("the handle gives the output, after {program:?}");
        let joined = progress.wait(&what, handle).await;
        joined.map_err(|error| format!("the handle gave {error:?}"))?;
    }
    // A waker that outlives the task does no harm.
    perform(Op::Wake, &script.shared);
    judge::<E>(&script, &track)
}

fn judge<E: Spawn>(script: &Script, track: &Track) -> Result<(), String> {
    if let Some(op) = *lock(&script.stuck) {
        return Err(format!(
            "{op:?} panicked, or did not return, on another thread"
        ));
    }
    let shared = lock(&script.shared);
    let may_be_cancelled = shared.handle_dropped && E::ON_HANDLE_DROP == OnHandleDrop::Cancels;
    let wakes = shared.wakes;
    drop(shared);
    let polls = track.polls();
    let faults = [
        (
            track.drops() != 1,
            format!("it was dropped {} times", track.drops()),
        ),
        (
            track.late_polls() > 0,
            "it was polled after its end".to_owned(),
        ),
        (
            track.overlapping_polls() > 0,
            "it was polled by two threads at once".to_owned(),
        ),
        (
            polls > wakes + 1,
            format!("it was polled {polls} times for {wakes} wakes"),
        ),
        (
            !track.has_ended() && !may_be_cancelled,
            "it was dropped before it was ready".to_owned(),
        ),
    ];
    let wrong = faults
        .into_iter()
        .find_map(|(wrong, fault)| wrong.then_some(fault));
    wrong.map_or(Ok(()), Err)
}

//! Q8: random histories, beside a model.
//!
//! The model of the policy is the multiset that the watch keeps; the model of the tasks is how
//! many were spawned, and which of them were cancelled.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use executor_core::task::yield_now;
use executor_core::{Handle, JoinHandle, spawn};

use super::MakePolicy;
use super::rig::{Rig, options, recorded, yield_root};
use super::shrink::shrink;
use crate::Case;
use crate::devices::{Drops, Opener, gate};
use crate::harness::message;

/// How many histories, and of how many steps each.
const HISTORIES: usize = 250;
const STEPS: usize = 80;

/// What happens next. A task is named by its number, modulo how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// A task is spawned: it waits at a gate, yields, spawns children and joins them, and ends.
    Spawn {
        at_gate: bool,
        yields: u8,
        children: u8,
        elsewhere: bool,
    },
    /// A task's gate is opened, here or by another thread.
    Open { task: u8, elsewhere: bool },
    /// A task is asked to end.
    Abort { task: u8 },
    /// The loop goes round.
    Turn { times: u8 },
    /// `block_on` returns; the loop stands still until it is called again, in the next step.
    Return,
}

/// Q8: whatever is spawned, woken, cancelled and dropped, in any order, Q1 to Q7 hold.
pub fn q08_must_random_histories_match_a_model<M: MakePolicy>(case: &Case) {
    let histories = case.repeat(HISTORIES);
    for number in 0..histories {
        let rng = &mut case.rng(number as u64);
        let frame = Frame {
            batch: [1, 2, 3, u32::MAX][rng.usize(..4)],
            to_the_end: rng.bool(),
        };
        let steps: Vec<Step> = (0..rng.usize(..STEPS)).map(|_| random(rng)).collect();
        case.event(format_args!("history {number}: {frame:?} {steps:?}"));
        let Err(first) = play::<M>(&steps, frame) else {
            continue;
        };
        let length = steps.len();
        let steps = shrink(steps, simpler, |steps| play::<M>(steps, frame).is_err());
        let reason = play::<M>(&steps, frame).err().unwrap_or(first);
        panic!(
            "history {number} of {histories} failed (seed {}): {reason}\nthe shortest that fails, \
             {} of {length} steps, {frame:?}: {steps:?}",
            case.seed(),
            steps.len()
        );
    }
}

/// What a history is played in.
#[derive(Clone, Copy, Debug)]
struct Frame {
    /// After so many polls the loop looks for what other threads have sent.
    batch: u32,
    /// Whether all tasks end before the runtime is dropped, or are left to that.
    to_the_end: bool,
}

fn random(rng: &mut fastrand::Rng) -> Step {
    let task = rng.u8(..);
    match rng.u8(..20) {
        0..6 => Step::Spawn {
            at_gate: rng.bool(),
            yields: rng.u8(..5),
            children: rng.u8(..8).saturating_sub(5),
            elsewhere: rng.u8(..3) == 0,
        },
        6..11 => Step::Open {
            task,
            elsewhere: rng.bool(),
        },
        11 => Step::Abort { task },
        12..19 => Step::Turn {
            times: rng.u8(1..3),
        },
        _ => Step::Return,
    }
}

/// What may stand for a step; each has less in it than the one before.
fn simpler(step: &Step) -> Vec<Step> {
    let bare = |at_gate| Step::Spawn {
        at_gate,
        yields: 0,
        children: 0,
        elsewhere: false,
    };
    let lower = |task| (0..8).filter(move |lower| *lower < task);
    let mut simpler = match *step {
        Step::Spawn { .. } => vec![bare(false), bare(true)],
        Step::Open { task, elsewhere } => {
            let here = Step::Open {
                task,
                elsewhere: false,
            };
            let others = lower(task).map(|task| Step::Open { task, elsewhere });
            others.chain([here]).collect()
        }
        Step::Turn { .. } => vec![Step::Turn { times: 1 }],
        Step::Abort { task } => lower(task).map(|task| Step::Abort { task }).collect(),
        Step::Return => Vec::new(),
    };
    if let Some(known) = simpler.iter().position(|simple| simple == step) {
        simpler.truncate(known);
    }
    simpler
}

/// Plays a history on a fresh policy; the reason if it fails.
fn play<M: MakePolicy>(steps: &[Step], frame: Frame) -> Result<(), String> {
    let played = catch_unwind(AssertUnwindSafe(|| {
        let rig = Rig::<M>::with_batch(frame.batch);
        let mut world = World::new(rig.runtime().handle());
        for steps in steps.split(|step| *step == Step::Return) {
            rig.block_on(async {
                for step in steps {
                    world.take(step).await;
                }
            });
        }
        if frame.to_the_end {
            rig.block_on(world.all_end())?;
        }
        rig.close_with(&world.tasks, &world.drops)
    }));
    played.unwrap_or_else(|payload| {
        let said = message(payload.as_ref()).unwrap_or("a panic without a message");
        Err(said.to_owned())
    })
}

/// The tasks of a history.
struct World {
    handle: Handle,
    drops: Drops,
    tasks: Vec<JoinHandle<()>>,
    openers: Vec<Opener>,
    aborted: Vec<bool>,
}

impl World {
    fn new(handle: Handle) -> Self {
        Self {
            handle,
            drops: Drops::default(),
            tasks: Vec::new(),
            openers: Vec::new(),
            aborted: Vec::new(),
        }
    }

    async fn take(&mut self, step: &Step) {
        match *step {
            Step::Spawn {
                at_gate,
                yields,
                children,
                elsewhere,
            } => self.spawn(at_gate, yields, children, elsewhere),
            Step::Open { task, elsewhere } => self.open(task, elsewhere),
            Step::Abort { task } => {
                if let Some(task) = index(task, self.tasks.len()) {
                    self.tasks[task].abort();
                    self.aborted[task] = true;
                }
            }
            Step::Turn { times } => {
                for _ in 0..times {
                    yield_root().await;
                }
            }
            Step::Return => {}
        }
    }

    fn spawn(&mut self, at_gate: bool, yields: u8, children: u8, elsewhere: bool) {
        let (gate, opener) = gate();
        let future = async move {
            if at_gate {
                gate.await;
            }
            for _ in 0..yields {
                yield_now().await;
            }
            let children: Vec<_> = (0..children).map(|_| spawn(yield_now())).collect();
            for child in children {
                child.await.expect("a child ends");
            }
        };
        let future = recorded(future, &self.drops);
        let (handle, options) = (self.handle.clone(), options(self.tasks.len()));
        let spawn = move || handle.spawn_with(options, future);
        self.tasks.push(here_or(elsewhere, spawn));
        self.openers.push(opener);
        self.aborted.push(false);
    }

    fn open(&self, task: u8, elsewhere: bool) {
        if let Some(task) = index(task, self.tasks.len()) {
            let opener = self.openers[task].clone();
            here_or(elsewhere, move || opener.open());
        }
    }

    /// Opens every gate and waits for all tasks; the reason if one did not end as it should.
    async fn all_end(&mut self) -> Result<(), String> {
        for opener in &self.openers {
            opener.open();
        }
        for (number, task) in self.tasks.iter_mut().enumerate() {
            match task.await {
                Ok(()) => {}
                Err(error) if error.is_cancelled() && self.aborted[number] => {}
                Err(error) => return Err(format!("task {number} ended with {error:?}")),
            }
        }
        Ok(())
    }
}

fn index(task: u8, tasks: usize) -> Option<usize> {
    usize::from(task).checked_rem(tasks)
}

/// Does something on this thread or, while this one waits, on another.
fn here_or<T: Send + 'static>(elsewhere: bool, act: impl FnOnce() -> T + Send + 'static) -> T {
    if elsewhere {
        return thread::spawn(act).join().expect("it does not panic");
    }
    act()
}

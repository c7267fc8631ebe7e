//! What a random history is made of.

use fastrand::Rng;

/// What the root does next; tasks go by the order of their spawning, modulo their number.
#[derive(Clone, Debug)]
pub(super) enum Op {
    /// Spawns a task that follows a script.
    Spawn(Vec<Act>),
    /// Grants the task a step, and wakes it.
    Step(usize, By),
    /// Wakes the task without a reason.
    Wake(usize, By),
    /// Calls a waker that the task gave out at an earlier poll.
    WakeStale(usize),
    /// Drops all wakers of the task but the last.
    DropStale(usize),
    /// Drops the task's handle.
    DropHandle(usize),
    /// Awaits the task's handle, if the model says that it will give something.
    Join(usize),
    /// Spawns a task that awaits the task's handle.
    JoinInTask(usize),
    /// Cancels the task.
    Abort(usize),
    /// Spawns an empty task and joins it.
    Turn,
    /// Waits until every task has done what the model says.
    Settle,
}

/// What a task does when it has been granted a step; behind its last one it is ready.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Nothing.
    Rest,
    /// Wakes itself, and goes on when it is polled again.
    Yield,
    /// Wakes a task without a reason, perhaps itself.
    Wake(usize),
    /// Grants a task a step, perhaps itself, and wakes it.
    Step(usize),
    /// Drops a task's handle, perhaps its own.
    DropHandle(usize),
    /// Spawns a task.
    Spawn(Vec<Act>),
    /// Cancels a task, perhaps itself.
    Abort(usize),
}

/// How a waker is called.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    Reference,
    Value,
    /// By reference, on another thread.
    Thread,
}

/// Tasks that a history names; there may be fewer.
const TASKS: usize = 8;

/// A history by `rng`.
pub(super) fn random(rng: &mut Rng, cancels: bool) -> Vec<Op> {
    // Some histories look after each operation, and others let many meet.
    let settling = [0, 20, 100][rng.usize(..3)];
    let mut history = vec![Op::Spawn(script(rng, 0, cancels))];
    for _ in 0..rng.usize(5..40) {
        history.push(op(rng, cancels));
        if rng.u32(..100) < settling {
            history.push(Op::Settle);
        }
    }
    history
}

fn op(rng: &mut Rng, cancels: bool) -> Op {
    let task = rng.usize(..TASKS);
    match rng.u32(..if cancels { 26 } else { 22 }) {
        0..=4 => Op::Spawn(script(rng, 0, cancels)),
        5..=11 => Op::Step(task, by(rng)),
        12..=13 => Op::Wake(task, by(rng)),
        14 => Op::WakeStale(task),
        15 => Op::DropStale(task),
        16..=17 => Op::DropHandle(task),
        18 => Op::Join(task),
        19 => Op::JoinInTask(task),
        20 => Op::Turn,
        21 => Op::Settle,
        _ => Op::Abort(task),
    }
}

fn script(rng: &mut Rng, depth: usize, cancels: bool) -> Vec<Act> {
    let length = rng.usize(..4);
    (0..length).map(|_| act(rng, depth, cancels)).collect()
}

fn act(rng: &mut Rng, depth: usize, cancels: bool) -> Act {
    let task = rng.usize(..TASKS);
    match rng.u32(..if cancels { 13 } else { 11 }) {
        0..=1 => Act::Rest,
        2..=3 => Act::Yield,
        4..=5 => Act::Wake(task),
        6..=8 => Act::Step(task),
        9 => Act::DropHandle(task),
        10 if depth < 2 => Act::Spawn(script(rng, depth + 1, cancels)),
        10 => Act::Rest,
        _ => Act::Abort(task),
    }
}

fn by(rng: &mut Rng) -> By {
    [By::Reference, By::Value, By::Thread, By::Thread][rng.usize(..4)]
}

//! A recorder is just a policy wrapped round another: it sees each task that becomes ready, each
//! pick, and how each poll went, and leaves all decisions to the policy inside.

use std::cell::RefCell;
use std::collections::HashMap;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyloop::task::{TaskHeader, TaskId};
use anyloop::{Cause, PopContext, PushContext, Ran, Ready, RunEnd, Scheduler, Turn, WokenBy};

/// Everything that was seen of one run.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    pub(crate) coroutines: Vec<Coroutine>,
    /// Every poll, in the order in which they happened.
    pub(crate) polls: Vec<Poll>,
    /// How often the loop began a batch of polls.
    pub(crate) turns: u64,
    /// The time between a poll after which nobody was ready, and somebody's becoming ready.
    pub(crate) idle: Duration,
}

/// A task, as far as a recording has to know it.
#[derive(Debug)]
pub(crate) struct Coroutine {
    pub(crate) name: String,
    /// How often it was pushed: it had become ready.
    pub(crate) pushed: u64,
    /// How often it was popped: it was picked.
    pub(crate) popped: u64,
    became_ready: (Because, Duration),
    last_poll: Option<usize>,
}

/// One poll: who was picked, why it was ready, how long it ran, and what it then waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Poll {
    /// The index of the coroutine.
    pub(crate) who: usize,
    pub(crate) because: Because,
    pub(crate) ready_at: Duration,
    pub(crate) picked_at: Duration,
    /// How many were ready too, and not picked.
    pub(crate) others_ready: usize,
    pub(crate) ran: Duration,
    pub(crate) end: RunEnd,
    /// What made it ready again, which is what it waited for; `None` if nothing ever did.
    pub(crate) then: Option<Because>,
}

impl Poll {
    /// How long it was ready before it was picked.
    pub(crate) fn waited(&self) -> Duration {
        self.picked_at.saturating_sub(self.ready_at)
    }

    /// When it was over.
    pub(crate) fn end_at(&self) -> Duration {
        self.picked_at + self.ran
    }
}

/// What made a coroutine ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Because {
    Spawned(Who),
    Woken(Who),
    Timer,
    /// The socket with this descriptor, and what comes in by it, if the program has said so.
    Socket(u64, Option<&'static str>),
    Yielded,
    /// The policy had dropped it, and the loop saved it.
    Rescued,
}

/// Who spawned or woke a coroutine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// The future that was given to `block_on`.
    Main,
    /// The coroutine with this index.
    Coroutine(usize),
    /// Another thread.
    Outside,
}

/// Keeps a recording while the program runs.
#[derive(Clone, Debug)]
pub(crate) struct Recorder(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    /// When the first task was pushed; times count from there.
    start: Option<Instant>,
    recording: Recording,
    /// The index of each task among the coroutines.
    index: HashMap<TaskId, usize>,
    roles: HashMap<u64, &'static str>,
    /// The poll that is under way.
    current: Option<Poll>,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        Self(Rc::new(RefCell::new(State::default())))
    }

    /// Wraps a policy, so that what happens to it is recorded.
    pub(crate) fn around<S: Scheduler>(&self, policy: S) -> Record<S> {
        Record {
            policy,
            recorder: self.clone(),
        }
    }

    /// Says what comes in by a socket, for the print: the loop knows its number alone.
    pub(crate) fn name_socket(&self, socket: &impl AsRawFd, brings: &'static str) {
        if let Ok(fd) = u64::try_from(socket.as_raw_fd()) {
            self.0.borrow_mut().roles.insert(fd, brings);
        }
    }

    /// What was recorded; for when the run is over.
    pub(crate) fn into_recording(self) -> Recording {
        self.0.take().recording
    }
}

/// A policy, and the recorder that looks over its shoulder.
#[derive(Debug)]
pub(crate) struct Record<S> {
    policy: S,
    recorder: Recorder,
}

impl<S: Scheduler> Scheduler for Record<S> {
    /// Without it the loop would not tell how long each poll took.
    const NEEDS_CLOCK: bool = true;

    fn push(&mut self, task: Ready, cx: &PushContext<'_>) {
        let nobody_was_ready = self.policy.is_empty();
        self.recorder
            .0
            .borrow_mut()
            .pushed(&task, cx, nobody_was_ready);
        self.policy.push(task, cx);
    }

    fn pop(&mut self, cx: &PopContext<'_>) -> Option<Ready> {
        let task = self.policy.pop(cx)?;
        let others = self.policy.len();
        self.recorder.0.borrow_mut().popped(&task, cx.now(), others);
        Some(task)
    }

    fn len(&self) -> usize {
        self.policy.len()
    }

    fn ran(&mut self, task: &TaskHeader, ran: Ran) {
        self.recorder.0.borrow_mut().ran(ran);
        if S::NEEDS_CLOCK {
            self.policy.ran(task, ran);
        }
    }

    fn turn(&self) -> Turn {
        self.recorder.0.borrow_mut().recording.turns += 1;
        self.policy.turn()
    }

    fn wake_at(&self) -> Option<Instant> {
        self.policy.wake_at()
    }
}

impl State {
    fn pushed(&mut self, task: &TaskHeader, cx: &PushContext<'_>, nobody_was_ready: bool) {
        let because = self.because(cx);
        let at = self.since_start(cx.now());
        if nobody_was_ready && self.current.is_none() {
            let last = self.recording.polls.last();
            let last_end = last.map_or(Duration::ZERO, Poll::end_at);
            self.recording.idle += at.saturating_sub(last_end);
        }
        let who = self.coroutine(task);
        let coroutine = &mut self.recording.coroutines[who];
        coroutine.pushed += 1;
        coroutine.became_ready = (because, at);
        if let Some(last) = coroutine.last_poll {
            self.recording.polls[last].then = Some(because);
        }
    }

    fn popped(&mut self, task: &TaskHeader, now: Instant, others_ready: usize) {
        let picked_at = self.since_start(now);
        let who = self.coroutine(task);
        let coroutine = &mut self.recording.coroutines[who];
        coroutine.popped += 1;
        let (because, ready_at) = coroutine.became_ready;
        self.current = Some(Poll {
            who,
            because,
            ready_at,
            picked_at,
            others_ready,
            ran: Duration::ZERO,
            end: RunEnd::Waiting,
            then: None,
        });
    }

    fn ran(&mut self, ran: Ran) {
        if let Some(mut poll) = self.current.take() {
            poll.ran = ran.elapsed;
            poll.end = ran.end;
            self.recording.coroutines[poll.who].last_poll = Some(self.recording.polls.len());
            self.recording.polls.push(poll);
        }
    }

    fn because(&self, cx: &PushContext<'_>) -> Because {
        match (cx.cause(), cx.by()) {
            (Cause::Yield, _) => Because::Yielded,
            (Cause::Rescue, _) => Because::Rescued,
            (Cause::Spawn, by) => Because::Spawned(self.who(by)),
            (_, WokenBy::Timer) => Because::Timer,
            (_, WokenBy::Source(source)) => {
                Because::Socket(source.get(), self.roles.get(&source.get()).copied())
            }
            (_, by) => Because::Woken(self.who(by)),
        }
    }

    fn who(&self, by: WokenBy) -> Who {
        match by {
            WokenBy::Main => Who::Main,
            WokenBy::Task(id) => match self.index.get(&id) {
                Some(&who) => Who::Coroutine(who),
                None => Who::Outside,
            },
            _ => Who::Outside,
        }
    }

    /// The index of a task, which gets one when it is first seen.
    fn coroutine(&mut self, task: &TaskHeader) -> usize {
        let coroutines = &mut self.recording.coroutines;
        *self.index.entry(task.id()).or_insert_with(|| {
            coroutines.push(Coroutine {
                name: match task.name() {
                    Some(name) => name.to_owned(),
                    None => task.id().to_string(),
                },
                pushed: 0,
                popped: 0,
                became_ready: (Because::Rescued, Duration::ZERO),
                last_poll: None,
            });
            coroutines.len() - 1
        })
    }

    fn since_start(&mut self, now: Instant) -> Duration {
        now.saturating_duration_since(*self.start.get_or_insert(now))
    }
}

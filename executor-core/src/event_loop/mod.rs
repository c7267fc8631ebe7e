//! The loop: fire timers, poll the main future, run a bounded batch, sleep.
//!
//! Tasks are polled in one function, `EventLoop::run_task`; the thread sleeps in one function,
//! `EventLoop::park`. Invariants kept here:
//!
//! - L1: a batch is bounded in polls and in time, so tasks never starve I/O, timers or the root.
//! - L2: what becomes ready after the last `pop` makes the park return at once. On this thread
//!   it is seen in the queue, the side queue or the root's flag before parking; from others the
//!   inbox is filled before the driver is notified, and drained after every park.
//! - L4: wakers are called with nothing borrowed or locked; user code may re-enter.
//! - L5: closing drops every live future on this thread, and every handle resolves.

mod close;
mod pace;
mod policy;
mod root;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use crate::context::{self, Frame, Home, LoopCore};
use crate::driver::{Park, ParkUntil, WakeList};
use crate::runtime::{BlockOnError, Message};
use crate::scheduler::{Cause, PopContext, PushContext, Ran, Scheduler, WokenBy};
use crate::task::{Ready, contain};

use pace::Pace;
use policy::PolicyCell;
use root::{Root, RootWaker};

/// A policy, a driver, and the thread's part of a runtime.
pub(crate) struct EventLoop<S: Scheduler, P: Park> {
    policy: Rc<PolicyCell<S>>,
    local: LoopCore,
    park: RefCell<P>,
    pace: Pace,
    root_waker: Arc<RootWaker>,
    /// Reused from turn to turn.
    wakes: Cell<WakeList>,
    fired: Cell<Vec<Waker>>,
}

/// How a batch ended.
enum Batch {
    /// The policy has nothing to run.
    Idle,
    /// The bound on polls was reached.
    Full,
    /// It is time to look at the drivers.
    LookAtDrivers,
}

impl<S: Scheduler, P: Park> EventLoop<S, P> {
    pub(crate) fn new(policy: S, park: P, home: Home) -> Self {
        let policy = Rc::new(PolicyCell::new(policy));
        let core = Arc::clone(&home.core);
        let local = LoopCore::new(home, Rc::clone(&policy) as Rc<_>);
        Self {
            policy,
            local,
            park: RefCell::new(park),
            pace: Pace::new(),
            root_waker: Arc::new(RootWaker::new(core)),
            wakes: Cell::default(),
            fired: Cell::default(),
        }
    }

    pub(crate) fn local(&self) -> &LoopCore {
        &self.local
    }

    /// Turns the loop until `future` has ended.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> Result<F::Output, BlockOnError> {
        if context::is_turning() {
            return Err(BlockOnError::Nested);
        }
        self.enter(true, || {
            let future = pin!(future);
            let mut root = Root::new(future, &self.root_waker);
            loop {
                self.turn(&mut root).map_err(BlockOnError::Driver)?;
                if let Some(output) = root.take_output() {
                    return Ok(output);
                }
            }
        })
    }

    /// Makes this loop the thread's own while `f` runs.
    fn enter<R>(&self, turning: bool, f: impl FnOnce() -> R) -> R {
        let frame = Frame {
            handle: self.local.handle(),
            local: Some(&self.local),
            turning,
            budget: None,
        };
        context::enter(&frame, f)
    }

    /// One round: everything that the loop does is in here.
    fn turn<F: Future>(&self, root: &mut Root<'_, F>) -> io::Result<()> {
        self.receive_messages();
        self.fire_timers();
        if self.poll_root(root) {
            return Ok(());
        }
        let batch = self.run_batch();
        self.policy.resume_panic();
        match batch {
            Batch::Full => Ok(()),
            Batch::LookAtDrivers => self.park(ParkUntil::Now),
            Batch::Idle if self.root_waker.is_woken() => {
                // The root alone keeps the loop busy: the drivers are looked at by time.
                if self.look_due() {
                    return self.park(ParkUntil::Now);
                }
                Ok(())
            }
            Batch::Idle => self.park(self.park_until()),
        }
    }

    /// Takes in what other threads sent, and what could not be pushed when it became ready.
    fn receive_messages(&self) {
        if self.local.core().has_messages() {
            self.local.set_woken_by(WokenBy::Elsewhere);
            // Bounded by what is there now: a thread that sends without end must not hold the
            // loop. What comes later has notified the driver.
            for _ in 0..self.local.core().message_count() {
                match self.local.core().receive() {
                    Some(message) => self.receive(message),
                    None => break,
                }
            }
        }
        // Bounded likewise: a policy that drops whatever it is given gets it back next time.
        for _ in 0..self.local.side_count() {
            if let Some((ready, cause)) = self.local.take_side() {
                self.policy
                    .push(ready, &PushContext::new(&self.local, cause));
            }
        }
    }

    fn receive(&self, message: Message) {
        let wheel = self.local.wheel();
        match message {
            Message::Spawn(task) => self.local.spawn(task),
            Message::Wake(task) => task.receive(&self.local),
            Message::Rescue(ready) => self.local.rescue(ready),
            Message::AddTimer(timer) => timer.insert(&mut wheel.borrow_mut()),
            Message::RemoveRemote(timer) => {
                let waker = timer.remove(&mut wheel.borrow_mut());
                contain(|| drop(waker));
            }
            Message::RemoveTimer(key) => {
                let waker = wheel.borrow_mut().remove(key);
                contain(|| drop(waker));
            }
            Message::ResetTimer(key, deadline) => {
                // One that has fired meanwhile has woken its task, which looks at the deadline.
                wheel.borrow_mut().reset(key, deadline);
            }
        }
    }

    /// Reads the clock and wakes whose time has come.
    fn fire_timers(&self) {
        let due = self.local.next_timer();
        if due.is_none() && !S::NEEDS_CLOCK {
            return;
        }
        let now = self.read_clock();
        if due.is_some_and(|due| due <= now) {
            self.expire(now);
        }
    }

    #[cold]
    fn expire(&self, now: u64) {
        let mut fired = self.fired.take();
        self.local.expire(now, &mut fired);
        self.local.set_woken_by(WokenBy::Timer);
        for waker in fired.drain(..) {
            contain(|| waker.wake());
        }
        self.fired.set(fired);
    }

    fn read_clock(&self) -> u64 {
        let now = self.local.core().now();
        self.local.set_now(now);
        now
    }

    /// Polls the root if it was woken; `true` when it has ended.
    fn poll_root<F: Future>(&self, root: &mut Root<'_, F>) -> bool {
        if !self.root_waker.take_woken() {
            return false;
        }
        self.local.set_woken_by(WokenBy::Main);
        self.local.budget().refill();
        root.poll()
    }

    /// Polls tasks in the policy's order, within the bounds of one batch.
    fn run_batch(&self) -> Batch {
        let bounds = self.policy.turn();
        self.pace.set_look_every(bounds.time);
        for _ in 0..bounds.polls.max(1) {
            let Some(ready) = self.next_task() else {
                return match self.local.has_side() {
                    false => Batch::Idle,
                    // A policy that drops what it is asked for must not keep the drivers waiting.
                    true if self.look_due() => Batch::LookAtDrivers,
                    true => Batch::Full,
                };
            };
            self.run_task(ready);
            if self.look_due() {
                return Batch::LookAtDrivers;
            }
        }
        Batch::Full
    }

    /// The task that the policy picks.
    ///
    /// A task that yielded is pushed only now. What became ready while it ran became so before
    /// it yielded, and comes first.
    #[inline]
    fn next_task(&self) -> Option<Ready> {
        let push = PushContext::new(&self.local, Cause::Yield);
        let pop = PopContext::new(&self.local);
        self.policy.next(self.local.take_yielded(), &push, &pop)
    }

    /// Polls one task, if it is this loop's own.
    #[inline]
    fn run_task(&self, ready: Ready) {
        if !self.local.owns(&ready) {
            // A policy may have passed it from loop to loop. It may be bound to its own thread.
            return drop(ready);
        }
        self.local.budget().refill();
        if S::NEEDS_CLOCK {
            self.run_timed(ready);
        } else {
            ready.run(&self.local);
        }
    }

    /// Polls one task and charges the time to it.
    fn run_timed(&self, ready: Ready) {
        let task = ready.task_ref();
        let before = self.read_clock();
        let end = ready.run(&self.local);
        let elapsed = Duration::from_nanos(self.read_clock().saturating_sub(before));
        self.policy.ran(&task, Ran { elapsed, end });
    }

    /// Every few polls: reads the clock, fires timers, and says whether the drivers are due.
    #[inline]
    fn look_due(&self) -> bool {
        self.pace.tick() && self.check_clock()
    }

    #[cold]
    fn check_clock(&self) -> bool {
        let now = self.read_clock();
        if let Some(post) = self.local.worker() {
            post.look();
        }
        let due = self.local.next_timer();
        if due.is_some_and(|due| due <= now) {
            self.expire(now);
        }
        self.pace.check(now)
    }

    /// How long the thread may sleep, when the policy has nothing to run.
    fn park_until(&self) -> ParkUntil {
        let timer = self.local.wheel().borrow().next_wake();
        let timer = timer.map(|nanos| self.local.core().instant(nanos));
        let policy = self.policy.wake_at();
        // The policy's code may have woken somebody, which notifies nobody on this thread.
        if self.local.has_side() || self.root_waker.is_woken() {
            return ParkUntil::Now;
        }
        match timer.into_iter().chain(policy).min() {
            Some(deadline) => ParkUntil::Deadline(deadline),
            None => ParkUntil::Notified,
        }
    }

    /// Sleeps, or only looks, and wakes who waited for what has happened.
    fn park(&self, until: ParkUntil) -> io::Result<()> {
        let mut wakes = self.wakes.take();
        let parked = self.park.borrow_mut().park(until, &mut wakes);
        match until {
            ParkUntil::Now => self.pace.looked(),
            _ => self.pace.rested(),
        }
        if S::NEEDS_CLOCK {
            // What is pushed from here on became ready now, not before the sleep.
            self.read_clock();
        }
        for (source, waker) in wakes.drain() {
            self.local.set_woken_by(WokenBy::Source(source));
            contain(|| waker.wake());
        }
        self.wakes.set(wakes);
        parked
    }
}

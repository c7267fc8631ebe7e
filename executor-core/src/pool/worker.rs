//! One worker: its side of the policy, its way to sleep, its thread.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use super::Pool;
use super::crew::{Crew, Outlook};
use super::queue::Shared;
use super::root::{Failure, Listed};
use super::wheels::NEVER;
use crate::context::{self, Home};
use crate::driver::{Park, ParkUntil, Unpark, WakeList};
use crate::event_loop::EventLoop;
use crate::runtime::{BlockOnError, Core, Handle};
use crate::scheduler::{
    Fifo, PoolScheduler, PopContext, PushContext, Ran, Scheduler, Turn, WorkerId,
};
use crate::task::{Ready, TaskHeader, contain};

/// What a worker's loop, its policy and its way to sleep tell each other.
pub(crate) struct Post {
    pub(crate) id: WorkerId,
    /// The worker counts as searching.
    searching: Cell<bool>,
    /// It is on watch, although awake.
    watching: Cell<bool>,
    /// The loop has looked at the clock since the last pop.
    looked: Cell<bool>,
    /// How many tasks were found since it did so before, and how many waited then.
    found: Cell<usize>,
    waited: Cell<usize>,
}

impl Post {
    fn new(id: WorkerId) -> Self {
        Self {
            id,
            searching: Cell::new(false),
            watching: Cell::new(false),
            looked: Cell::new(false),
            found: Cell::new(0),
            waited: Cell::new(0),
        }
    }

    /// Notes that the loop has looked at the clock, which it does every 20 µs or so.
    pub(crate) fn look(&self) {
        self.looked.set(true);
    }

    /// Takes note of how many tasks wait; whether some have done so since the last time, for as
    /// long as it takes to look at the clock twice.
    fn has_aged(&self, waiting: usize) -> bool {
        let found = self.found.take();
        let waited = self.waited.replace(waiting);
        // The queue is first in, first out: what was found since is what had waited longest.
        waiting > 0 && found < waited
    }

    /// When the next timer is due, of any worker's: who is awake fires for those who are blocked.
    pub(crate) fn next_timer(&self, pool: Option<&Pool>) -> Option<u64> {
        let next = pool.map_or(NEVER, |pool| pool.wheels.next());
        (next != NEVER).then_some(next)
    }
}

/// The worker of `pool` on whose thread this is called.
#[inline]
pub(super) fn current(pool: &Pool) -> Option<usize> {
    context::with_local(|local| {
        let local = local?;
        let own = local.handle().core().pool()?;
        let post = local.worker()?;
        std::ptr::eq(own, pool).then_some(post.id.index())
    })
}

/// Wakes one worker.
pub(super) struct WorkerUnpark {
    pub(super) crew: Arc<Crew>,
    pub(super) id: usize,
}

impl Unpark for WorkerUnpark {
    fn unpark(&self) {
        self.crew.unpark(self.id);
    }
}

/// A worker's side of the policy, beside what is pinned to the worker.
struct WorkerPolicy<P: PoolScheduler> {
    core: Arc<Core>,
    shared: Arc<Shared<P>>,
    /// There until the worker leaves.
    own: Option<P::Worker>,
    pinned: Fifo,
    /// Whether a pinned task has its turn.
    pinned_next: bool,
    post: Rc<Post>,
}

const GONE: &str = "a worker has its part of the policy until it leaves";

impl<P: PoolScheduler> WorkerPolicy<P> {
    fn pool(&self) -> &Pool {
        self.core.expect_pool()
    }

    /// What is the worker's own, or waits for any worker.
    #[inline]
    fn take(&mut self, cx: &PopContext<'_>) -> Option<Ready> {
        self.pinned_next = !self.pinned_next;
        if self.pinned_next {
            if let Some(task) = self.pinned.pop(cx) {
                return Some(task);
            }
        }
        let own = self.own.as_mut().expect(GONE);
        let task = self.shared.policy.pop(own, cx);
        task.or_else(|| self.pinned.pop(cx))
    }

    /// What others have, if not too many look for that already.
    #[cold]
    fn search(&mut self, cx: &PopContext<'_>) -> Option<Ready> {
        if let Some(stray) = self.take_stray() {
            return Some(stray);
        }
        if !self.post.searching.get() {
            if !self.pool().crew.start_search() {
                return None;
            }
            self.post.searching.set(true);
        }
        let own = self.own.as_mut().expect(GONE);
        let stolen = self.shared.policy.steal(own, cx)?;
        self.counter().stole();
        Some(stolen)
    }

    #[cold]
    fn take_stray(&self) -> Option<Ready> {
        self.pool().strays.pop().ok()
    }

    /// A task was found: others may have to be told.
    #[inline]
    fn found(&self) {
        self.counter().polled();
        self.post.found.set(self.post.found.get() + 1);
        if self.post.searching.get() || self.post.watching.get() || self.post.looked.get() {
            self.tell_others();
        }
    }

    #[cold]
    fn tell_others(&self) {
        let pool = self.pool();
        let was_last = self.post.searching.take() && pool.crew.end_search();
        if self.post.watching.take() {
            pool.crew.relieve(self.post.id.index());
        }
        let mut share = false;
        if self.post.looked.take() {
            let backlog = self.shared.policy.backlog(self.own.as_ref().expect(GONE));
            self.counter().holds(backlog);
            // Waking a worker takes some 10 µs: less of a wait is not worth it.
            share = self.post.has_aged(backlog);
        }
        if share || (was_last && pool.queue.has_work(self.post.id)) {
            pool.crew.call_one();
        }
    }

    fn counter(&self) -> &super::metrics::Counter {
        self.pool().counters.of(self.post.id.index())
    }
}

impl<P: PoolScheduler> Scheduler for WorkerPolicy<P> {
    const NEEDS_CLOCK: bool = P::NEEDS_CLOCK;

    #[inline]
    fn push(&mut self, task: Ready, cx: &PushContext<'_>) {
        if task.is_shared() {
            let own = self.own.as_mut().expect(GONE);
            self.shared.policy.push(own, task, cx);
        } else {
            self.pinned.push(task, cx);
        }
    }

    #[inline]
    fn pop(&mut self, cx: &PopContext<'_>) -> Option<Ready> {
        if self.pool().is_closing() {
            // What is left is dropped, here or by who closes.
            return None;
        }
        // Strays have their turn now and then: workers that never run dry would starve them.
        let stray = match self.post.looked.get() {
            true => self.take_stray(),
            false => None,
        };
        let task = stray
            .or_else(|| self.take(cx))
            .or_else(|| self.search(cx))?;
        self.found();
        Some(task)
    }

    fn len(&self) -> usize {
        let own = self.own.as_ref().expect(GONE);
        self.pinned.len() + self.shared.policy.backlog(own)
    }

    fn ran(&mut self, task: &TaskHeader, ran: Ran) {
        let own = self.own.as_mut().expect(GONE);
        self.shared.policy.ran(own, task, ran);
    }

    fn turn(&self) -> Turn {
        self.shared.policy.turn(self.own.as_ref().expect(GONE))
    }

    fn wake_at(&self) -> Option<Instant> {
        self.shared.policy.wake_at(self.own.as_ref().expect(GONE))
    }
}

impl<P: PoolScheduler> Drop for WorkerPolicy<P> {
    fn drop(&mut self) {
        if let Some(own) = self.own.take() {
            self.shared.retire(own);
        }
    }
}

/// A worker's way to sleep: with the crew.
struct WorkerPark {
    core: Arc<Core>,
    /// What belongs to this worker alone.
    own: Arc<Core>,
    post: Rc<Post>,
    woke_at: Instant,
}

impl Park for WorkerPark {
    fn park(&mut self, until: ParkUntil, wakes: &mut WakeList) -> io::Result<()> {
        let pool = self.core.expect_pool();
        if until == ParkUntil::Now {
            return pool.crew.look(wakes);
        }
        let id = self.post.id.index();
        pool.counters.of(id).parks(self.woke_at.elapsed());
        let searching = self.post.searching.take();
        // A worker that keeps watch goes on doing so when it lies down.
        self.post.watching.set(false);
        let slept = pool.crew.sleep(id, searching, until, &*self, wakes);
        self.woke_at = Instant::now();
        let awake = slept?;
        self.post.searching.set(awake.searching);
        self.post.watching.set(awake.watching);
        Ok(())
    }
}

impl Outlook for WorkerPark {
    fn has_work(&self) -> bool {
        let pool = self.core.expect_pool();
        pool.is_closing()
            || self.own.has_messages()
            || !pool.strays.is_empty()
            || pool.queue.has_work(self.post.id)
    }

    fn next_timer(&self) -> u64 {
        self.core.expect_pool().wheels.next()
    }

    fn instant(&self, nanos: u64) -> Instant {
        self.core.instant(nanos)
    }
}

/// Ends when the pool closes.
async fn until_closing(pool: &Pool) {
    let mut listed = None;
    poll_fn(|cx| {
        // First the waker, then the look: who closes does it the other way round. The waker is the
        // same each time.
        listed.get_or_insert_with(|| Listed::new(&pool.roots, cx.waker()));
        match pool.is_closing() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
}

/// What a worker's thread does, from beginning to end.
pub(super) fn work<P: PoolScheduler>(
    core: &Arc<Core>,
    shared: &Arc<Shared<P>>,
    own_part: P::Worker,
    id: WorkerId,
) {
    let pool = core.expect_pool();
    let own = &pool.workers.get().expect("made before the threads are")[id.index()];
    let post = Rc::new(Post::new(id));
    let policy = WorkerPolicy {
        core: Arc::clone(core),
        shared: Arc::clone(shared),
        own: Some(own_part),
        pinned: Fifo::new(),
        pinned_next: false,
        post: Rc::clone(&post),
    };
    let park = WorkerPark {
        core: Arc::clone(core),
        own: Arc::clone(own),
        post: Rc::clone(&post),
        woke_at: Instant::now(),
    };
    let home = Home {
        core: Arc::clone(own),
        handle: Handle::new(Arc::clone(core)),
        worker: Some(post),
    };
    let event_loop = EventLoop::new(policy, park, home);
    let turned = catch_unwind(AssertUnwindSafe(|| {
        event_loop.block_on(until_closing(pool))
    }));
    match turned {
        Ok(Ok(())) | Ok(Err(BlockOnError::Nested)) => {}
        Ok(Err(BlockOnError::Driver(error))) => pool.fail(Failure::Driver(error)),
        Err(payload) => pool.fail(Failure::Policy(payload)),
    }
    // Drops what is pinned to this worker, here.
    contain(|| drop(event_loop));
}

//! What a runtime shares with every thread: its drivers, its inbox, its blocking pool.

use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::{Duration, Instant};

use concurrent_queue::{ConcurrentQueue, PushError};

use super::{Clock, Drivers};
use crate::blocking::BlockingPool;
use crate::driver::{Reactor, Unpark};
use crate::pool::Pool;
use crate::scheduler::{Cause, PushContext};
use crate::task::{CancelReason, NewTask, Ready, Woken};
use crate::time::{RemoteTimer, TimerKey};

/// What another thread tells a loop.
pub(crate) enum Message {
    /// Here is a new task.
    Spawn(NewTask),
    /// This task was woken.
    Wake(Woken),
    /// The token of this task was dropped.
    Rescue(Ready),
    /// Somebody on another thread waits for this timer.
    AddTimer(Arc<RemoteTimer>),
    /// Nobody does any more.
    RemoveRemote(Arc<RemoteTimer>),
    /// A timer that was made on the loop's thread was dropped on another.
    RemoveTimer(TimerKey),
    /// One was moved there, to so many nanoseconds after the epoch.
    ResetTimer(TimerKey, u64),
}

/// The part of a runtime that every thread may use; a [`Handle`](super::Handle) counts it.
pub(crate) struct Core {
    name: &'static str,
    inbox: ConcurrentQueue<Message>,
    unpark: Arc<dyn Unpark>,
    reactor: Option<Arc<dyn Reactor>>,
    clock: Arc<dyn Clock>,
    epoch: Instant,
    blocking: BlockingPool,
    closed: AtomicBool,
    /// How many wakes found the inbox closed, of tasks that had ended.
    lost_wakes: AtomicUsize,
    /// What the workers share, if the runtime is a pool of them.
    pool: Option<Pool>,
}

impl Core {
    pub(crate) fn new(drivers: Drivers, blocking: BlockingPool, pool: Option<Pool>) -> Self {
        let epoch = drivers.clock.now();
        Self {
            name: drivers.name,
            inbox: ConcurrentQueue::unbounded(),
            unpark: drivers.unpark,
            reactor: drivers.reactor,
            clock: drivers.clock,
            epoch,
            blocking,
            closed: AtomicBool::new(false),
            lost_wakes: AtomicUsize::new(0),
            pool,
        }
    }

    /// The core of what belongs to one worker of a pool, whose core is `self`.
    pub(crate) fn for_worker(&self, unpark: Arc<dyn Unpark>) -> Self {
        let drivers = Drivers {
            name: self.name,
            unpark,
            reactor: None,
            clock: Arc::clone(&self.clock),
        };
        // Closures go to the blocking pool of the whole.
        let blocking = BlockingPool::new(0, Duration::ZERO);
        Self {
            epoch: self.epoch,
            ..Self::new(drivers, blocking, None)
        }
    }

    #[inline]
    pub(crate) fn pool(&self) -> Option<&Pool> {
        self.pool.as_ref()
    }

    /// What the workers share, on the core of a pool.
    ///
    /// # Panics
    ///
    /// If the runtime is no pool.
    #[inline]
    pub(crate) fn expect_pool(&self) -> &Pool {
        self.pool.as_ref().expect("the core of a pool")
    }

    /// Gives a shared task to the pool from a thread that is no worker's.
    ///
    /// # Panics
    ///
    /// If the runtime is no pool.
    pub(crate) fn inject(&self, ready: Ready) {
        let cx = PushContext::outside(self, Cause::Remote);
        self.expect_pool().inject(ready, &cx);
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn reactor(&self) -> Option<&Arc<dyn Reactor>> {
        self.reactor.as_ref()
    }

    pub(crate) fn blocking(&self) -> &BlockingPool {
        &self.blocking
    }

    pub(crate) fn unpark(&self) {
        self.unpark.unpark();
    }

    /// Whether shutdown has begun: no new task, timer or source is accepted.
    pub(crate) fn is_closed(&self) -> bool {
        // Acquire pairs with the Release in `mark_closed`.
        self.closed.load(Acquire)
    }

    pub(crate) fn mark_closed(&self) {
        self.closed.store(true, Release);
    }

    /// Gives a new task to the loop from another thread, or ends it if the loop is closed.
    pub(crate) fn send_spawn(&self, task: NewTask) {
        // Not left to the inbox alone: threads that spawn without end would keep a closing loop
        // from ever finding it empty.
        if self.is_closed() {
            return task.refuse(CancelReason::ShutDown);
        }
        if let Err(Message::Spawn(task)) = self.send(Message::Spawn(task)) {
            task.refuse(CancelReason::ShutDown);
        }
    }

    /// Sends a message and wakes the loop; gives the message back if the inbox is closed.
    pub(crate) fn send(&self, message: Message) -> Result<(), Message> {
        match self.inbox.push(message) {
            Ok(()) => {
                self.unpark.unpark();
                Ok(())
            }
            Err(PushError::Closed(message) | PushError::Full(message)) => Err(message),
        }
    }

    /// Tells the loop not to wait for the message of a wake, which found the inbox closed.
    pub(crate) fn note_lost_wake(&self) {
        // Release pairs with the Acquire in `lost_wakes`; it comes before the unpark, so the loop
        // sees it when it wakes.
        self.lost_wakes.fetch_add(1, Release);
        self.unpark();
    }

    /// How many wakes were lost, which the loop may have been waiting for.
    pub(crate) fn lost_wakes(&self) -> usize {
        // Acquire pairs with the Release in `note_lost_wake`.
        self.lost_wakes.load(Acquire)
    }

    #[inline]
    pub(crate) fn receive(&self) -> Option<Message> {
        self.inbox.pop().ok()
    }

    /// How many messages wait.
    pub(crate) fn message_count(&self) -> usize {
        self.inbox.len()
    }

    #[inline]
    pub(crate) fn has_messages(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// Closes the inbox; what is in it can still be received.
    pub(crate) fn close_inbox(&self) {
        self.inbox.close();
    }

    pub(crate) fn is_inbox_closed(&self) -> bool {
        self.inbox.is_closed()
    }

    pub(crate) fn epoch(&self) -> Instant {
        self.epoch
    }

    pub(crate) fn time(&self) -> Instant {
        self.clock.now()
    }

    /// The time now, in nanoseconds after the epoch.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.nanos(self.clock.now())
    }

    /// An instant in nanoseconds after the epoch; saturates after some 584 years.
    pub(crate) fn nanos(&self, instant: Instant) -> u64 {
        let since = instant.saturating_duration_since(self.epoch);
        since
            .as_secs()
            .checked_mul(1_000_000_000)
            .and_then(|nanos| nanos.checked_add(u64::from(since.subsec_nanos())))
            .unwrap_or(u64::MAX)
    }

    /// The instant that lies `nanos` after the epoch, or the epoch where there is none.
    pub(crate) fn instant(&self, nanos: u64) -> Instant {
        self.epoch
            .checked_add(Duration::from_nanos(nanos))
            .unwrap_or(self.epoch)
    }
}

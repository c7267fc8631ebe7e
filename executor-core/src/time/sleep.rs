//! Waiting for a moment.

use std::future::Future;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use super::{RemoteTimer, TimerKey};
use crate::context::{self, LoopCore};
use crate::coop;
use crate::pool::Pool;
use crate::runtime::{Core, Handle, Message, no_runtime, shut_down};
use crate::task;

/// Waits until `duration` has passed.
///
/// It is never early. It belongs to the runtime that is current when it is made, or else when it
/// is first polled, and may then be awaited anywhere. A duration too long for the clock waits for
/// ever.
///
/// # Errors
///
/// Awaiting gives [`io::ErrorKind::Unsupported`] where no runtime is current, and
/// [`io::ErrorKind::NotConnected`] if its runtime has shut down meanwhile.
///
/// # Cancel safety
///
/// Dropping it ends the timer. It may be polled by `&mut` and awaited again.
///
/// ```
/// use executor_core::{Fifo, Runtime, time};
/// use std::time::{Duration, Instant};
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = Runtime::without_io(Fifo::new());
/// let start = Instant::now();
/// runtime.block_on(time::sleep(Duration::from_millis(2)))?;   // outside: captured when polled
/// assert!(start.elapsed() >= Duration::from_millis(2));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    context::with_handle(|handle| {
        let now = handle.map_or_else(Instant::now, Handle::now);
        Sleep::on(handle.cloned(), now.checked_add(duration))
    })
}

/// Waits until `deadline`; as [`sleep`], also in errors and cancel safety.
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::on(Handle::try_current(), Some(deadline))
}

/// The future of [`sleep`] and [`sleep_until`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Sleep {
    handle: Option<Handle>,
    /// `None` lies beyond what the clock can say.
    deadline: Option<Instant>,
    state: State,
    location: &'static Location<'static>,
}

#[derive(Debug)]
enum State {
    /// No wheel knows of it.
    Idle,
    /// In the wheel of the loop on whose thread it was polled.
    Local(TimerKey),
    /// In the wheel of a loop on another thread.
    Remote(Arc<RemoteTimer>),
    /// In that wheel of a pool's.
    Pooled(usize, TimerKey),
    /// It has ended.
    Elapsed,
}

impl Sleep {
    #[track_caller]
    pub(crate) fn on(handle: Option<Handle>, deadline: Option<Instant>) -> Self {
        Self {
            handle,
            deadline,
            state: State::Idle,
            location: Location::caller(),
        }
    }

    /// When it ends; `None` if that is beyond what the clock can say.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Where it was made.
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// Whether it has ended; awaiting it again is immediate until it is [`reset`](Self::reset).
    pub fn is_elapsed(&self) -> bool {
        matches!(self.state, State::Elapsed)
    }

    /// Moves the end to `deadline`, earlier or later, also after it has ended.
    ///
    /// A task that waits need not poll it again: it is woken at the new time.
    pub fn reset(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
        if let (State::Pooled(at, key), Some(handle)) = (&self.state, &self.handle) {
            let nanos = handle.core().nanos(deadline);
            let pool = handle.core().pool();
            if pool.is_some_and(|pool| pool.reset_timer(*at, *key, nanos)) {
                return;
            }
        }
        if let (State::Local(key), Some(handle)) = (&self.state, &self.handle) {
            let nanos = handle.core().nanos(deadline);
            let moved = on_own_loop(handle.core(), |local| {
                local.wheel().borrow_mut().reset(*key, nanos)
            });
            let sent = || handle.core().send(Message::ResetTimer(*key, nanos)).is_ok();
            if moved.unwrap_or_else(sent) {
                return;
            }
        }
        if let (State::Remote(timer), Some(handle)) = (&self.state, &self.handle) {
            if let Some(waker) = timer.take_waker() {
                let nanos = handle.core().nanos(deadline);
                let fresh = RemoteTimer::new(nanos, &waker);
                let sent = handle.core().send(Message::AddTimer(Arc::clone(&fresh)));
                self.leave();
                match sent {
                    Ok(()) => self.state = State::Remote(fresh),
                    // The runtime has just shut down: the next poll says so.
                    Err(_) => waker.wake(),
                }
                return;
            }
        }
        self.leave();
    }

    /// The time, by the clock of its runtime.
    pub(super) fn now(&self) -> Instant {
        self.handle.as_ref().map_or_else(Instant::now, Handle::now)
    }

    fn is_remote(&self) -> bool {
        matches!(self.state, State::Remote(_))
    }

    /// Takes the timer out of whichever wheel it is in.
    fn leave(&mut self) {
        let state = std::mem::replace(&mut self.state, State::Idle);
        let Some(handle) = &self.handle else { return };
        let core = handle.core();
        // Where a message finds the inbox closed, the wheel is gone or about to go.
        match state {
            State::Idle | State::Elapsed => {}
            State::Local(key) => {
                let removed = on_own_loop(core, |local| local.wheel().borrow_mut().remove(key));
                if removed.is_none() {
                    drop(core.send(Message::RemoveTimer(key)));
                }
            }
            State::Pooled(at, key) => {
                let waker = core.pool().and_then(|pool| pool.wheels().remove(at, key));
                drop(waker);
            }
            State::Remote(timer) => {
                timer.forget_waker();
                drop(core.send(Message::RemoveRemote(timer)));
            }
        }
    }

    fn poll_local(&mut self, local: &LoopCore, nanos: u64, cx: &mut Context<'_>) -> Poll<()> {
        if let State::Local(key) = &self.state {
            if local.replace_timer_waker(*key, cx.waker()) {
                return Poll::Pending;
            }
        }
        if nanos <= local.now() {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        let key = local.wheel().borrow_mut().insert(nanos, waker);
        self.state = State::Local(key);
        Poll::Pending
    }

    fn poll_remote(
        &mut self,
        core: &Core,
        nanos: u64,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if let State::Remote(timer) = &self.state {
            timer.set_waker(cx.waker());
            if !timer.has_fired() {
                return Poll::Pending;
            }
        }
        if core.now() >= nanos {
            return Poll::Ready(Ok(()));
        }
        // It is new here, or it was fired before its time because the runtime shuts down.
        self.leave();
        if core.is_closed() {
            return Poll::Ready(Err(shut_down("sleeping")));
        }
        let timer = RemoteTimer::new(nanos, cx.waker());
        match core.send(Message::AddTimer(Arc::clone(&timer))) {
            Ok(()) => {
                self.state = State::Remote(timer);
                Poll::Pending
            }
            Err(_) => Poll::Ready(Err(shut_down("sleeping"))),
        }
    }

    /// As polling it, where its runtime is a pool.
    fn poll_pooled(
        state: &mut State,
        core: &Core,
        pool: &Pool,
        nanos: u64,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if let State::Pooled(at, key) = state {
            if pool.wheels().replace_waker(*at, *key, cx.waker()) {
                return Poll::Pending;
            }
        }
        if nanos <= core.now() {
            return Poll::Ready(Ok(()));
        }
        // It is new here, or it was fired before its time because the runtime shuts down.
        if is_about_to_be_dropped(pool, cx) {
            return Poll::Pending;
        }
        if core.is_closed() {
            return Poll::Ready(Err(shut_down("sleeping")));
        }
        let (at, key) = pool.add_timer(nanos, cx.waker().clone());
        if pool.is_closing() {
            // The timers may have been ended just before this one came.
            drop(pool.wheels().remove(at, key));
            return match is_about_to_be_dropped(pool, cx) {
                true => Poll::Pending,
                false => Poll::Ready(Err(shut_down("sleeping"))),
            };
        }
        *state = State::Pooled(at, key);
        Poll::Pending
    }

    /// As polling it, without taking from the budget.
    pub(super) fn poll_end(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.is_elapsed() {
            return Poll::Ready(Ok(()));
        }
        if this.handle.is_none() {
            this.handle = Handle::try_current();
        }
        let Some(handle) = &this.handle else {
            return Poll::Ready(Err(no_runtime("sleeping")));
        };
        let core = Arc::as_ptr(handle.core());
        let nanos = this.deadline.map_or(u64::MAX, |at| handle.core().nanos(at));
        if let Some(pool) = handle.core().pool() {
            let polled = Self::poll_pooled(&mut this.state, handle.core(), pool, nanos, cx);
            return this.note_end(polled);
        }
        let polled = context::with_local(|local| match local {
            Some(local)
                if Arc::as_ptr(local.core()) == core
                    && !this.is_remote()
                    && !local.is_closing() =>
            {
                this.poll_local(local, nanos, cx).map(Ok)
            }
            _ => {
                let core = Arc::clone(this.handle.as_ref().expect("set above").core());
                this.poll_remote(&core, nanos, cx)
            }
        });
        this.note_end(polled)
    }

    fn note_end(&mut self, polled: Poll<io::Result<()>>) -> Poll<io::Result<()>> {
        if let Poll::Ready(Ok(())) = polled {
            self.leave();
            self.state = State::Elapsed;
        }
        polled
    }
}

impl Future for Sleep {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(coop::poll_proceed(cx));
        self.poll_end(cx)
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Whether the task that waits is dropped when its poll has ended, as its pool is closing.
///
/// Where a task blocks its worker in another executor, that one's waker is not the task's: it must
/// be told, or the poll would never end.
fn is_about_to_be_dropped(pool: &Pool, cx: &Context<'_>) -> bool {
    pool.is_dropping_tasks_here() && task::is_woken_by(cx.waker())
}

/// Calls `f` with the loop of `core` if this is its thread.
fn on_own_loop<R>(core: &Arc<Core>, f: impl FnOnce(&LoopCore) -> R) -> Option<R> {
    context::with_local(|local| match local {
        Some(local) if local.is_of(core) => Some(f(local)),
        _ => None,
    })
}

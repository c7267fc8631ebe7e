//! The futures given to `block_on`, and what ends them early.

use std::any::Any;
use std::future::Future;
use std::io;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use slab::Slab;

use super::Pool;
use crate::context::{self, Budget, Frame};
use crate::driver::{Park, ParkUntil, ThreadPark, ThreadUnpark, Unpark, WakeList};
use crate::runtime::{BlockOnError, Handle};
use crate::task::{contain, root_scope};

/// Why a pool cannot go on.
pub(super) enum Failure {
    /// The driver cannot wait any more.
    Driver(io::Error),
    /// The policy panicked.
    Policy(Box<dyn Any + Send>),
}

/// Who is to be woken when the pool closes or fails.
#[derive(Default)]
pub(super) struct Roots {
    wakers: Mutex<Slab<Waker>>,
    failure: Mutex<Option<Failure>>,
    failed: AtomicBool,
}

impl Roots {
    /// Adds one; it is to be removed by the number that this gives.
    pub(super) fn add(&self, waker: Waker) -> usize {
        self.wakers().insert(waker)
    }

    pub(super) fn remove(&self, number: usize) {
        let waker = self.wakers().try_remove(number);
        drop(waker);
    }

    pub(super) fn wake_all(&self) {
        let wakers: Vec<Waker> = self
            .wakers()
            .iter()
            .map(|(_, waker)| waker.clone())
            .collect();
        for waker in wakers {
            contain(|| waker.wake());
        }
    }

    fn wakers(&self) -> MutexGuard<'_, Slab<Waker>> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `block_on` says instead of going on; the reason itself is told once.
    fn failure(&self) -> Option<Failure> {
        // Acquire pairs with the Release in `fail`.
        if !self.failed.load(Acquire) {
            return None;
        }
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        Some(failure.take().unwrap_or_else(|| {
            let text = "the pool has stopped: its policy panicked, or its driver failed";
            Failure::Driver(io::Error::other(text))
        }))
    }
}

impl Pool {
    /// Stops the pool; those inside `block_on` are told why.
    pub(super) fn fail(&self, failure: Failure) {
        let mut first = self
            .roots
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if first.is_none() {
            *first = Some(failure);
        }
        drop(first);
        // Release pairs with the Acquire in `Roots::failure`.
        self.roots.failed.store(true, Release);
        self.begin_closing();
    }
}

/// Runs a future to its end on this thread, which polls nothing else.
pub(super) fn block_on<F: Future>(
    handle: &Handle,
    pool: &Pool,
    future: F,
) -> Result<F::Output, BlockOnError> {
    if context::is_turning() {
        return Err(BlockOnError::Nested);
    }
    let budget = Budget::new();
    let frame = Frame {
        handle,
        local: None,
        turning: true,
        budget: Some(&budget),
    };
    context::enter(&frame, || {
        let mut park = ThreadPark::new();
        let waker = Waker::from(Arc::new(RootWaker(park.unparker())));
        let _listed = Listed::new(&pool.roots, &waker);
        let mut cx = Context::from_waker(&waker);
        let mut future = pin!(future);
        let mut wakes = WakeList::new();
        loop {
            match pool.roots.failure() {
                None => {}
                Some(Failure::Driver(error)) => return Err(BlockOnError::Driver(error)),
                Some(Failure::Policy(payload)) => resume_unwind(payload),
            }
            budget.refill();
            if let Poll::Ready(output) = root_scope(|| future.as_mut().poll(&mut cx)) {
                return Ok(output);
            }
            park.park(ParkUntil::Notified, &mut wakes)
                .map_err(BlockOnError::Driver)?;
        }
    })
}

struct RootWaker(Arc<ThreadUnpark>);

impl Wake for RootWaker {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// Takes a root off the list when it is dropped.
pub(super) struct Listed<'a>(&'a Roots, usize);

impl<'a> Listed<'a> {
    pub(super) fn new(roots: &'a Roots, waker: &Waker) -> Self {
        Self(roots, roots.add(waker.clone()))
    }
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.0.remove(self.1);
    }
}

//! How a group hears that a member has ended.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

/// Which members have ended, and who waits for that.
#[derive(Default)]
pub(super) struct Ended(Mutex<EndedState>);

#[derive(Default)]
struct EndedState {
    members: Vec<usize>,
    waker: Option<Waker>,
}

impl Ended {
    pub(super) fn set_waker(&self, waker: &Waker) {
        let will_wake = |old: &Waker| old.will_wake(waker);
        let kept = self.lock().waker.as_ref().is_some_and(will_wake);
        if !kept {
            // Cloned and dropped outside the lock: both may run user code.
            let waker = waker.clone();
            let old = self.lock().waker.replace(waker);
            drop(old);
        }
    }

    pub(super) fn take(&self) -> Vec<usize> {
        std::mem::take(&mut self.lock().members)
    }

    /// Puts those back that were not dealt with, before those that have come since.
    pub(super) fn put_back(&self, mut members: Vec<usize>) {
        let mut state = self.lock();
        members.append(&mut state.members);
        state.members = members;
    }

    fn announce(&self, member: usize) {
        let mut state = self.lock();
        state.members.push(member);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, EndedState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pin_project! {
    /// A member's future; dropping it, however it ended, tells the group.
    pub(super) struct Member<F> {
        #[pin]
        future: F,
        // Dropped after the future, so that the group hears of the end when it has happened.
        notice: Notice,
    }
}

impl<F> Member<F> {
    pub(super) fn new(future: F, notice: Notice) -> Self {
        Self { future, notice }
    }
}

impl<F: Future> Future for Member<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }
}

/// Tells the group when it is dropped.
#[derive(Default)]
pub(super) struct Notice(Arc<NoticeState>);

impl Notice {
    pub(super) fn state(&self) -> Arc<NoticeState> {
        Arc::clone(&self.0)
    }
}

#[derive(Default)]
pub(super) struct NoticeState(Mutex<NoticePhase>);

#[derive(Default)]
enum NoticePhase {
    /// The member has not been entered in the group yet.
    #[default]
    New,
    /// It is in the group, under this key.
    Member(usize, Arc<Ended>),
    /// It has ended.
    Ended,
}

impl NoticeState {
    pub(super) fn join_group(&self, key: usize, ended: &Arc<Ended>) {
        let mut phase = self.lock();
        let has_ended = matches!(*phase, NoticePhase::Ended);
        if !has_ended {
            *phase = NoticePhase::Member(key, Arc::clone(ended));
        }
        drop(phase);
        if has_ended {
            ended.announce(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, NoticePhase> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Notice {
    fn drop(&mut self) {
        let phase = std::mem::replace(&mut *self.0.lock(), NoticePhase::Ended);
        if let NoticePhase::Member(key, ended) = phase {
            ended.announce(key);
        }
    }
}

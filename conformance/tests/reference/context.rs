//! Which tasks are being polled on this thread. The executor has no use for it; its faults have.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::Waker;

use super::core::Core;
use super::fault::{Fault, broken};
use super::lock;
use super::task::Task;

thread_local! {
    static INSIDE: RefCell<Vec<Arc<Task>>> = const { RefCell::new(Vec::new()) };
}

/// The task is being polled for as long as this lives.
pub(crate) struct Inside(());

pub(crate) fn enter(task: &Arc<Task>) -> Inside {
    INSIDE.with(|inside| inside.borrow_mut().push(Arc::clone(task)));
    Inside(())
}

impl Drop for Inside {
    fn drop(&mut self) {
        // Bound, so that it is dropped when the borrow has ended.
        let _task = INSIDE.with(|inside| inside.borrow_mut().pop());
    }
}

/// The task that is being polled.
pub(crate) fn current() -> Option<Arc<Task>> {
    let current = INSIDE.try_with(|inside| inside.borrow().last().cloned());
    current.ok().flatten()
}

/// Its waker.
pub(crate) fn current_waker() -> Option<Waker> {
    current().map(Waker::from)
}

pub(crate) fn is_inside(task: &Arc<Task>) -> bool {
    let inside = INSIDE.try_with(|inside| {
        let inside = inside.borrow();
        inside.iter().any(|other| Arc::ptr_eq(other, task))
    });
    inside.unwrap_or(false)
}

pub(crate) fn is_inside_any() -> bool {
    current().is_some()
}

/// Uses a thread-local that is gone when the thread ends.
pub(crate) fn touch() {
    INSIDE.with(|inside| drop(inside.borrow()));
}

thread_local! {
    static ENTERED: Cell<usize> = const { Cell::new(0) };
}

/// This thread is in `block_on` for as long as this lives.
pub(crate) struct Entered(Arc<Core>);

pub(crate) fn enter_executor(core: &Arc<Core>) -> Entered {
    let depth = ENTERED.get();
    assert!(
        depth == 0 || !broken(Fault::RootPanicPoisons),
        "this thread is in `block_on` already"
    );
    let on_pool = std::thread::current().name() == Some("reference-pool");
    assert!(
        !(broken(Fault::BlockOnPanicsOnPool) && on_pool),
        "this thread may not wait"
    );
    ENTERED.set(depth + 1);
    if broken(Fault::NestedEmptiesQueue) && depth > 0 {
        let ready = std::mem::take(&mut lock(&core.state).ready);
        drop(ready);
    }
    Entered(Arc::clone(core))
}

/// Whether this thread is in `block_on`.
pub(crate) fn is_entered() -> bool {
    ENTERED.get() > 0
}

impl Entered {
    /// Whether this is not a call inside of another.
    pub(crate) fn is_outermost(&self) -> bool {
        ENTERED.get() == 1
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if broken(Fault::RootPanicPoisons) && std::thread::panicking() {
            return;
        }
        if broken(Fault::RootPanicForgetsTasks) && std::thread::panicking() {
            std::mem::forget(std::mem::take(&mut lock(&self.0.state).live));
        }
        ENTERED.set(ENTERED.get() - 1);
    }
}

thread_local! {
    static DROPPING: Cell<bool> = const { Cell::new(false) };
}

/// Runs a drop of the user's, and borrows the executor meanwhile if it is broken so.
pub(crate) fn dropping(user_code: impl FnOnce()) {
    if broken(Fault::DropsUnderLock) {
        let core = current().and_then(|task| task.core.upgrade());
        let _state = core.as_ref().map(|core| lock(&core.state));
        return user_code();
    }
    if !broken(Fault::DropsInBorrow) {
        return user_code();
    }
    let before = DROPPING.replace(true);
    user_code();
    DROPPING.set(before);
}

/// Panics if the executor is borrowed.
pub(crate) fn assert_free() {
    assert!(!DROPPING.get(), "the executor is already borrowed");
}

//! Which task runs on this thread.
//!
//! A task is current for as long as its future is polled or dropped, and no longer: once the
//! future has ended the task's allocation may go at any moment.

#![allow(
    unsafe_code,
    reason = "scoped pointers in a thread-local, and a header kept alive by its waker"
)]

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::task::Waker;

use super::error::CancelReason;
use super::{TaskHeader, TaskId};

struct Current {
    /// The task that `run_scope` is about to run; taken by `next_scope`.
    next: Cell<*const TaskHeader>,
    /// The poll that is under way.
    poll: Cell<*const Scope>,
    /// The task whose end is being announced; 0 for none.
    ending: Cell<u64>,
    /// Whether the task of `run_scope` has ended.
    ended: Cell<bool>,
}

/// A poll of a task, or of the root, on the stack of the function that polls.
struct Scope {
    /// Null for the root, as is its waker.
    header: *const TaskHeader,
    waker: *const Waker,
}

// Without a destructor, so that wakers work in the destructors of other thread-locals too.
thread_local! {
    static CURRENT: Current = const {
        Current {
            next: Cell::new(ptr::null()),
            poll: Cell::new(ptr::null()),
            ending: Cell::new(0),
            ended: Cell::new(false),
        }
    };
}

/// Puts the outer poll back when dropped, also while unwinding.
struct Leave<'a>(&'a Current, *const Scope);

impl<'a> Leave<'a> {
    fn enter(current: &'a Current, poll: &Scope) -> Self {
        Self(current, current.poll.replace(poll))
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.poll.set(self.1);
    }
}

/// Makes the task of `header`, whose waker is `waker`, current while `f` runs.
#[inline]
pub(super) fn scope<T>(header: &TaskHeader, waker: &Waker, f: impl FnOnce() -> T) -> T {
    CURRENT.with(|current| {
        let scope = Scope { header, waker };
        let _leave = Leave::enter(current, &scope);
        f()
    })
}

/// Makes no task current while `poll` runs, which polls the root.
pub(crate) fn root_scope<T>(poll: impl FnOnce() -> T) -> T {
    CURRENT.with(|current| {
        let scope = Scope {
            header: ptr::null(),
            waker: ptr::null(),
        };
        let _leave = Leave::enter(current, &scope);
        poll()
    })
}

/// Calls `run`, which runs the task of `header` by way of code that does not pass it on to
/// [`next_scope`]; says whether the task has ended, and what `run` said.
#[inline]
pub(super) fn run_scope<T>(header: *const TaskHeader, run: impl FnOnce() -> T) -> (bool, T) {
    CURRENT.with(|current| {
        current.next.set(header);
        // Put back rather than reset: one task's end may run another, on a blocking pool that is
        // closed.
        let outer = current.ended.replace(false);
        let said = run();
        (current.ended.replace(outer), said)
    })
}

/// Notes that the task of [`run_scope`] has ended.
#[inline]
pub(super) fn note_end() {
    CURRENT.with(|current| current.ended.set(true));
}

/// Makes the task that [`run_scope`] named current while `f` runs.
pub(super) fn next_scope<T>(waker: &Waker, f: impl FnOnce(&TaskHeader) -> T) -> T {
    let header = CURRENT.with(|current| current.next.replace(ptr::null()));
    assert!(!header.is_null(), "a task is polled by `run_scope` alone");
    // SAFETY: `run_scope` set the pointer from the token that it runs, which holds a reference to
    // the allocation until the poll has returned; `next` is taken only once.
    let header = unsafe { &*header };
    scope(header, waker, || f(header))
}

/// Lets the task of that name be the one on whose behalf code runs while `f` tells of its end.
#[inline]
pub(super) fn announce<T>(task: TaskId, f: impl FnOnce() -> T) -> T {
    CURRENT.with(|current| {
        // Put back rather than reset: one task's end may bring about another's.
        let outer = current.ending.replace(task.get());
        let told = f();
        current.ending.set(outer);
        told
    })
}

/// The task on whose behalf code runs on this thread, also while its end is announced.
pub(crate) fn actor() -> Option<TaskId> {
    with_header(|header| match header {
        Some(header) => Some(header.id()),
        None => {
            let id = CURRENT.with(|current| current.ending.get());
            (id != 0).then(|| TaskId::new(id))
        }
    })
}

/// Gives `f` the header of the running task.
#[inline]
pub(crate) fn with_header<R>(f: impl FnOnce(Option<&TaskHeader>) -> R) -> R {
    // SAFETY: the header of an open scope is null or that of a task which is being polled, whose
    // token keeps the allocation alive.
    with_scope(|scope| f(scope.and_then(|scope| unsafe { scope.header.as_ref() })))
}

/// Whether `waker` is that of the task which is being polled on this thread.
pub(crate) fn is_woken_by(waker: &Waker) -> bool {
    with_scope(|scope| {
        // SAFETY: the waker of an open scope is null or that of a task which is being polled.
        let own = scope.and_then(|scope| unsafe { scope.waker.as_ref() });
        own.is_some_and(|own| own.will_wake(waker))
    })
}

/// Gives `f` the poll that is under way.
#[inline]
fn with_scope<R>(f: impl FnOnce(Option<&Scope>) -> R) -> R {
    // SAFETY: a pointer that is not null was set by a scope that is still open, further down this
    // thread's stack.
    CURRENT.with(|current| f(unsafe { current.poll.get().as_ref() }))
}

/// The task that is being polled on this thread.
///
/// `None` outside of tasks, in the future that `block_on` was given as well.
///
/// ```
/// use executor_core::{Fifo, Runtime, task};
///
/// let runtime = Runtime::without_io(Fifo::new());
/// runtime.block_on(async {
///     assert!(task::current().is_none());
///     let handle = executor_core::spawn(async { task::current().unwrap().id() });
///     let id = handle.id();
///     assert_eq!(handle.await.unwrap(), id);
/// });
/// ```
pub fn current() -> Option<TaskRef> {
    with_scope(|scope| {
        let scope = scope?;
        let header = NonNull::new(scope.header.cast_mut())?;
        // SAFETY: the scope is that of a task, whose waker outlives it.
        let waker = unsafe { &*scope.waker };
        Some(TaskRef::new(waker.clone(), header))
    })
}

/// A counted reference to a task: its header, and the way to abort it.
///
/// It keeps the task's memory, not the task: when the task has ended, the header stays readable
/// and aborting does nothing.
#[derive(Clone)]
pub struct TaskRef {
    /// The task's own waker, which holds a reference to the allocation.
    waker: Waker,
    header: NonNull<TaskHeader>,
}

// SAFETY: the header is `Sync`, is only lent, and the waker is `Send + Sync`.
unsafe impl Send for TaskRef {}
// SAFETY: as above.
unsafe impl Sync for TaskRef {}

impl TaskRef {
    /// `waker` must be the own waker of the task that `header` belongs to.
    pub(super) fn new(waker: Waker, header: NonNull<TaskHeader>) -> Self {
        Self { waker, header }
    }

    /// Asks that the task be cancelled, as [`JoinHandle::abort`](super::JoinHandle::abort) does.
    pub fn abort(&self) {
        self.header().abort(CancelReason::Aborted);
        self.waker.wake_by_ref();
    }

    fn header(&self) -> &TaskHeader {
        // SAFETY: `waker` is the task's own and holds a reference to the allocation in which the
        // header lies; the header is never borrowed exclusively.
        unsafe { self.header.as_ref() }
    }
}

impl Deref for TaskRef {
    type Target = TaskHeader;

    fn deref(&self) -> &TaskHeader {
        self.header()
    }
}

impl fmt::Debug for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TaskRef").field(self.header()).finish()
    }
}

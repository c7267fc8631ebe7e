//! Which task runs on this thread.
//!
//! `Ready::run` names the task that it is about to run; the wrapper round the future makes it
//! current for as long as the future is polled or dropped, and no longer: once the future has
//! returned `Ready` the task's allocation may go at any moment.

#![allow(
    unsafe_code,
    reason = "scoped pointers in a thread-local, and a header kept alive by its waker"
)]

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::task::{Poll, Waker};

use super::error::CancelReason;
use super::{TaskHeader, TaskId};

struct Current {
    /// The task that `Ready::run` is about to poll; taken by `poll_scope`.
    next: Cell<*const TaskHeader>,
    /// The task whose future is being polled or dropped.
    header: Cell<*const TaskHeader>,
    /// The waker of that poll, or of the root's.
    waker: Cell<*const Waker>,
    /// Whether the latest run ended its task.
    finished: Cell<bool>,
    /// The task on whose behalf code runs, also while its end is announced; 0 for none.
    actor: Cell<u64>,
}

// Without a destructor, so that wakers work in the destructors of other thread-locals too.
thread_local! {
    static CURRENT: Current = const {
        Current {
            next: Cell::new(ptr::null()),
            header: Cell::new(ptr::null()),
            waker: Cell::new(ptr::null()),
            finished: Cell::new(false),
            actor: Cell::new(0),
        }
    };
}

/// Sets a cell, and puts the old value back when dropped, also while unwinding.
struct Restore<'a, T: Copy>(&'a Cell<T>, T);

impl<'a, T: Copy> Restore<'a, T> {
    fn set(cell: &'a Cell<T>, value: T) -> Self {
        Self(cell, cell.replace(value))
    }
}

impl<T: Copy> Drop for Restore<'_, T> {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

/// Calls `run`, which polls the task of `header` through [`poll_scope`]; says whether it ended.
pub(super) fn run_scope(header: *const TaskHeader, id: TaskId, run: impl FnOnce()) -> bool {
    CURRENT.with(|current| {
        let _next = Restore::set(&current.next, header);
        let _actor = Restore::set(&current.actor, id.get());
        current.finished.set(false);
        run();
        current.finished.replace(false)
    })
}

/// Makes the task that [`run_scope`] named current while `poll` runs.
#[inline]
pub(super) fn poll_scope<T>(waker: &Waker, poll: impl FnOnce(&TaskHeader) -> Poll<T>) -> Poll<T> {
    CURRENT.with(|current| {
        let header = current.next.replace(ptr::null());
        assert!(!header.is_null(), "a task is polled by `Ready::run` alone");
        let _header = Restore::set(&current.header, header);
        let _waker = Restore::set(&current.waker, ptr::from_ref(waker));
        // SAFETY: `run_scope` set the pointer from the token that it runs, which holds a
        // reference to the allocation until the poll has returned; `next` is taken only once.
        let polled = poll(unsafe { &*header });
        current.finished.set(polled.is_ready());
        polled
    })
}

/// Makes `waker` the trusted one while the root future is polled by `poll`.
pub(crate) fn root_poll<T>(waker: &Waker, poll: impl FnOnce() -> T) -> T {
    CURRENT.with(|current| {
        let _header = Restore::set(&current.header, ptr::null());
        let _actor = Restore::set(&current.actor, 0);
        let _waker = Restore::set(&current.waker, ptr::from_ref(waker));
        poll()
    })
}

/// Whether `waker` is that of the task or root that is being polled: one of ours, which does not
/// panic when it is called.
pub(crate) fn contains_waker(waker: &Waker) -> bool {
    CURRENT.with(|current| {
        let own = current.waker.get();
        // SAFETY: a pointer that is not null was set by a scope that is still open, from a
        // reference that outlives the scope.
        !own.is_null() && unsafe { &*own }.will_wake(waker)
    })
}

/// The task on whose behalf code runs on this thread, also while its end is announced.
pub(crate) fn actor() -> Option<TaskId> {
    let id = CURRENT.with(|current| current.actor.get());
    (id != 0).then(|| TaskId::new(id))
}

/// Gives `f` the header of the running task.
pub(crate) fn with_header<R>(f: impl FnOnce(Option<&TaskHeader>) -> R) -> R {
    CURRENT.with(|current| {
        let header = current.header.get();
        // SAFETY: a pointer that is not null was set by a `poll_scope` that is still open, and
        // for as long as it is open the running token keeps the allocation alive.
        f(unsafe { header.as_ref() })
    })
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
    CURRENT.with(|current| {
        let header = NonNull::new(current.header.get().cast_mut())?;
        // SAFETY: `waker` is set together with `header`, in the same open scope.
        let waker = unsafe { &*current.waker.get() };
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

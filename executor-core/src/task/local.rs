//! Values that belong to a task, as thread-locals belong to a thread.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::LocalKey;

use pin_project_lite::pin_project;

/// Declares values that belong to a task: [`TaskLocal`]s.
///
/// ```
/// use executor_core::task_local;
///
/// task_local! {
///     /// Which request is being served.
///     static REQUEST: u32;
/// }
///
/// # let runtime = executor_core::Runtime::without_io(executor_core::Fifo::new());
/// # runtime.block_on(async {
/// let answer = REQUEST.scope(7, async { REQUEST.with(|id| *id) }).await;
/// assert_eq!(answer, Ok(7));
/// assert!(REQUEST.get().is_err(), "outside of the scope there is no value");
/// # });
/// ```
#[macro_export]
macro_rules! task_local {
    ($($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty);+ $(;)?) => {$(
        $(#[$attribute])*
        $visibility static $name: $crate::task::TaskLocal<$type> = {
            ::std::thread_local! {
                static VALUE: ::std::cell::RefCell<::std::option::Option<$type>> =
                    const { ::std::cell::RefCell::new(::std::option::Option::None) };
            }
            $crate::task::TaskLocal::__new(&VALUE)
        };
    )+};
}

/// A value that belongs to a task; declared by [`task_local!`](crate::task_local).
///
/// The value is there while the future given to [`scope`](TaskLocal::scope) is polled or
/// dropped. Spawned tasks do not inherit it.
#[derive(Debug)]
pub struct TaskLocal<T: 'static> {
    value: &'static LocalKey<RefCell<Option<T>>>,
}

impl<T: 'static> TaskLocal<T> {
    #[doc(hidden)]
    pub const fn __new(value: &'static LocalKey<RefCell<Option<T>>>) -> Self {
        Self { value }
    }

    /// Runs `future` with the value set to `value`; scopes nest.
    ///
    /// Polling it inside the closure of [`with`](Self::with) of the same task-local panics.
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> Scoped<T, F> {
        Scoped {
            local: self,
            value: Some(value),
            future: Some(future),
        }
    }

    /// Runs the closure with the value set to `value`.
    ///
    /// # Panics
    ///
    /// Inside the closure of [`with`](Self::with) of the same task-local.
    pub fn sync_scope<R>(&'static self, value: T, f: impl FnOnce() -> R) -> R {
        let mut slot = Some(value);
        let _swapped = Swapped::enter(self, &mut slot);
        f()
    }

    /// Gives the closure the value.
    ///
    /// # Errors
    ///
    /// [`AccessError`] outside of every [`scope`](TaskLocal::scope).
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        self.value
            .try_with(|value| value.try_borrow().ok()?.as_ref().map(f))
            .ok()
            .flatten()
            .ok_or(AccessError(()))
    }

    /// A copy of the value.
    ///
    /// # Errors
    ///
    /// [`AccessError`] outside of every [`scope`](TaskLocal::scope).
    pub fn get(&'static self) -> Result<T, AccessError>
    where
        T: Clone,
    {
        self.with(T::clone)
    }
}

/// A task-local was asked for outside of every scope that sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessError(());

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "this task-local has no value here: read it inside the future given to \
             `TaskLocal::scope`; spawned tasks do not inherit it",
        )
    }
}

impl Error for AccessError {}

/// Exchanges the thread's value and a scope's; back again when dropped, also while unwinding.
struct Swapped<'a, T: 'static> {
    local: &'static TaskLocal<T>,
    slot: &'a mut Option<T>,
}

impl<'a, T> Swapped<'a, T> {
    /// As `new`, where going on without the exchange would show the wrong value.
    fn enter(local: &'static TaskLocal<T>, slot: &'a mut Option<T>) -> Self {
        let in_use = local
            .value
            .try_with(|value| value.try_borrow_mut().is_err());
        assert!(
            in_use != Ok(true),
            "a scope of a task-local was entered inside `TaskLocal::with` of the same one: use \
             `TaskLocal::get`, and enter the scope after it"
        );
        Self::new(local, slot)
    }

    fn new(local: &'static TaskLocal<T>, slot: &'a mut Option<T>) -> Self {
        let mut swapped = Self { local, slot };
        swapped.swap();
        swapped
    }

    fn swap(&mut self) {
        // It fails where the thread is ending, and an ending thread polls nothing, or where a future
        // is dropped inside of `with`, and is then dropped without its value.
        let _ = self.local.value.try_with(|value| {
            if let Ok(mut value) = value.try_borrow_mut() {
                std::mem::swap(&mut *value, self.slot);
            }
        });
    }
}

impl<T> Drop for Swapped<'_, T> {
    fn drop(&mut self) {
        self.swap();
    }
}

pin_project! {
    /// A future that is polled with a task-local set; made by [`TaskLocal::scope`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct Scoped<T: 'static, F> {
        local: &'static TaskLocal<T>,
        value: Option<T>,
        #[pin]
        future: Option<F>,
    }

    impl<T: 'static, F> PinnedDrop for Scoped<T, F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _swapped = Swapped::new(*this.local, this.value);
            this.future.set(None);
        }
    }
}

impl<T, F: Future> Future for Scoped<T, F> {
    type Output = F::Output;

    /// # Panics
    ///
    /// If it is polled again after it returned `Ready`, or inside [`TaskLocal::with`].
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let _swapped = Swapped::enter(*this.local, this.value);
        let future = this.future.as_mut().as_pin_mut();
        let polled = future.expect("polled after completion").poll(cx);
        if polled.is_ready() {
            this.future.set(None);
        }
        polled
    }
}

impl<T, F> fmt::Debug for Scoped<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped").finish_non_exhaustive()
    }
}

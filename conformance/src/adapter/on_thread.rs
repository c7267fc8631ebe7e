//! A handle to a value that must stay on its thread.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::rc::{Rc, Weak};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

thread_local! {
    static VALUES: RefCell<HashMap<u64, Weak<dyn Any>>> = RefCell::new(HashMap::new());
}

/// A `Send` handle to an `Rc` of one thread, for executors whose spawner is not `Send`.
///
/// It does not keep the value alive. Only the thread that made it can use it, which is enough for
/// an adapter that does not declare `remote`.
///
/// ```
/// use std::rc::Rc;
/// use executor_conformance::adapter::OnThread;
///
/// let value = Rc::new(5);
/// let handle = OnThread::new(&value);
/// assert_eq!(*handle.get(), 5);
/// ```
pub struct OnThread<T> {
    key: u64,
    // `fn` makes the handle `Send + Sync` whatever `T` is; it holds no `T`.
    value: PhantomData<fn() -> T>,
}

impl<T: 'static> OnThread<T> {
    /// A handle to `value`.
    pub fn new(value: &Rc<T>) -> Self {
        static KEYS: AtomicU64 = AtomicU64::new(0);
        // Relaxed: the number is all that matters.
        let key = KEYS.fetch_add(1, Relaxed);
        let weak: Weak<T> = Rc::downgrade(value);
        VALUES.with(|values| {
            let mut values = values.borrow_mut();
            // A weak reference keeps the value's memory: executors come and go on one thread.
            values.retain(|_, value| value.strong_count() > 0);
            values.insert(key, weak);
        });
        Self {
            key,
            value: PhantomData,
        }
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// On another thread than the one that made the handle, and when the value is gone.
    pub fn get(&self) -> Rc<T> {
        self.try_get()
            .expect("the value is on another thread, or has been dropped")
    }

    /// The value, if this is its thread and it is still there.
    pub fn try_get(&self) -> Option<Rc<T>> {
        let weak = VALUES.with(|values| values.borrow().get(&self.key).cloned());
        weak?.upgrade()?.downcast().ok()
    }
}

impl<T> Clone for OnThread<T> {
    fn clone(&self) -> Self {
        Self {
            key: self.key,
            value: PhantomData,
        }
    }
}

impl<T> fmt::Debug for OnThread<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnThread").field(&self.key).finish()
    }
}

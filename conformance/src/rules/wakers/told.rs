//! What only a macro can find out about an executor, as a type.

use std::future::Future;

use crate::JoinHandle;
use crate::adapter::{Executor, Spawn};

/// An executor and the answer to a question about it, which the macro of a group puts.
///
/// A rule that a bare executor can keep, and that says more about one with tasks, is given
/// `Told<E, true>` where the adapter declares `spawn`.
#[derive(Debug)]
pub struct Told<E, const YES: bool>(E);

impl<E: Executor, const YES: bool> Executor for Told<E, YES> {
    const NAME: &'static str = E::NAME;
    type Handle = E::Handle;

    fn new() -> Self {
        Self(E::new())
    }

    fn handle(&self) -> E::Handle {
        self.0.handle()
    }

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        self.0.block_on(root)
    }
}

/// An executor that may have tasks.
pub trait TrySpawn {
    /// The executor.
    type Inner: Executor;
    /// Whether it has tasks.
    const TASKS: bool;

    /// Starts a task, if the executor has tasks.
    fn try_spawn<F>(
        handle: &<Self::Inner as Executor>::Handle,
        future: F,
    ) -> Option<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;
}

impl<E: Spawn> TrySpawn for Told<E, true> {
    type Inner = E;
    const TASKS: bool = true;

    fn try_spawn<F>(handle: &E::Handle, future: F) -> Option<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Some(E::spawn(handle, future))
    }
}

impl<E: Executor> TrySpawn for Told<E, false> {
    type Inner = E;
    const TASKS: bool = false;

    fn try_spawn<F>(_: &E::Handle, _: F) -> Option<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        None
    }
}

/// The handle of the executor that is meant.
pub(crate) type HandleOf<T> = <<T as TrySpawn>::Inner as Executor>::Handle;

/// The executor's type, told whether `spawn` is among the capabilities.
#[doc(hidden)]
#[macro_export]
macro_rules! __told_spawn {
    ($executor:ty, [$($have:ident)*]) => {
        $crate::rules::wakers::Told<$executor, { $crate::__has_spawn!($($have)*) }>
    };
}

/// Whether `spawn` is among these.
#[doc(hidden)]
#[macro_export]
macro_rules! __has_spawn {
    () => { false };
    (spawn $($more:ident)*) => { true };
    ($other:ident $($more:ident)*) => { $crate::__has_spawn!($($more)*) };
}

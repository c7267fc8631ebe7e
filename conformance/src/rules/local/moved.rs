//! Moving an executor to another thread: N4.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use super::home::{Home, LocalParked, park_local};
use crate::Case;
use crate::adapter::{Executor, SpawnLocal};
use crate::devices::yield_once;
use crate::rules::wakers::Told;

/// Tells by [`IS_SEND`](Self::IS_SEND) whether `T` is `Send`, where `T` is known.
#[derive(Debug)]
pub struct SendProbe<T>(PhantomData<T>);

impl<T: Send> SendProbe<T> {
    /// It is; for other types the name is that of [`AnySend`].
    pub const IS_SEND: bool = true;
}

/// What [`SendProbe`] says of types that are not `Send`.
pub trait AnySend {
    /// It is not.
    const IS_SEND: bool = false;
}

impl<T> AnySend for SendProbe<T> {}

/// Moves an executor to another thread if it can.
pub trait TryMove {
    /// The executor.
    type Inner: SpawnLocal;

    /// Calls `there` on another thread and waits for it; or says no, and drops the executor here.
    fn try_move(inner: Self::Inner, there: fn(Self::Inner)) -> bool;
}

impl<E: SpawnLocal + Send> TryMove for Told<E, true> {
    type Inner = E;

    fn try_move(inner: E, there: fn(E)) -> bool {
        // A panic is how an executor may refuse.
        let _ = thread::spawn(move || there(inner)).join();
        true
    }
}

impl<E: SpawnLocal> TryMove for Told<E, false> {
    type Inner = E;

    fn try_move(_: E, _: fn(E)) -> bool {
        false
    }
}

/// N4: local tasks are not moved to another thread with their executor.
pub fn n04_must_not_move_across_threads<M: TryMove>(case: &Case) {
    let there: [fn(M::Inner); 2] = [drop, enter];
    for there in there {
        let home = Home::here();
        let mut executor = M::Inner::new();
        let handle = executor.handle();
        let tasks: [LocalParked; 2] = case.watch("a local task was never polled", || {
            executor.block_on(async {
                let first = park_local::<M::Inner>(&handle, &home).await;
                [first, park_local::<M::Inner>(&handle, &home).await]
            })
        });
        tasks[0].gate.open();
        let moved = case.watch(
            "moving an executor with local tasks to another thread hangs",
            || M::try_move(executor, there),
        );
        if !moved {
            case.note("the executor is not `Send`: the compiler keeps the rule");
            return;
        }
        home.judge("the executor, which is `Send`, was moved there");
    }
}

/// Polls what is to be polled, and drops the rest.
fn enter<E: Executor>(mut executor: E) {
    let entered = catch_unwind(AssertUnwindSafe(|| {
        executor.block_on(async {
            for _ in 0..10 {
                yield_once().await;
            }
        });
    }));
    drop(executor);
    drop(entered);
}

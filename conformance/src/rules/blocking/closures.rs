//! K1, K2: what closures may do.

use std::future::Future;
use std::pin::Pin;

use super::pool;
use crate::Case;
use crate::adapter::{Blocking, JoinError, JoinHandle, Remote};
use crate::devices::Stage;

/// K1: a closure's panic reaches whoever awaits it, and the pool goes on.
pub fn k01_must_a_panic_reaches_the_awaiter<E: Blocking>(case: &Case) {
    const CLOSURES: usize = 20;
    let (mut executor, _) = pool::<E>(2);
    let handle = executor.get().handle();
    let stage = Stage::new(case);
    executor.get().block_on(stage.watch(async {
        for number in 0..CLOSURES {
            stage.at(format_args!(
                "closure {number} has panicked, and its handle is mute"
            ));
            let panicking = E::spawn_blocking(&handle, move || -> usize {
                panic!("closure {number} panics on purpose")
            });
            match panicking.await {
                Err(error @ JoinError::Panicked(Some(_))) => {
                    let message = format!("closure {number} panics on purpose");
                    assert_eq!(error.message(), Some(&*message), "the panic's message");
                }
                Err(JoinError::Panicked(None)) => {}
                other => panic!("a closure that panicked gave {other:?}"),
            }
        }
        for number in 0..CLOSURES {
            stage.at(format_args!(
                "{CLOSURES} closures have panicked, and none runs since"
            ));
            let running = E::spawn_blocking(&handle, move || number);
            assert_eq!(running.await.expect("no panic"), number);
        }
    }));
}

/// K2: a closure can start closures and tasks.
pub fn k02_must_closures_start_closures<E: Blocking + Remote>(case: &Case) {
    const DEPTH: usize = 10;
    let (mut executor, _) = pool::<E>(DEPTH);
    let handle = executor.get().handle();
    let stage = Stage::new(case);
    executor.get().block_on(stage.watch(async {
        stage.at("closures start each other, and one of them or its task does not run");
        let result = nest::<E>(&handle, DEPTH).await;
        let depth = result.expect("a closure can start a closure and a task");
        assert_eq!(depth, DEPTH, "closures have run");
    }));
}

type Nested = Pin<Box<dyn Future<Output = Result<usize, JoinError>> + Send>>;

/// Runs `depth` closures, each started by the one before it; gives how many there were.
fn nest<E: Blocking + Remote>(handle: &E::Handle, depth: usize) -> Nested {
    let (inner, task) = (handle.clone(), handle.clone());
    let started: JoinHandle<(Option<Nested>, JoinHandle<usize>)> =
        E::spawn_blocking(handle, move || {
            let next = (depth > 1).then(|| nest::<E>(&inner, depth - 1));
            (next, E::spawn(&task, async { 1 }))
        });
    Box::pin(async move {
        let (next, task) = started.await?;
        let deeper = match next {
            Some(next) => next.await?,
            None => 0,
        };
        Ok(deeper + task.await?)
    })
}

//! Where `wake` is called: W12.

use std::future::Future;
use std::panic::{catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::mpsc::{self, Sender};
use std::task::{Context, Poll, Waker};
use std::thread;

use super::kit::{Parked, Slot, at_exit, park, park_one};
use crate::adapter::Spawn;
use crate::devices::Opener;
use crate::{Case, JoinHandle};

/// W12: `wake` works in destructors, while unwinding, and in those of thread-locals.
pub fn w12_must_wake_is_legal_in_any_drop<E: Spawn>(case: &Case) {
    let mut executor = E::new();
    let handle = executor.handle();
    case.watch(
        "a task was woken in a destructor or while unwinding, and was not polled",
        || {
            executor.block_on(async {
                for wake in [wake_in_drop::<E>, wake_while_unwinding::<E>] {
                    let peer = park_one::<E>(&handle).await;
                    let waking = wake(&handle, peer.gate);
                    peer.handle.await.expect("the woken task ends");
                    waking.await.expect("the waking task ends");
                }
            });
        },
    );
    let (panics, panicked) = mpsc::channel();
    case.watch(
        "a task was woken in the destructor of another thread's thread-local, and was not polled",
        || {
            executor.block_on(async {
                let peers = park::<E>(&handle, 3).await;
                let (gates, tasks): (Vec<_>, Vec<_>) = peers
                    .into_iter()
                    .map(|parked| (parked.gate, parked.handle))
                    .unzip();
                let threads = wake_at_exit::<E>(&gates, &panics);
                for thread in threads {
                    thread.join().expect("the thread ends");
                }
                if let Ok(said) = panicked.try_recv() {
                    panic!("`wake` panicked in the destructor of a thread-local: {said}");
                }
                for task in tasks {
                    task.await.expect("the woken task ends");
                }
            });
        },
    );
}

/// Opens its gate when it is dropped.
struct OpenInDrop(Opener);

impl Drop for OpenInDrop {
    fn drop(&mut self) {
        self.0.open();
    }
}

impl Future for OpenInDrop {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

/// A task's future wakes a peer when the executor drops it.
fn wake_in_drop<E: Spawn>(handle: &E::Handle, gate: Opener) -> JoinHandle<()> {
    E::spawn(handle, OpenInDrop(gate))
}

/// A task wakes a peer while its thread unwinds; it catches that itself.
fn wake_while_unwinding<E: Spawn>(handle: &E::Handle, gate: Opener) -> JoinHandle<()> {
    E::spawn(handle, async move {
        let unwound = catch_unwind(move || {
            let _open = OpenInDrop(gate);
            resume_unwind(Box::new(()));
        });
        assert!(unwound.is_err(), "it unwinds");
    })
}

/// Threads that open the gates when they end: one that did nothing else, and one that had an
/// executor of its own, whose tasks are woken as well.
fn wake_at_exit<E: Spawn>(
    gates: &[Opener],
    panics: &Sender<String>,
) -> [thread::JoinHandle<()>; 2] {
    let [plain, first, second] = [0, 1, 2].map(|index| OpenInDrop(gates[index].clone()));
    let (of_plain, of_other) = (panics.clone(), panics.clone());
    [
        thread::spawn(move || at_exit(Slot::First, &of_plain, move || drop(plain))),
        thread::spawn(move || {
            let panics = of_other;
            // What is used first is destroyed last: after the executor's own thread-locals.
            at_exit(Slot::First, &panics, || ());
            let wakers = wakers_of_a_dead_executor::<E>();
            let again = wakers.clone();
            let wake_all = |wakers: Vec<Waker>| wakers.into_iter().for_each(Waker::wake);
            at_exit(Slot::First, &panics, move || {
                drop(first);
                wake_all(wakers);
            });
            at_exit(Slot::Second, &panics, move || {
                drop(second);
                wake_all(again);
            });
        }),
    ]
}

fn wakers_of_a_dead_executor<E: Spawn>() -> Vec<Waker> {
    let mut executor = E::new();
    let handle = executor.handle();
    let parked = executor.block_on(park::<E>(&handle, 2));
    parked.iter().map(Parked::take_waker).collect()
}

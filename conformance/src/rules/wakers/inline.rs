//! That `wake` runs nothing itself: W11.

use std::future::poll_fn;
use std::task::Poll;
use std::thread;

use super::kit::{Bell, Inline, joined, park_future, wake_a_clone, waking};
use crate::adapter::{OnHandleDrop, Spawn};
use crate::devices::Opener;
use crate::{Case, JoinHandle};

/// W11: `wake` neither polls nor drops a future before it returns.
pub fn w11_must_wake_runs_nothing_inline<E: Spawn>(case: &Case) {
    let inline = Inline::default();
    let mut executor = E::new();
    let handle = executor.handle();
    let left = case.watch("a task was woken, and was not polled", || {
        executor.block_on(async {
            woken_by_root::<E>(&handle, &inline).await;
            woken_by_a_peer::<E>(&handle, &inline).await;
            woken_by_itself::<E>(&handle, &inline).await;
            woken_by_a_thread::<E>(&handle, &inline).await;
            cancelled_and_woken::<E>(&handle, &inline).await;
            wake_each_other_when_dropped::<E>(&handle, &inline).await
        })
    });
    case.event("dropping the executor; tasks wake each other in their drops");
    drop(executor);
    for gate in &left.gates {
        waking(|| gate.open());
    }
    if let Some(found) = inline.found() {
        panic!("before a call of `wake` had returned, on the thread that called it: {found}");
    }
}

/// A task that waits at a gate, under the eyes of `inline`.
async fn watched<E: Spawn>(
    handle: &E::Handle,
    inline: &Inline,
    what: &str,
) -> (JoinHandle<()>, Opener) {
    let waits = Bell::default();
    let (parking, gate) = park_future(&waits);
    let task = E::spawn(handle, inline.future(what, parking));
    waits.heard(1).await;
    (task, gate)
}

async fn woken_by_root<E: Spawn>(handle: &E::Handle, inline: &Inline) {
    let (task, gate) = watched::<E>(handle, inline, "a task woken by the root").await;
    waking(|| gate.open());
    task.await.expect("the task ends");
}

async fn woken_by_a_peer<E: Spawn>(handle: &E::Handle, inline: &Inline) {
    let (task, gate) = watched::<E>(handle, inline, "a task woken by a peer").await;
    let peer = E::spawn(handle, async move { waking(|| gate.open()) });
    assert!(peer.await.expect("the peer ends"), "the task waited");
    task.await.expect("the task ends");
}

async fn woken_by_itself<E: Spawn>(handle: &E::Handle, inline: &Inline) {
    let mut polled = false;
    let future = poll_fn(move |cx| {
        if polled {
            return Poll::Ready(());
        }
        polled = true;
        waking(|| cx.waker().wake_by_ref());
        waking(|| wake_a_clone(cx.waker()));
        Poll::Pending
    });
    let task = E::spawn(handle, inline.future("a task that woke itself", future));
    task.await.expect("the task ends");
}

async fn woken_by_a_thread<E: Spawn>(handle: &E::Handle, inline: &Inline) {
    let (task, gate) = watched::<E>(handle, inline, "a task woken by another thread").await;
    let thread = thread::spawn(move || waking(|| gate.open()));
    task.await.expect("the task ends");
    joined(thread);
}

/// Where dropping a handle cancels, the wake that follows must leave the drop to the executor.
async fn cancelled_and_woken<E: Spawn>(handle: &E::Handle, inline: &Inline) {
    let (task, gate) = watched::<E>(handle, inline, "a task woken after its cancellation").await;
    let waker = gate.take_waker().expect("the task waits");
    if E::ON_HANDLE_DROP == OnHandleDrop::Cancels {
        drop(task);
        waking(|| waker.wake());
    } else {
        gate.open();
        waking(|| waker.wake());
        task.await.expect("the task ends");
    }
}

/// Tasks that are still there when the executor is dropped.
struct Left {
    gates: Vec<Opener>,
    _handles: Vec<JoinHandle<()>>,
}

/// Tasks each of which wakes the others in its drop.
async fn wake_each_other_when_dropped<E: Spawn>(handle: &E::Handle, inline: &Inline) -> Left {
    let waits = Bell::default();
    let (futures, gates): (Vec<_>, Vec<_>) = (0..4).map(|_| park_future(&waits)).unzip();
    let handles = futures.into_iter().map(|parking| {
        let on_drop = WakeInDrop(gates.clone());
        let future = async move {
            let _on_drop = on_drop;
            parking.await;
        };
        E::spawn(
            handle,
            inline.future("a task woken in a peer's drop", future),
        )
    });
    let handles = handles.collect();
    waits.heard(gates.len()).await;
    Left {
        gates,
        _handles: handles,
    }
}

/// Wakes who waits at the gates, which stay shut, when it is dropped.
struct WakeInDrop(Vec<Opener>);

impl Drop for WakeInDrop {
    fn drop(&mut self) {
        for gate in &self.0 {
            if let Some(waker) = gate.take_waker() {
                waking(|| waker.wake_by_ref());
                waking(|| waker.wake());
            }
        }
    }
}

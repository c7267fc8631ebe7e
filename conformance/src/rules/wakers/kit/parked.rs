//! Tasks that wait for ever, or until the rule lets them go.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::Bell;
use crate::JoinHandle;
use crate::adapter::Spawn;
use crate::devices::{Drops, Gate, Opener, gate, sentinel};

/// A task that waits at a gate.
pub(crate) struct Parked {
    pub(crate) handle: JoinHandle<()>,
    pub(crate) gate: Opener,
    pub(crate) drops: Drops,
}

impl Parked {
    /// The task's waker, which is taken from the gate: opening it wakes nobody any more.
    pub(crate) fn take_waker(&self) -> Waker {
        self.gate.take_waker().expect("the task waits at its gate")
    }
}

/// Spawns `count` tasks, and waits until each of them waits at its gate.
pub(crate) async fn park<E: Spawn>(handle: &E::Handle, count: usize) -> Vec<Parked> {
    let waits = Bell::default();
    let parked = (0..count).map(|_| {
        let (parking, gate) = park_future(&waits);
        let (future, drops) = sentinel(parking);
        Parked {
            handle: E::spawn(handle, future),
            gate,
            drops,
        }
    });
    let parked = parked.collect();
    waits.heard(count).await;
    parked
}

/// Spawns one task, and waits until it waits at its gate.
pub(crate) async fn park_one<E: Spawn>(handle: &E::Handle) -> Parked {
    park::<E>(handle, 1).await.remove(0)
}

/// A future that waits at a gate, and rings `waits` when its waker is there.
pub(crate) fn park_future(waits: &Bell) -> (Parking, Opener) {
    let (gate, opener) = gate();
    let parking = Parking {
        gate,
        waits: Some(waits.clone()),
    };
    (parking, opener)
}

/// Waits at a gate; made by [`park_future`].
pub(crate) struct Parking {
    gate: Gate,
    waits: Option<Bell>,
}

impl Future for Parking {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let poll = Pin::new(&mut self.gate).poll(cx);
        if let Some(waits) = self.waits.take() {
            waits.ring();
        }
        poll
    }
}

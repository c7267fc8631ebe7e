//! Tasks that all wait, each at a gate of its own.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use crate::adapter::{JoinHandle, Spawn};
use crate::devices::{Gate, Opener, gate};
use crate::lock::lock;

/// Starts `count` tasks made by `task`, and waits until each waits at its gate.
///
/// The root is idle meanwhile, so that this ends on an executor that takes the newest task first.
pub(crate) async fn at_gates<E, F, T>(
    handle: &E::Handle,
    count: usize,
    mut task: T,
) -> (Vec<JoinHandle<F::Output>>, Vec<Opener>)
where
    E: Spawn,
    F: Future<Output: Send> + Send + 'static,
    T: FnMut(usize, Waiting) -> F,
{
    let arrivals = Arc::new(Mutex::new(Arrivals {
        missing: count,
        root: None,
    }));
    let (mut tasks, mut openers) = (Vec::new(), Vec::new());
    for number in 0..count {
        let (gate, opener) = gate();
        let waiting = Waiting {
            gate,
            arrivals: Some(Arc::clone(&arrivals)),
        };
        tasks.push(E::spawn(handle, task(number, waiting)));
        openers.push(opener);
    }
    poll_fn(|cx| {
        let mut arrivals = lock(&arrivals);
        if arrivals.missing == 0 {
            return Poll::Ready(());
        }
        arrivals.root = Some(cx.waker().clone());
        Poll::Pending
    })
    .await;
    (tasks, openers)
}

/// Opens gates, one after the other.
pub(crate) fn open_all<'a>(openers: impl IntoIterator<Item = &'a Opener>) {
    for opener in openers {
        opener.open();
    }
}

/// Waits at a gate, and reports that it does.
pub(crate) struct Waiting {
    gate: Gate,
    arrivals: Option<Arc<Mutex<Arrivals>>>,
}

struct Arrivals {
    missing: usize,
    root: Option<Waker>,
}

impl Future for Waiting {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let polled = Pin::new(&mut self.gate).poll(cx);
        // Reported when the gate has the waker, so that opening it is a wake.
        if let Some(arrivals) = self.arrivals.take() {
            if let Some(root) = arrive(&arrivals) {
                root.wake();
            }
        }
        polled
    }
}

/// Counts an arrival; gives who is to be woken if it was the last.
fn arrive(arrivals: &Mutex<Arrivals>) -> Option<Waker> {
    let mut arrivals = lock(arrivals);
    arrivals.missing -= 1;
    if arrivals.missing > 0 {
        return None;
    }
    arrivals.root.take()
}

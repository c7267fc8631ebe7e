//! Many futures in one, each polled only when it was woken itself.

use crate::lock::lock;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

/// Waits for all of `futures`; each has a waker of its own and is polled only when that is called.
///
/// So futures that are not `Send` can stand for tasks: a wake that goes to the wrong one, or to
/// none, is noticed.
pub fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> JoinAll<F> {
    let parent = Arc::new(Mutex::new(None));
    let children = futures.into_iter().map(|future| {
        let signal = Arc::new(Signal {
            woken: AtomicBool::new(true),
            parent: Arc::clone(&parent),
        });
        let waker = Waker::from(Arc::clone(&signal));
        Child {
            running: Some(Box::pin(future)),
            output: None,
            signal,
            waker,
        }
    });
    JoinAll {
        children: children.collect(),
        parent,
    }
}

/// Waits for several futures; made by [`join_all`].
pub struct JoinAll<F: Future> {
    children: Vec<Child<F>>,
    parent: Arc<Mutex<Option<Waker>>>,
}

struct Child<F: Future> {
    running: Option<Pin<Box<F>>>,
    output: Option<F::Output>,
    signal: Arc<Signal>,
    waker: Waker,
}

impl<F: Future> fmt::Debug for JoinAll<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinAll")
            .field("children", &self.children.len())
            .finish_non_exhaustive()
    }
}

impl<F: Future> Unpin for JoinAll<F> {}

#[derive(Debug)]
struct Signal {
    woken: AtomicBool,
    parent: Arc<Mutex<Option<Waker>>>,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, SeqCst);
        let parent = lock(&self.parent);
        let parent = parent.clone();
        if let Some(parent) = parent {
            parent.wake();
        }
    }
}

impl<F: Future> Future for JoinAll<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        *lock(&this.parent) = Some(cx.waker().clone());
        for child in &mut this.children {
            let Some(running) = &mut child.running else {
                continue;
            };
            if !child.signal.woken.swap(false, SeqCst) {
                continue;
            }
            let mut cx = Context::from_waker(&child.waker);
            if let Poll::Ready(output) = running.as_mut().poll(&mut cx) {
                child.output = Some(output);
                child.running = None;
            }
        }
        if this.children.iter().any(|child| child.running.is_some()) {
            return Poll::Pending;
        }
        let outputs = this.children.iter_mut().map(|child| child.output.take());
        Poll::Ready(
            outputs
                .map(|output| output.expect("polled after it was ready"))
                .collect(),
        )
    }
}

//! A future that notices when it is moved.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll};

/// A future that compares its address at each poll and at its drop with that of its first poll.
pub(super) struct Anchored<F, const PADDING: usize> {
    inner: RefCell<Pin<Box<F>>>,
    address: Cell<Option<usize>>,
    moves: Moves,
    _padding: [u8; PADDING],
    _pinned: PhantomPinned,
}

/// How often an [`Anchored`] future found itself elsewhere.
#[derive(Clone, Debug, Default)]
pub(super) struct Moves(Arc<AtomicUsize>);

impl Moves {
    /// Wraps `future`, and adds so many bytes to it.
    pub(super) fn anchor<F: Future, const PADDING: usize>(
        &self,
        future: F,
    ) -> Anchored<F, PADDING> {
        Anchored {
            inner: RefCell::new(Box::pin(future)),
            address: Cell::new(None),
            moves: self.clone(),
            _padding: [0; PADDING],
            _pinned: PhantomPinned,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl<F, const PADDING: usize> Anchored<F, PADDING> {
    fn look(&self, address: Option<usize>) {
        if address.is_some_and(|address| address != ptr::from_ref(self).addr()) {
            self.moves.0.fetch_add(1, SeqCst);
        }
    }
}

impl<F: Future, const PADDING: usize> Future for Anchored<F, PADDING> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.as_ref().get_ref();
        let here = ptr::from_ref(this).addr();
        this.look(this.address.replace(Some(here)));
        this.inner.borrow_mut().as_mut().poll(cx)
    }
}

impl<F, const PADDING: usize> Drop for Anchored<F, PADDING> {
    fn drop(&mut self) {
        self.look(self.address.get());
    }
}

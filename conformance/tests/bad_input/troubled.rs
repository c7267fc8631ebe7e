//! Executors that run a root, and do their worst where they spawn.

use std::future::Future;
use std::marker::PhantomData;
use std::panic::panic_any;
use std::pin::pin;
use std::process;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use executor_conformance::adapter::Spawn;
use executor_conformance::{Executor, JoinError, JoinHandle};

/// What goes wrong, and where.
pub(crate) trait Trouble: 'static {
    fn in_new() {}

    fn in_spawn() {}
}

/// Runs a root by parking; drops what it is given to spawn.
pub(crate) struct Troubled<T>(PhantomData<T>);

impl<T: Trouble> Executor for Troubled<T> {
    const NAME: &'static str = "troubled";
    type Handle = ();

    fn new() -> Self {
        T::in_new();
        Self(PhantomData)
    }

    fn handle(&self) {}

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        park_until_ready(root)
    }
}

impl<T: Trouble> Spawn for Troubled<T> {
    fn spawn<F>(_: &(), future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        T::in_spawn();
        drop(future);
        JoinHandle::new(async { Err(JoinError::Cancelled) })
    }
}

/// Says that it can spawn.
pub(crate) struct Lies;

impl Trouble for Lies {}

/// Aborts the process.
pub(crate) struct Aborts;

impl Trouble for Aborts {
    fn in_spawn() {
        eprintln!("these are my last words");
        process::abort();
    }
}

/// Ends the process as if all were well.
pub(crate) struct Exits;

impl Trouble for Exits {
    fn in_spawn() {
        process::exit(0);
    }
}

/// Waits for ever.
pub(crate) struct Hangs;

impl Trouble for Hangs {
    fn in_spawn() {
        loop {
            thread::park();
        }
    }
}

/// Is busy for ever.
pub(crate) struct Spins;

impl Trouble for Spins {
    fn in_spawn() {
        loop {
            std::hint::spin_loop();
        }
    }
}

/// Starts threads that never end.
pub(crate) struct LeaksThreads;

impl Trouble for LeaksThreads {
    fn in_new() {
        for _ in 0..8 {
            thread::spawn(Hangs::in_spawn);
        }
    }
}

/// Needs what this machine has not got.
pub(crate) struct CannotBeMade;

impl Trouble for CannotBeMade {
    fn in_new() {
        panic!("no io_uring here");
    }
}

/// Panics with something that is no text.
pub(crate) struct PanicsMutely;

impl Trouble for PanicsMutely {
    fn in_new() {
        panic_any(7_u8);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn park_until_ready<F: Future>(root: F) -> F::Output {
    let mut root = pin!(root);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(output) = root.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

//! Executors that run a root, and do their worst where they spawn.

use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::panic::panic_any;
use std::pin::pin;
use std::process;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use executor_conformance::adapter::Spawn;
use executor_conformance::{Executor, JoinError, JoinHandle};

/// What goes wrong, and where.
pub(crate) trait Trouble: 'static {
    fn in_new() {}

    fn in_spawn() {}

    /// Drops the future, unless it is made to do better.
    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        drop(future);
        JoinHandle::new(async { Err(JoinError::Cancelled) })
    }
}

/// Runs a root by parking.
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
        T::spawn(future)
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

/// Is not idle for long, but idle for ever.
pub(crate) struct Naps;

impl Trouble for Naps {
    fn in_spawn() {
        loop {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Starts a thread for each task, and leaves them to themselves.
pub(crate) struct LeaksThreads;

impl Trouble for LeaksThreads {
    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let told = Arc::new(Mutex::new((None, None::<Waker>)));
        let teller = Arc::clone(&told);
        thread::spawn(move || {
            let output = park_until_ready(future);
            let mut told = teller.lock().expect("no panic");
            told.0 = Some(output);
            let waker = told.1.take();
            drop(told);
            waker.into_iter().for_each(Waker::wake);
        });
        JoinHandle::new(poll_fn(move |cx| {
            let mut told = told.lock().expect("no panic");
            told.1 = Some(cx.waker().clone());
            told.0
                .take()
                .map_or(Poll::Pending, |output| Poll::Ready(Ok(output)))
        }))
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

/// The thread to wake, and whether it was woken: others may consume the token of its park.
struct Unpark(Thread, AtomicBool);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.1.store(true, SeqCst);
        self.0.unpark();
    }
}

fn park_until_ready<F: Future>(root: F) -> F::Output {
    let mut root = pin!(root);
    let unpark = Arc::new(Unpark(thread::current(), AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&unpark));
    loop {
        if let Poll::Ready(output) = root.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        while !unpark.1.swap(false, SeqCst) {
            thread::park();
        }
    }
}

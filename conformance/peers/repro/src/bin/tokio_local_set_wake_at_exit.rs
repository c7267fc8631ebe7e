//! tokio 1.54.1: `wake` panics in a thread-local's destructor, if the task is a `LocalSet`'s.
//!
//! Rules: tokio LocalSet W12
//!
//! `Shared::schedule` in `task/local.rs` reads the thread-local `CURRENT` by `LocalKey::with`, which
//! panics once that was destroyed. So a waker that any thread keeps in a thread-local of its own
//! panics there if that thread has woken a local task before.

use std::cell::RefCell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Sender};
use std::task::{Poll, Waker};
use std::thread;

struct WakeAtExit(Waker, Sender<bool>);

impl Drop for WakeAtExit {
    fn drop(&mut self) {
        let woken = catch_unwind(AssertUnwindSafe(|| self.0.wake_by_ref()));
        let _ = self.1.send(woken.is_ok());
    }
}

thread_local! {
    static KEPT: RefCell<Option<WakeAtExit>> = const { RefCell::new(None) };
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let local = tokio::task::LocalSet::new();
    let (tell, wakers) = mpsc::channel();
    for _ in 0..2 {
        let tell = tell.clone();
        local.spawn_local(poll_fn(move |cx| {
            let _ = tell.send(cx.waker().clone());
            Poll::<()>::Pending
        }));
    }
    local.block_on(&runtime.expect("a runtime"), tokio::task::yield_now());
    let (first, second) = (wakers.recv().unwrap(), wakers.recv().unwrap());
    let (tell, at_exit) = mpsc::channel();
    let thread = thread::spawn(move || {
        // What is set first is destroyed last.
        KEPT.set(Some(WakeAtExit(first, tell)));
        second.wake();
    });
    thread.join().expect("the panic was caught");
    let fine = at_exit.recv().expect("the destructor ran");
    println!("expected: `wake` works in the destructor of a thread-local");
    println!("happened: it returned without a panic: {fine}");
    std::process::exit(i32::from(!fine));
}

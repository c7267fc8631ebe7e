//! monoio 0.2.4: another thread drops a future that is not `Send`.
//!
//! Rules: monoio N3
//!
//! With the feature `sync`, wakers may be used on any thread. One that is dropped there is the
//! task's last reference, since the runtime does not know tasks that wait, and the future is dropped
//! with it. This is unsound: safe code gets an `Rc` dropped on a thread to which it was not sent.

use std::cell::Cell;
use std::future::poll_fn;
use std::sync::mpsc;
use std::task::Poll;
use std::thread::{self, ThreadId};
use std::time::Duration;

use monoio::{LegacyDriver, RuntimeBuilder};

struct Local(Cell<Option<mpsc::Sender<ThreadId>>>);

impl Drop for Local {
    fn drop(&mut self) {
        if let Some(tell) = self.0.take() {
            let _ = tell.send(thread::current().id());
        }
    }
}

fn main() {
    let (give, wakers) = mpsc::channel();
    let (tell, dropped) = mpsc::channel();
    let local = std::rc::Rc::new(Local(Cell::new(Some(tell))));
    let builder = RuntimeBuilder::<LegacyDriver>::new().enable_timer();
    let mut runtime = builder.build().expect("a runtime");
    runtime.block_on(async {
        monoio::spawn(poll_fn(move |cx| {
            let _local = &local;
            let _ = give.send(cx.waker().clone());
            Poll::<()>::Pending
        }));
        monoio::time::sleep(Duration::from_millis(10)).await;
        let waker = wakers.recv().expect("the task was polled");
        thread::spawn(move || drop(waker)).join().expect("no panic");
        monoio::time::sleep(Duration::from_millis(10)).await;
    });
    let here = thread::current().id();
    let elsewhere = dropped.try_recv().is_ok_and(|thread| thread != here);
    println!(
        "expected: a future that is not `Send` is dropped on the runtime's thread, or not yet"
    );
    println!("happened: another thread dropped it: {elsewhere}");
    std::process::exit(i32::from(elsewhere));
}

//! monoio 0.2.4: a wake in the destructor of a thread-local is lost.
//!
//! Rules: monoio W12
//!
//! On a thread without a runtime, `wake` goes through a thread-local of monoio's (`DEFAULT_CTX`,
//! used in `task/harness.rs`). When that has been destroyed, because it was used after the one whose
//! destructor wakes, the wake is dropped in silence, and the task counts as woken for ever.

use std::cell::RefCell;
use std::future::poll_fn;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::time::Duration;
use std::{process, thread};

use monoio::{LegacyDriver, RuntimeBuilder};

struct WakesInDrop(Waker);

impl Drop for WakesInDrop {
    fn drop(&mut self) {
        self.0.wake_by_ref();
    }
}

thread_local! {
    static AT_EXIT: RefCell<Option<WakesInDrop>> = const { RefCell::new(None) };
}

fn main() {
    println!("expected: a task that another thread wakes while it exits is polled");
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(3));
        println!("happened: it was not within 3 s");
        process::exit(1);
    });
    let (give, wakers) = mpsc::channel::<Waker>();
    let builder = RuntimeBuilder::<LegacyDriver>::new().enable_timer();
    let mut runtime = builder.build().expect("a runtime");
    runtime.block_on(async {
        let [earlier, task] = [(); 2].map(|()| {
            let (give, mut polled) = (give.clone(), false);
            monoio::spawn(poll_fn(move |cx| {
                if std::mem::replace(&mut polled, true) {
                    return Poll::Ready(());
                }
                let _ = give.send(cx.waker().clone());
                Poll::Pending
            }))
        });
        monoio::time::sleep(Duration::from_millis(10)).await;
        let [first, second] = [(); 2].map(|()| wakers.recv().expect("both were polled"));
        let exits = thread::spawn(|| {
            // The thread-local that is used first is destroyed last.
            AT_EXIT.set(Some(WakesInDrop(second)));
            first.wake();
        });
        exits.join().expect("no panic");
        earlier.await;
        task.await;
    });
    println!("happened: it was");
}

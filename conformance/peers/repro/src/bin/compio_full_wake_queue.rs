//! compio 0.19.2: a wake on another thread does not return while the runtime's thread is busy.
//!
//! Rules: compio W9
//!
//! Wakes by other threads go through a queue of 64 places, and `wake` spins until there is one
//! (`Remote::schedule` in `task/remote.rs` of compio-executor 0.1.4, where the configuration speaks
//! of backpressure). So whatever the runtime's thread waits for, a lock for one, must not be held
//! by a thread that wakes: both wait for ever.

use std::future::poll_fn;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use compio::runtime::Runtime;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let returned = runtime.block_on(async {
        let (give, wakers) = mpsc::channel();
        for _ in 0..1_000 {
            let give = give.clone();
            let task = compio::runtime::spawn(poll_fn(move |cx| {
                let _ = give.send(cx.waker().clone());
                Poll::<()>::Pending
            }));
            task.detach();
        }
        compio::time::sleep(Duration::from_millis(10)).await;
        drop(give);
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            wakers.try_iter().for_each(|waker| waker.wake());
            tell.send(())
        });
        told.recv_timeout(Duration::from_secs(3)).is_ok()
    });
    println!("expected: a thread can wake 1000 tasks while the runtime's thread waits for it");
    println!("happened: it could: {returned}");
    std::process::exit(i32::from(!returned));
}

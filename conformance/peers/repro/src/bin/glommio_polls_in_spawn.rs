//! glommio 0.9.0: `spawn_local` polls the new task before it returns.
//!
//! Rules: glommio L8
//!
//! A task that is spawned into the queue that is running is polled at once, by design. Whoever holds
//! a borrow or a lock across `spawn_local` which the task needs as well meets it held.

use std::cell::Cell;
use std::rc::Rc;

use glommio::LocalExecutor;

fn main() {
    let polled = LocalExecutor::default().run(async {
        let polled = Rc::new(Cell::new(false));
        let inside = Rc::clone(&polled);
        glommio::spawn_local(async move { inside.set(true) }).detach();
        polled.get()
    });
    println!("expected: a new task is polled when `spawn_local` has returned");
    println!("happened: it had been polled before: {polled}");
    std::process::exit(i32::from(polled));
}

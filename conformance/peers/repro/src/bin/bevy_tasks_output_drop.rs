//! bevy_tasks 0.20.1: the panic of an output's drop comes out of the drop of the handle.
//!
//! Rules: bevy_tasks TaskPool P6
//!
//! An output that nobody took is dropped together with the `Task`, which is async-task's, by
//! whoever drops that, and its panic is theirs.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bevy_tasks::{TaskPoolBuilder, block_on};

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("a destructor's panic");
    }
}

fn main() {
    let pool = TaskPoolBuilder::new().num_threads(1).build();
    let task = pool.spawn(async { PanicsInDrop });
    // One thread does one after the other.
    block_on(pool.spawn(async {}));
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(task)));
    println!("expected: dropping the handle of a task that has ended does not panic");
    println!("happened: it panicked: {}", dropped.is_err());
    std::process::exit(i32::from(dropped.is_err()));
}

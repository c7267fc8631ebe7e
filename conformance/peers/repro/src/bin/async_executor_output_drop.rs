//! async-executor 1.14.1: the panic of an output's drop comes out of the drop of the handle.
//!
//! Rules: async-executor Executor P6
//! Rules: async-executor on 2 threads P6
//! Rules: async-executor LocalExecutor P6
//!
//! An output that nobody took is dropped together with the `Task`, by whoever drops that, and its
//! panic is theirs.

use std::panic::{AssertUnwindSafe, catch_unwind};

use async_executor::Executor;

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("a destructor's panic");
    }
}

fn main() {
    let executor = Executor::new();
    let task = executor.spawn(async { PanicsInDrop });
    executor.try_tick();
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(task)));
    println!("expected: dropping the handle of a task that has ended does not panic");
    println!("happened: it panicked: {}", dropped.is_err());
    std::process::exit(i32::from(dropped.is_err()));
}

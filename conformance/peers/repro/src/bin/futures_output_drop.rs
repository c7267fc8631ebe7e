//! futures-executor 0.3.34: the panic of an output's drop comes out of the drop of the handle.
//!
//! Rules: futures-executor LocalPool P6
//! Rules: futures-executor ThreadPool P6
//!
//! An output that nobody took lies in the channel of the `RemoteHandle` and is dropped together with
//! that, by whoever drops it, and its panic is theirs.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_executor::LocalPool;
use futures_util::task::LocalSpawnExt;

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("a destructor's panic");
    }
}

fn main() {
    let mut pool = LocalPool::new();
    let task = pool
        .spawner()
        .spawn_local_with_handle(async { PanicsInDrop });
    pool.run_until_stalled();
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(task)));
    println!("expected: dropping the handle of a task that has ended does not panic");
    println!("happened: it panicked: {}", dropped.is_err());
    std::process::exit(i32::from(dropped.is_err()));
}

//! glommio 0.9.0: the panic of an output's drop comes out of the drop of the handle.
//!
//! Rules: glommio P6
//!
//! An output that nobody took is dropped together with the `JoinHandle`
//! (`task/join_handle.rs`), and its panic is that of whoever drops the handle.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use glommio::LocalExecutor;
use glommio::timer::Timer;

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("a destructor's panic");
    }
}

fn main() {
    let panicked = LocalExecutor::default().run(async {
        let task = glommio::spawn_local(async { PanicsInDrop }).detach();
        Timer::new(Duration::from_millis(10)).await;
        catch_unwind(AssertUnwindSafe(|| drop(task))).is_err()
    });
    println!("expected: dropping the handle of a task that has ended does not panic");
    println!("happened: it panicked: {panicked}");
    std::process::exit(i32::from(panicked));
}

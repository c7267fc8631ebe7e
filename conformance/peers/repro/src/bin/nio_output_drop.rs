//! nio 0.1.4: the panic of an output's drop comes out of the drop of the handle.
//!
//! Rules: nio P6
//!
//! An output that nobody took is dropped together with the `JoinHandle`, by whoever drops that, as
//! nio-task 0.2.0 says (`drop_output_from_join_handler` in `task.rs`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use nio::RuntimeBuilder;

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("a destructor's panic");
    }
}

fn main() {
    let builder = RuntimeBuilder::new().worker_threads(1);
    let mut runtime = builder.build().expect("a runtime");
    let panicked = runtime.block_on(async {
        let task = nio::spawn(async { PanicsInDrop });
        nio::sleep(Duration::from_millis(10)).await;
        catch_unwind(AssertUnwindSafe(|| drop(task))).is_err()
    });
    println!("expected: dropping the handle of a task that has ended does not panic");
    println!("happened: it panicked: {panicked}");
    std::process::exit(i32::from(panicked));
}

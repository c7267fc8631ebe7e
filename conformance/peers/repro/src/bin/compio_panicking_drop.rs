//! compio 0.19.2: a panic in the drop of a future or of an output aborts the process.
//!
//! Rules: compio P5 P6 P11
//!
//! Futures and outputs are dropped under a guard that aborts, by design (`panic_guard` in
//! `util.rs` of compio-executor 0.1.4; `Executor::clear` documents it). So a destructor of one task
//! ends all others.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

use compio::runtime::Runtime;

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("a destructor's panic");
    }
}

fn main() {
    if std::env::args().len() > 1 {
        let runtime = Runtime::new().expect("a runtime");
        let value = PanicsInDrop;
        let task = runtime.spawn(async move {
            let _value = value;
            std::future::pending::<()>().await;
        });
        task.detach();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(runtime)));
        return;
    }
    let this = std::env::current_exe().expect("a path");
    let child = Command::new(this).arg("child").status().expect("a child");
    println!(
        "expected: a panic in the drop of a future can be caught where the runtime is dropped"
    );
    println!("happened: the process ended with {child}");
    std::process::exit(i32::from(!child.success()));
}

//! glommio 0.9.0: after a panic came out of `run`, the next `run` never ends.
//!
//! Rules: glommio B8 L2 P3 P4 P8 P9 P12
//!
//! What the panic interrupted is not taken back: the executor still counts its queue as active, and
//! schedules nothing for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use glommio::LocalExecutor;

fn main() {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let executor = LocalExecutor::default();
        let root = async { panic!("the root's panic") };
        let _ = catch_unwind(AssertUnwindSafe(|| executor.run(root)));
        executor.run(async {});
        tell.send(())
    });
    let ran = told.recv_timeout(Duration::from_secs(5)).is_ok();
    println!("expected: an executor whose root panicked can run another root");
    println!("happened: it could: {ran}");
    std::process::exit(i32::from(!ran));
}

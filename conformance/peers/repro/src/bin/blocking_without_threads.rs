//! blocking 1.7.0: `unblock` does not return while no thread can be started.
//!
//! Rules: async-executor Executor K4
//!
//! `Executor::grow_pool` tries again without end, with the pool locked: it lowers the limit when a
//! thread could not be started, but goes on comparing with the one that it read before (blocking#79).
//! Here no thread can be started since std is asked for stacks that are larger than memory can be.

use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn main() {
    if std::env::args().len() < 2 {
        let this = std::env::current_exe().expect("a path");
        let mut child = Command::new(this);
        child
            .arg("child")
            .env("RUST_MIN_STACK", (1_u64 << 60).to_string());
        let status = child.status().expect("a child");
        std::process::exit(status.code().unwrap_or(2));
    }
    let (returned, wait) = mpsc::channel();
    let small = thread::Builder::new().stack_size(1 << 16);
    let watchdog = small.spawn(move || {
        let returned = wait.recv_timeout(Duration::from_secs(3)).is_ok();
        println!("expected: `unblock` returns, with a task that runs later or not at all");
        println!("happened: it returned within three seconds: {returned}");
        std::process::exit(i32::from(!returned));
    });
    let watchdog = watchdog.expect("a thread with a small stack");
    let _task = blocking::unblock(|| ());
    let _ = returned.send(());
    let _ = watchdog.join();
}

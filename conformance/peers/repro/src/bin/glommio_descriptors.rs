//! glommio 0.9.0: each executor leaves a descriptor behind.
//!
//! Rules: glommio D8
//!
//! It is the eventfd by which other threads wake the executor (`SleepNotifier` in `sys/mod.rs`).

use std::fs;

use glommio::LocalExecutor;

fn descriptors() -> usize {
    let listed = fs::read_dir("/proc/self/fd").expect("Linux");
    listed.count()
}

fn main() {
    LocalExecutor::default().run(async {});
    let before = descriptors();
    for _ in 0..10 {
        LocalExecutor::default().run(async {});
    }
    let left = descriptors() - before;
    println!("expected: executors that have been dropped leave no descriptors");
    println!("happened: 10 of them left {left}");
    std::process::exit(i32::from(left > 0));
}

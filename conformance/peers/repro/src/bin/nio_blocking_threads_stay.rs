//! nio 0.1.4: the threads of the blocking pool outlive their runtime.
//!
//! Rules: nio K7
//!
//! Idle threads end after `thread_timeout`, which is 10 s by default, and are not told that the
//! runtime is gone.

use std::time::{Duration, Instant};
use std::{fs, thread};

use nio::RuntimeBuilder;

fn threads() -> usize {
    fs::read_dir("/proc/self/task").expect("Linux").count()
}

fn main() {
    let before = threads();
    for _ in 0..10 {
        let builder = RuntimeBuilder::new().worker_threads(1);
        let mut runtime = builder.build().expect("a runtime");
        runtime.block_on(async { nio::spawn_blocking(|| ()).await.expect("no panic") });
    }
    let begun = Instant::now();
    while threads() > before && begun.elapsed() < Duration::from_secs(3) {
        thread::sleep(Duration::from_millis(10));
    }
    let left = threads() - before;
    println!("expected: a runtime's idle threads end with it");
    println!("happened: 10 runtimes left {left} threads for 3 s");
    std::process::exit(i32::from(left > 0));
}

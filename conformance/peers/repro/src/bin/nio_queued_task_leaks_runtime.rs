//! nio 0.1.4: a task that another thread may have woken keeps its runtime for ever.
//!
//! Rules: nio D8
//!
//! What is spawned or woken by way of the `RuntimeContext` waits in a queue of that, and each task
//! owns the context (`rt/task/multi_thread.rs`). Dropping the `LocalRuntime` does not empty the queue,
//! so both stay, with an epoll descriptor.

use std::fs;

use nio::RuntimeBuilder;

fn descriptors() -> usize {
    let listed = fs::read_dir("/proc/self/fd").expect("Linux");
    listed.count()
}

fn main() {
    let before = descriptors();
    for _ in 0..10 {
        let builder = RuntimeBuilder::new().worker_threads(1);
        let runtime = builder.build().expect("a runtime");
        runtime.runtime_context().spawn(async {});
    }
    let left = descriptors() - before;
    println!("expected: runtimes that have been dropped leave no descriptors");
    println!("happened: 10 of them left {left}");
    std::process::exit(i32::from(left > 0));
}

//! Keeping every processor busy.

use std::hint;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::{self, JoinHandle};

/// One thread for each processor, which spins until this is dropped.
pub(super) struct Load {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    pub(super) fn new() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let spin = |_| {
            let over = Arc::clone(&over);
            thread::spawn(move || {
                // Relaxed: nothing else is read that depends on it.
                while !over.load(Relaxed) {
                    hint::spin_loop();
                }
            })
        };
        let threads = (0..processors).map(spin).collect();
        Self { over, threads }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            // They do nothing that could panic.
            let _ = thread.join();
        }
    }
}

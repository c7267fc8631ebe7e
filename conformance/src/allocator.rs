//! A global allocator that counts, for the rules about memory.

#![allow(unsafe_code, reason = "`GlobalAlloc` is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

/// The system's allocator, which keeps count of the bytes in use and spoils what is freed.
///
/// A waker that is used after its task was freed finds no plausible reference count there, and the
/// rule's process dies rather than pass.
///
/// The rules about leaks need it, and are skipped without it. [`allocator!`](crate::allocator)
/// makes it the global one.
#[derive(Debug, Default)]
pub struct CountingAllocator;

// Relaxed throughout: the figures are read when the threads that changed them have been joined, or
// by the thread that changed them.
static IN_USE: AtomicUsize = AtomicUsize::new(0);
static BLOCKS: AtomicUsize = AtomicUsize::new(0);
static TOTAL: AtomicUsize = AtomicUsize::new(0);

/// What is allocated at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocated {
    /// Bytes in use.
    pub bytes: usize,
    /// Blocks in use.
    pub blocks: usize,
}

/// What is allocated now; `None` if the [`CountingAllocator`] is not the global one.
pub fn allocated() -> Option<Allocated> {
    (TOTAL.load(Relaxed) != 0).then(|| Allocated {
        bytes: IN_USE.load(Relaxed),
        blocks: BLOCKS.load(Relaxed),
    })
}

/// What freed memory is filled with.
const SPOILED: u8 = 0xdd;

// SAFETY: every call is passed on to the system's allocator with the arguments that it came with;
// a block is written to only when it is given back, before the system has it.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`, which is the system's.
        let block = unsafe { System.alloc(layout) };
        if !block.is_null() {
            count(layout.size());
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Relaxed);
        BLOCKS.fetch_sub(1, Relaxed);
        // SAFETY: the block has this size, and its owner has just given it up.
        unsafe { block.write_bytes(SPOILED, layout.size()) };
        // Else the optimiser may leave out what it takes for a write that nobody reads.
        let block = black_box(block);
        // SAFETY: as in `alloc`; every block came from the system's allocator.
        unsafe { System.dealloc(block, layout) };
    }
}

fn count(size: usize) {
    IN_USE.fetch_add(size, Relaxed);
    BLOCKS.fetch_add(1, Relaxed);
    TOTAL.fetch_add(1, Relaxed);
}

#![allow(
    unsafe_code,
    reason = "a global allocator is an unsafe trait, and its cost per block is only told by malloc_usable_size"
)]
//! A global allocator which can count what live blocks cost.
//!
//! It forwards to the system's malloc. Counting is off except in the scenario that asks for it,
//! so that the others pay one predictable branch per call.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering::Relaxed};

/// glibc keeps one word of its own in front of every block.
const MALLOC_HEADER: isize = 8;

static COUNTING: AtomicBool = AtomicBool::new(false);
// Relaxed everywhere: the numbers guard no other memory, and a scenario with several threads
// synchronises with all that it has counted by other means.
static LIVE: AtomicIsize = AtomicIsize::new(0);

/// The system allocator, with a switch that makes it count.
pub(crate) struct Counting;

/// Starts counting from nought; blocks from before are counted when they are freed, so free none.
pub(crate) fn start_counting() {
    LIVE.store(0, Relaxed);
    COUNTING.store(true, Relaxed);
}

/// Stops counting and gives the bytes which the blocks made since [`start_counting`] and still
/// alive take from malloc: usable size plus malloc's own word.
pub(crate) fn stop_counting() -> isize {
    COUNTING.store(false, Relaxed);
    LIVE.load(Relaxed)
}

/// Makes malloc keep what is freed, so that a scenario which frees and takes megabytes again and
/// again measures its runtime rather than the kernel's page faults.
pub(crate) fn keep_freed_memory() {
    const MOST: libc::c_int = 1 << 30;
    // SAFETY: both calls only set parameters of malloc; the process has one thread so far.
    let set = unsafe {
        [
            libc::mallopt(libc::M_TRIM_THRESHOLD, MOST),
            libc::mallopt(libc::M_MMAP_THRESHOLD, MOST),
        ]
    };
    debug_assert_eq!(set, [1, 1], "malloc refuses its own parameters");
}

fn footprint(block: *mut u8) -> isize {
    // SAFETY: `block` is null or came from `System`, which on this platform is the C malloc, and
    // has not been freed yet; malloc_usable_size accepts both.
    let usable = unsafe { libc::malloc_usable_size(block.cast()) };
    usable as isize + MALLOC_HEADER
}

fn count(block: *mut u8, sign: isize) {
    if COUNTING.load(Relaxed) && !block.is_null() {
        LIVE.fetch_add(sign * footprint(block), Relaxed);
    }
}

// SAFETY: every call is passed on unchanged to `System`, which upholds the contract; counting
// neither touches the blocks nor allocates.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise about `layout` is the one that `System` asks for.
        let block = unsafe { System.alloc(layout) };
        count(block, 1);
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        let block = unsafe { System.alloc_zeroed(layout) };
        count(block, 1);
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(block, -1);
        // SAFETY: the caller promises that `block` came from this allocator, hence from `System`,
        // with this layout.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(block, -1);
        // SAFETY: as in `dealloc`, and the caller vouches for `size`.
        let moved = unsafe { System.realloc(block, layout, size) };
        // After a failure the old block is still there and still counts.
        count(if moved.is_null() { block } else { moved }, 1);
        moved
    }
}

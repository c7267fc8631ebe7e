//! Whether memory grows with the number of times that something is done.

use crate::devices::allocated;

/// Does `batch(count)` again and again; says by how much memory grew, if it grew each time.
///
/// `None` also where the allocator does not count; the batches are done all the same. What leaks
/// for each of `count` is at least `count` blocks: half of that is asked for, twice, so that what an
/// executor keeps for later is no leak.
pub(crate) fn grows(count: usize, mut batch: impl FnMut(usize)) -> Option<String> {
    let mut blocks = || {
        batch(count);
        allocated().map(|allocated| allocated.blocks)
    };
    // The first fills caches.
    let figures = [blocks()?, blocks()?, blocks()?];
    let grown = figures
        .windows(2)
        .map(|pair| pair[1].saturating_sub(pair[0]));
    let grown: Vec<usize> = grown.collect();
    let leaks = grown.iter().all(|&blocks| blocks > count / 2);
    leaks.then(|| {
        format!(
            "{} and {} more blocks of memory were in use after {count} each",
            grown[0], grown[1]
        )
    })
}

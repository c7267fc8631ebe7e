//! Whether memory grows with the number of times that something is done.

use crate::Case;
use crate::devices::allocated;

/// Does `batch(count)` again and again; says by how much memory grew, if it grew each time.
///
/// `None` also where the allocator does not count; the batches are done all the same. What leaks
/// for each of `count` is at least `count` blocks: half of that is asked for, twice, so that what an
/// executor keeps for later is no leak.
pub(crate) fn grows(count: usize, batch: impl FnMut(usize)) -> Option<String> {
    let grown = growth(count, batch)?;
    let leaks = grown.iter().all(|&blocks| blocks > count / 2);
    leaks.then(|| {
        let [first, second] = grown;
        format!("{first} and {second} more blocks of memory were in use after {count} each")
    })
}

/// Whether memory grows with what is done in `batch`, although nothing special is done.
///
/// A rule asks this of its control before it judges: what leaks by itself is another rule's matter.
pub(crate) fn leaks_anyway(case: &Case, count: usize, batch: impl FnMut(usize)) -> bool {
    let leaks = grows(count, batch).is_some();
    if leaks {
        case.note("leaks were not judged: what is used in an ordinary way leaks, too; see X1");
    }
    leaks
}

/// By how many blocks memory grew in two batches, after a first that fills caches.
fn growth(count: usize, mut batch: impl FnMut(usize)) -> Option<[usize; 2]> {
    let mut blocks = || {
        batch(count);
        allocated().map(|allocated| allocated.blocks)
    };
    let figures = [blocks()?, blocks()?, blocks()?];
    Some([0, 1].map(|step| figures[step + 1].saturating_sub(figures[step])))
}

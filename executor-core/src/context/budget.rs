//! How much a task may do before it must give way.

use std::cell::Cell;

/// The operations that are left to a poll.
pub(crate) struct Budget(Cell<u32>);

impl Budget {
    /// How many operations a task may do in one poll before it must give way.
    ///
    /// An I/O operation costs about a microsecond, so a task that is always ready keeps others
    /// waiting for about a tenth of a millisecond.
    const FULL: u32 = 128;

    pub(crate) const fn new() -> Self {
        Self(Cell::new(Self::FULL))
    }

    #[inline]
    pub(crate) fn refill(&self) {
        self.0.set(Self::FULL);
    }

    /// Takes one operation; `false` if none is left.
    #[inline]
    pub(crate) fn spend(&self) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        left > 0
    }
}

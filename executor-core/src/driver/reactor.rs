//! The reactor seam: who turns the operating system's readiness into wakes.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::Source;

/// A direction in which a source can be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interest {
    /// Reading, accepting, receiving.
    Readable,
    /// Writing, sending, and the end of a connection attempt.
    Writable,
}

/// The operating system's name for something that can become ready.
///
/// A file descriptor on Unix, a socket on Windows; executor-core only carries it, so it is an
/// opaque number here.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RawSource(u64);

impl RawSource {
    /// Wraps the operating system's number.
    pub const fn new(raw: u64) -> Self {
        Self(raw)
    }

    /// The number that was given to [`RawSource::new`].
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for RawSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawSource({})", self.0)
    }
}

/// What a [`Reactor`] calls a registered source.
///
/// It names one registration: a key that outlives its registration names nothing, even when
/// the operating system has given its number to another source since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SourceKey(u64);

impl SourceKey {
    /// Wraps a reactor's own number.
    pub const fn new(key: u64) -> Self {
        Self(key)
    }

    /// The number that was given to [`SourceKey::new`].
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Turns the operating system's readiness into wakes.
///
/// A reactor keeps the table from [`SourceKey`] to [`Source`]; the loop's [`Park`](super::Park)
/// driver, which usually belongs to the same object, collects events and feeds them to the
/// sources. Every method may be called from any thread, at any time, also while the loop is
/// parked.
///
/// An implementor must
/// - report each change of readiness at least once, to the source that is registered at that
///   time and to no other: an event for a registration that has ended is dropped;
/// - report a source that is ready at the time of [`register`](Reactor::register) as well;
/// - never wake with a lock held that one of these methods takes: wakers run user code, which
///   may register and deregister sources.
///
/// It may report readiness that is not there; every user tries the operation and waits again.
pub trait Reactor: Send + Sync + 'static {
    /// Begins to watch `raw` in both directions, and to report what happens to `source`.
    ///
    /// # Errors
    ///
    /// What the operating system says; a regular file, for one, cannot be waited for, and gives
    /// [`io::ErrorKind::PermissionDenied`] or [`io::ErrorKind::Unsupported`] with a message that
    /// says so. After [`close`](Reactor::close) it is an error as well.
    ///
    /// # Safety
    ///
    /// `raw` must be open, and must stay open until [`deregister`](Reactor::deregister) has been
    /// called with the key that is returned.
    #[allow(
        unsafe_code,
        reason = "declares the contract; the only callers are the owners of a descriptor"
    )]
    unsafe fn register(&self, raw: RawSource, source: &Arc<Source>) -> io::Result<SourceKey>;

    /// Ends a registration; call it before `raw` is closed.
    ///
    /// No event reaches the source through this registration once the call has returned, save
    /// for one that another thread is delivering at this very moment.
    ///
    /// # Errors
    ///
    /// What the operating system says. The registration is gone all the same.
    fn deregister(&self, raw: RawSource, key: SourceKey) -> io::Result<()>;

    /// Asks for the next event in one direction; called after a task has begun to wait.
    ///
    /// A reactor whose events are edge-triggered has nothing to do here, and says so with
    /// [`needs_arm`](Reactor::needs_arm); one whose registrations report once arms them anew.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn arm(&self, raw: RawSource, key: SourceKey, interest: Interest) -> io::Result<()> {
        let _ = (raw, key, interest);
        Ok(())
    }

    /// Whether [`arm`](Reactor::arm) must be called each time that a task begins to wait.
    fn needs_arm(&self) -> bool {
        false
    }

    /// Ends every registration, marks each source as [shut down](Source::shut_down), and hands
    /// the wakers of all that waited to `wakers`.
    ///
    /// Called when the runtime shuts down, so that an operation which another thread or another
    /// runtime waits for ends with an error rather than never.
    fn close(&self, wakers: &mut Vec<std::task::Waker>);
}

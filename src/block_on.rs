//! The shortest way to run a future.

use std::future::Future;
use std::io;

use crate::{BlockOnError, Epoll};

/// Runs `future` to its end on a runtime of its own, with the default backend and options.
///
/// The runtime goes when the future has ended: tasks that have not ended by then are dropped, and
/// closures that run on the blocking pool are waited for. Keep an [`Epoll`] to run more than one
/// future, and for options and policies.
///
/// # Errors
///
/// [`io::ErrorKind::Deadlock`] if this thread is inside a `block_on` already, of whichever runtime;
/// what the operating system says when it refuses a descriptor for the reactor, or fails to wait.
/// The future has been dropped.
///
/// # Panics
///
/// If the future panics.
///
/// ```
/// use anyloop::time::sleep;
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// let answer = anyloop::block_on(async {
///     sleep(Duration::from_millis(1)).await?;
///     Ok::<_, std::io::Error>(42)
/// })??;
/// assert_eq!(answer, 42);
/// # Ok(())
/// # }
/// ```
pub fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    Epoll::new()?.try_block_on(future).map_err(into_io_error)
}

fn into_io_error(error: BlockOnError) -> io::Error {
    let kind = match &error {
        BlockOnError::Nested => io::ErrorKind::Deadlock,
        BlockOnError::Driver(error) => error.kind(),
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_an_error_that_leaves_the_outer_one_intact() {
        let inner = block_on(async {
            let inner = block_on(async {});
            crate::spawn(async {}).await.unwrap();
            inner
        });
        let error = inner.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Deadlock);
        assert!(error.to_string().contains("`.await` the future instead"));
    }

    #[test]
    fn a_driver_that_fails_keeps_its_kind_and_says_so() {
        let failed = io::Error::new(io::ErrorKind::OutOfMemory, "no room");
        let error = into_io_error(BlockOnError::Driver(failed));
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
        assert!(error.to_string().contains("no room"));
    }
}

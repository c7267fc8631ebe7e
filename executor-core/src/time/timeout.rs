//! Limits in time.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use super::{Sleep, sleep, sleep_until};

/// Awaits `future` for at most `duration`.
///
/// # Errors
///
/// [`io::ErrorKind::TimedOut`] if the time is up first; the future is dropped with the
/// [`Timeout`]. The errors of [`sleep`] if there is no runtime to wait on.
///
/// # Cancel safety
///
/// As that of `future`.
///
/// ```
/// use executor_core::time::timeout;
/// use std::time::Duration;
///
/// # let runtime = executor_core::Runtime::without_io(executor_core::Fifo::new());
/// # runtime.block_on(async {
/// let limit = Duration::from_millis(1);
/// assert_eq!(timeout(limit, async { 7 }).await.unwrap(), 7);
/// let error = timeout(limit, std::future::pending::<()>()).await.unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
/// # });
/// ```
#[track_caller]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        future: future.into_future(),
        sleep: sleep(duration),
    }
}

/// Awaits `future` until `deadline` at the latest; as [`timeout`].
#[track_caller]
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        future: future.into_future(),
        sleep: sleep_until(deadline),
    }
}

pin_project! {
    /// The future of [`timeout`] and [`timeout_at`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        sleep: Sleep,
    }
}

impl<F> Timeout<F> {
    /// The future under the limit.
    pub fn get_ref(&self) -> &F {
        &self.future
    }

    /// The future under the limit, without the limit.
    pub fn into_inner(self) -> F {
        self.future
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = io::Result<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        // Not charged to the budget: a future that uses it up in every poll must not outlive its
        // limit.
        ready!(Pin::new(this.sleep).poll_end(cx))?;
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("deadline", &self.sleep.deadline())
            .finish_non_exhaustive()
    }
}

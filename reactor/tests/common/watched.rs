//! A descriptor that is registered as long as it is open, and a waker that counts.
#![allow(
    unsafe_code,
    reason = "registers descriptors that it owns, and deregisters them before they are closed"
)]

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll, Wake};

use executor_core::driver::{Interest, RawSource, Reactor, Readiness, Source, SourceKey};

/// An I/O object and its registration.
pub(crate) struct Watched<T: AsFd> {
    /// Taken when the registration has ended.
    io: Option<T>,
    reactor: Arc<dyn Reactor>,
    source: Arc<Source>,
    key: SourceKey,
}

impl<T: AsFd> Watched<T> {
    pub(crate) fn new(reactor: &Arc<dyn Reactor>, io: T) -> io::Result<Self> {
        let source = Arc::new(Source::new());
        // SAFETY: `io` is open and private, and is let go only after `deregister`.
        let key = unsafe { reactor.register(raw_of(&io), &source)? };
        Ok(Self {
            io: Some(io),
            reactor: Arc::clone(reactor),
            source,
            key,
        })
    }

    pub(crate) fn io(&self) -> &T {
        self.io.as_ref().expect("taken by `deregister` only")
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn raw(&self) -> RawSource {
        raw_of(self.io())
    }

    pub(crate) fn key(&self) -> usize {
        self.key.get() as usize
    }

    pub(crate) fn arm(&self, interest: Interest) -> io::Result<()> {
        self.reactor.arm(self.raw(), self.key, interest)
    }

    /// Waits as an I/O type does.
    pub(crate) fn poll(&self, interest: Interest, count: &Arc<Count>) -> Poll<Readiness> {
        let waker = Arc::clone(count).into();
        let polled = self
            .source
            .poll_ready(interest, &mut Context::from_waker(&waker));
        if polled.is_pending() && self.reactor.needs_arm() {
            self.arm(interest).expect("the registration can be armed");
        }
        polled
    }

    /// Ends the registration, and gives the object back, still open.
    pub(crate) fn deregister(mut self) -> io::Result<T> {
        self.reactor.deregister(self.raw(), self.key)?;
        Ok(self.io.take().expect("taken here only"))
    }
}

impl<T: AsFd> Drop for Watched<T> {
    fn drop(&mut self) {
        if self.io.is_some() {
            self.reactor
                .deregister(self.raw(), self.key)
                .expect("what was registered can be deregistered");
        }
    }
}

fn raw_of(io: &impl AsFd) -> RawSource {
    RawSource::new(io.as_fd().as_raw_fd() as u64)
}

/// A waker that counts.
#[derive(Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    /// Takes the readiness back, and waits for the next.
    pub(crate) fn waiting<T: AsFd>(watched: &Watched<T>, interest: Interest) -> Arc<Self> {
        let count = Arc::default();
        let source = watched.source();
        source.clear_all(interest, source.readiness(interest));
        assert!(watched.poll(interest, &count).is_pending());
        count
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

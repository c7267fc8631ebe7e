//! A reactor in memory: it counts what it is asked for, and reports what a test says.
#![allow(
    unsafe_code,
    reason = "a reactor implements an unsafe function; this one only stores what it is given"
)]

use std::io;
use std::sync::{Arc, Mutex};
use std::task::Waker;

use executor_core::driver::{Interest, RawSource, Reactor, Readiness, Source, SourceKey};

#[derive(Debug, Default)]
pub(super) struct FakeReactor {
    state: Mutex<State>,
    needs_arm: bool,
}

#[derive(Debug, Default)]
struct State {
    source: Option<Arc<Source>>,
    refuses: bool,
    log: Vec<&'static str>,
}

impl FakeReactor {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(super) fn that_needs_arm() -> Arc<Self> {
        Arc::new(Self {
            needs_arm: true,
            ..Self::default()
        })
    }

    pub(super) fn refuse(&self, refuses: bool) {
        self.state.lock().unwrap().refuses = refuses;
    }

    /// What was asked for, in order.
    pub(super) fn log(&self) -> Vec<&'static str> {
        self.state.lock().unwrap().log.clone()
    }

    /// Reports an event to the registered source, and wakes who waits.
    pub(super) fn report(&self, interest: Interest, event: Readiness) {
        let mut wakers = Vec::new();
        if let Some(source) = &self.state.lock().unwrap().source {
            source.report(interest, event, &mut wakers);
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    fn note(&self, what: &'static str) {
        self.state.lock().unwrap().log.push(what);
    }
}

impl Reactor for FakeReactor {
    unsafe fn register(&self, _: RawSource, source: &Arc<Source>) -> io::Result<SourceKey> {
        self.note("register");
        let mut state = self.state.lock().unwrap();
        if state.refuses {
            return Err(io::Error::other("refused"));
        }
        state.source = Some(Arc::clone(source));
        Ok(SourceKey::new(7))
    }

    fn deregister(&self, _: RawSource, key: SourceKey) -> io::Result<()> {
        assert_eq!(key, SourceKey::new(7));
        self.note("deregister");
        Ok(())
    }

    fn arm(&self, _: RawSource, _: SourceKey, _: Interest) -> io::Result<()> {
        self.note("arm");
        Ok(())
    }

    fn needs_arm(&self) -> bool {
        self.needs_arm
    }

    fn close(&self, wakers: &mut Vec<Waker>) {
        if let Some(source) = self.state.lock().unwrap().source.take() {
            source.shut_down(wakers);
        }
    }
}

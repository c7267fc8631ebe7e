//! For the unit tests: a selector that does what the test says.

use std::collections::VecDeque;
use std::io;
use std::marker::PhantomData;
use std::mem;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard};

use executor_core::driver::ParkUntil;

use crate::registration::Enrolled;
use crate::selector::{Fired, Interests, Selector};

#[path = "../tests/common/watched.rs"]
mod watched;

pub(crate) use watched::{Count, Watched};

/// Whether a [`Fake`] reports once.
pub(crate) trait Mode: Send + Sync + 'static {
    const ONCE: bool;
}

pub(crate) struct Edge;
pub(crate) struct Once;

impl Mode for Edge {
    const ONCE: bool = false;
}

impl Mode for Once {
    const ONCE: bool = true;
}

pub(crate) struct Fake<M> {
    script: Mutex<Script>,
    mode: PhantomData<M>,
}

#[derive(Default)]
struct Script {
    results: VecDeque<io::Result<(Vec<Fired>, bool)>>,
    during_wait: Option<Box<dyn FnOnce() + Send>>,
    waits: Vec<ParkUntil>,
    arms: Vec<(usize, Interests)>,
    refuses_to_arm: bool,
    kicks: usize,
}

impl<M> Fake<M> {
    pub(crate) fn new() -> Self {
        Self {
            script: Mutex::default(),
            mode: PhantomData,
        }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// What the next wait for which nothing is planned yet brings; nothing, unless told.
    pub(crate) fn will_bring(&self, events: impl Into<Vec<Fired>>, more: bool) {
        self.script().results.push_back(Ok((events.into(), more)));
    }

    pub(crate) fn will_fail(&self) {
        let error = io::Error::other("no such luck");
        self.script().results.push_back(Err(error));
    }

    /// What happens on other threads during the next wait.
    pub(crate) fn during_wait(&self, action: impl FnOnce() + Send + 'static) {
        self.script().during_wait = Some(Box::new(action));
    }

    pub(crate) fn refuse_to_arm(&self) {
        self.script().refuses_to_arm = true;
    }

    pub(crate) fn take_waits(&self) -> Vec<ParkUntil> {
        mem::take(&mut self.script().waits)
    }

    pub(crate) fn take_arms(&self) -> Vec<(usize, Interests)> {
        mem::take(&mut self.script().arms)
    }

    pub(crate) fn kicks(&self) -> usize {
        self.script().kicks
    }
}

impl<M: Mode> Selector for Fake<M> {
    type Memory = ();
    const REPORTS_ONCE: bool = M::ONCE;

    fn open(_: NonZeroUsize) -> io::Result<(Self, ())> {
        Ok((Self::new(), ()))
    }

    fn add(&self, _: Enrolled, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn arm(&self, _: Enrolled, key: usize, interests: Interests) -> io::Result<()> {
        let mut script = self.script();
        if script.refuses_to_arm {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        script.arms.push((key, interests));
        Ok(())
    }

    fn remove(&self, _: Enrolled) -> io::Result<()> {
        Ok(())
    }

    fn wait(&self, (): &mut (), until: ParkUntil, fired: &mut Vec<Fired>) -> io::Result<bool> {
        let mut script = self.script();
        script.waits.push(until);
        let result = script.results.pop_front();
        let action = script.during_wait.take();
        drop(script);
        if let Some(action) = action {
            action();
        }
        let (events, more) = result.unwrap_or(Ok((Vec::new(), false)))?;
        *fired = events;
        Ok(more)
    }

    fn kick(&self) {
        self.script().kicks += 1;
    }
}

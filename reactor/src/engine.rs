//! How a thread parks: spin, block, collect.
//!
//! A thread blocks between `prepare_park` and `finish_park` of its `ParkState` only, so
//! a kick is needed then and at no other time. A kick that comes late ends the next blocking wait
//! for no reason, and does no harm.

use std::io;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use executor_core::driver::{Park, ParkUntil, Reactor, Unpark, WakeList};

use crate::Options;
use crate::driver::Parts;
use crate::hub::Hub;
use crate::selector::{Fired, Selector};
use crate::spin::SpinBudget;

/// How often a look that comes back full is repeated before the loop gets its turn: enough for
/// some thousand events, and few enough for the tasks that they woke.
const LOOKS: usize = 8;

/// A look takes well under a microsecond. After one that took longer than this the thread had
/// lost its processor meanwhile, most likely to the very peer that it waits for: blocking would
/// have let the peer run sooner.
const PREEMPTED: Duration = Duration::from_micros(3);

/// Opens a driver that waits in the way of `S`.
pub(crate) fn open<S: Selector>(options: &Options) -> io::Result<Parts> {
    let (selector, memory) = S::open(options.checked_events()?)?;
    let hub = Arc::new(Hub::new(selector));
    Ok(Parts {
        reactor: Arc::clone(&hub) as Arc<dyn Reactor>,
        unpark: Arc::clone(&hub) as Arc<dyn Unpark>,
        park: Box::new(Engine::new(hub, memory, options.spin)),
    })
}

pub(crate) struct Engine<S: Selector> {
    hub: Arc<Hub<S>>,
    memory: S::Memory,
    budget: SpinBudget,
    fired: Vec<Fired>,
    wakers: Vec<Waker>,
}

impl<S: Selector> Engine<S> {
    pub(crate) fn new(hub: Arc<Hub<S>>, memory: S::Memory, spin: Duration) -> Self {
        Self {
            hub,
            memory,
            budget: SpinBudget::new(spin),
            fired: Vec::new(),
            wakers: Vec::new(),
        }
    }

    /// Waits in the operating system, and nothing else.
    fn wait(&mut self, until: ParkUntil) -> io::Result<bool> {
        self.hub
            .selector
            .wait(&mut self.memory, until, &mut self.fired)
    }

    /// Reports what the last wait brought, and looks again if there may be more.
    fn collect(&mut self, mut more: bool, wakes: &mut WakeList) -> io::Result<bool> {
        let found = !self.fired.is_empty();
        for _ in 1..LOOKS {
            self.hub.report(&self.fired, &mut self.wakers, wakes);
            if !more {
                return Ok(found);
            }
            more = self.wait(ParkUntil::Now)?;
        }
        self.hub.report(&self.fired, &mut self.wakers, wakes);
        Ok(found)
    }

    /// Collects what has happened, without waiting; `true` if there was anything.
    fn look(&mut self, wakes: &mut WakeList) -> io::Result<bool> {
        let more = self.wait(ParkUntil::Now)?;
        self.collect(more, wakes)
    }

    /// Looks repeatedly for as long as the budget says; `false` if the thread should block.
    fn spin(&mut self, until: ParkUntil, wakes: &mut WakeList) -> io::Result<bool> {
        let budget = self.budget.next();
        if budget.is_zero() {
            return Ok(false);
        }
        // What is there at once would have ended a blocking wait at once: it proves nothing.
        if self.look(wakes)? || self.hub.state.take_notification() {
            return Ok(true);
        }
        let start = Instant::now();
        let (mut before, mut preempted) = (start, false);
        loop {
            let more = self.wait(ParkUntil::Now)?;
            let now = Instant::now();
            let found = self.collect(more, wakes)?;
            preempted |= now.duration_since(before) >= PREEMPTED;
            before = now;
            if found || self.hub.state.take_notification() {
                if preempted {
                    self.budget.miss();
                } else {
                    self.budget.hit();
                }
                return Ok(true);
            }
            // A deadline that passes is no success: it was known beforehand, and a crowd of
            // timers would keep the thread spinning for ever.
            let over = is_over(until, now);
            if over || now.duration_since(start) >= budget {
                self.budget.miss();
                return Ok(over);
            }
        }
    }

    fn block(&mut self, until: ParkUntil, wakes: &mut WakeList) -> io::Result<()> {
        if !self.hub.state.prepare_park() {
            return self.look(wakes).map(drop);
        }
        let waited = self.wait(until);
        self.hub.state.finish_park();
        self.collect(waited?, wakes).map(drop)
    }
}

impl<S: Selector> Park for Engine<S> {
    fn park(&mut self, until: ParkUntil, wakes: &mut WakeList) -> io::Result<()> {
        if self.hub.state.take_notification() || until == ParkUntil::Now {
            return self.look(wakes).map(drop);
        }
        if self.spin(until, wakes)? {
            return Ok(());
        }
        self.block(until, wakes)
    }
}

fn is_over(until: ParkUntil, now: Instant) -> bool {
    matches!(until, ParkUntil::Deadline(deadline) if deadline <= now)
}

#[cfg(test)]
mod tests;

//! Anywhere: `polling`'s own wait, with registrations that report once.
//!
//! One-shot registrations are the mode that all of `polling`'s systems have. What is ready when
//! a registration is armed is reported as well, so nothing is lost between an event and the next
//! arming, and the end of a stream needs no flag of its own.

use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

use executor_core::driver::{ParkUntil, Readiness};
use polling::{Event, Events, PollMode, Poller};

use super::{Fired, Interests, Selector, join};
use crate::registration::Enrolled;

/// Places in the buffer that `polling` uses itself, for its timer and its notification.
const RESERVED: usize = 2;

pub(crate) struct Portable(Poller);

impl Selector for Portable {
    type Memory = Events;
    const REPORTS_ONCE: bool = true;

    fn open(events: NonZeroUsize) -> io::Result<(Self, Events)> {
        let events = Events::with_capacity(events.saturating_add(RESERVED));
        Ok((Self(Poller::new()?), events))
    }

    fn add(&self, descriptor: Enrolled, key: usize) -> io::Result<()> {
        descriptor.add_to(&self.0, Event::all(key))
    }

    fn arm(&self, descriptor: Enrolled, key: usize, interests: Interests) -> io::Result<()> {
        self.0.modify_with_mode(
            descriptor.descriptor(),
            Event::new(key, interests.read, interests.write),
            PollMode::Oneshot,
        )
    }

    fn remove(&self, descriptor: Enrolled) -> io::Result<()> {
        self.0.delete(descriptor.descriptor())
    }

    fn wait(
        &self,
        events: &mut Events,
        until: ParkUntil,
        fired: &mut Vec<Fired>,
    ) -> io::Result<bool> {
        events.clear();
        match until {
            ParkUntil::Now => self.0.wait(events, Some(Duration::ZERO))?,
            ParkUntil::Deadline(deadline) => self.0.wait_deadline(events, deadline)?,
            ParkUntil::Notified => self.0.wait(events, None)?,
        };
        fired.clear();
        fired.extend(events.iter().map(translate));
        Ok(fired.len() + RESERVED >= events.capacity().get())
    }

    fn kick(&self) {
        let notified = self.0.notify();
        // A notification is one write to a pipe or the like that nobody else closes.
        debug_assert!(notified.is_ok(), "the poller refuses a kick: {notified:?}");
    }
}

fn translate(event: Event) -> Fired {
    let hup = event.is_interrupt();
    let error = event.is_err().unwrap_or(false);
    let direction = |is_ready| {
        // Systems tell in different ways which direction has ended; the ready ones are meant.
        join([
            (is_ready, Readiness::READY),
            (is_ready && hup, Readiness::CLOSED),
            (error, Readiness::ERROR),
        ])
    };
    Fired {
        key: event.key,
        read: direction(event.readable),
        write: direction(event.writable),
    }
}

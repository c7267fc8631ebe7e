//! What the parking thread and all others share.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use executor_core::driver::{Interest, ParkState, Readiness, Source, Unpark, WakeList};

use crate::selector::{Fired, Selector};
use crate::table::{Entry, Table};

pub(crate) struct Hub<S> {
    pub(crate) selector: S,
    pub(crate) state: ParkState,
    table: Mutex<Table>,
}

impl<S: Selector> Hub<S> {
    pub(crate) fn new(selector: S) -> Self {
        Self {
            selector,
            state: ParkState::new(),
            table: Mutex::default(),
        }
    }

    /// The table, for as short a time as can be: the parking thread needs it for each event.
    pub(crate) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports events to their sources, and hands the wakers of those who waited to `wakes`.
    ///
    /// `scratch` is empty before and after; it only saves an allocation.
    pub(crate) fn report(&self, events: &[Fired], scratch: &mut Vec<Waker>, wakes: &mut WakeList) {
        if events.is_empty() {
            return;
        }
        let mut table = self.table();
        for event in events {
            let Some(entry) = table.entry(event.key) else {
                // Its registration has ended since the kernel saw it.
                continue;
            };
            report_to(&entry.source, event, scratch);
            if S::REPORTS_ONCE {
                self.keep_armed(entry, event, scratch);
            }
            for waker in scratch.drain(..) {
                wakes.push(entry.raw, waker);
            }
        }
    }

    /// A one-shot event disarms both directions, so the one that has not been reported is armed
    /// again.
    fn keep_armed(&self, entry: &mut Entry, event: &Fired, scratch: &mut Vec<Waker>) {
        entry.armed.remove(event);
        if entry.armed.is_empty() {
            return;
        }
        let armed = self.selector.arm(entry.descriptor, event.key, entry.armed);
        if armed.is_err() {
            // Nothing would be reported any more. Whoever waits tries again, waits again, and
            // gets the error from its own attempt to arm.
            let both = Fired {
                key: event.key,
                read: Some(Readiness::ERROR),
                write: Some(Readiness::ERROR),
            };
            entry.armed.remove(&both);
            report_to(&entry.source, &both, scratch);
        }
    }
}

impl<S: Selector> Unpark for Hub<S> {
    fn unpark(&self) {
        if self.state.notify() {
            self.selector.kick();
        }
    }
}

fn report_to(source: &Source, event: &Fired, wakers: &mut Vec<Waker>) {
    if let Some(readiness) = event.read {
        source.report(Interest::Readable, readiness, wakers);
    }
    if let Some(readiness) = event.write {
        source.report(Interest::Writable, readiness, wakers);
    }
}

//! Linux: one system call a wait.
//!
//! The set is this crate's own rather than `polling`'s, whose registrations cannot ask for
//! `RDHUP`. Without that bit, data and the end of a stream that arrive as one edge look like data
//! alone, and whoever stops after a short read waits for ever.
//!
//! Deadlines are kept by a timer in the set: a wait's own timeout is rounded to milliseconds
//! unless the kernel knows `epoll_pwait2`, which cannot be relied on. The timer is set when the
//! earliest deadline becomes earlier. One that becomes later leaves it alone: the timer then ends
//! a wait for no reason once, which is cheaper than a system call for each timeout that is
//! cancelled in time.
//!
//! Neither the timer nor the eventfd is ever read. Both are edge-triggered, and each expiry and
//! each write is an edge.

use std::io;
use std::mem::MaybeUninit;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use executor_core::driver::{ParkUntil, Readiness};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::io::{Errno, retry_on_intr, write};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

use super::{Fired, Interests, Selector, join};
use crate::Options;
use crate::registration::Enrolled;
use crate::table::{KICK_KEY, TIMER_KEY};

/// Both directions, the end of either, and out-of-band data.
const WATCHED: EventFlags = EventFlags::IN
    .union(EventFlags::PRI)
    .union(EventFlags::OUT)
    .union(EventFlags::RDHUP)
    .union(EventFlags::ET);

const ZERO: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 0,
};

pub(crate) struct Epoll {
    set: OwnedFd,
    kick: OwnedFd,
    timer: OwnedFd,
}

pub(crate) struct Memory {
    events: usize,
    /// When the timer will fire, unless it has.
    armed: Option<Instant>,
}

impl Selector for Epoll {
    type Memory = Memory;
    const REPORTS_ONCE: bool = false;

    fn open(events: NonZeroUsize) -> io::Result<(Self, Memory)> {
        let set = epoll::create(CreateFlags::CLOEXEC)?;
        let kick = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let timer = timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK,
        )?;
        for (fd, key) in [(&kick, KICK_KEY), (&timer, TIMER_KEY)] {
            epoll::add(&set, fd, data(key), EventFlags::IN | EventFlags::ET)?;
        }
        let memory = Memory {
            events: events.get(),
            armed: None,
        };
        Ok((Self { set, kick, timer }, memory))
    }

    fn add(&self, descriptor: Enrolled, key: usize) -> io::Result<()> {
        Ok(epoll::add(
            &self.set,
            descriptor.descriptor(),
            data(key),
            WATCHED,
        )?)
    }

    fn arm(&self, _: Enrolled, _: usize, _: Interests) -> io::Result<()> {
        // An edge-triggered registration goes on by itself.
        Ok(())
    }

    fn remove(&self, descriptor: Enrolled) -> io::Result<()> {
        Ok(epoll::delete(&self.set, descriptor.descriptor())?)
    }

    fn wait(
        &self,
        memory: &mut Memory,
        until: ParkUntil,
        fired: &mut Vec<Fired>,
    ) -> io::Result<bool> {
        let blocks = self.prepare(memory, until)?;
        let timeout = if blocks { None } else { Some(&ZERO) };
        let mut buffer = [const { MaybeUninit::uninit() }; Options::MAX_EVENTS.get()];
        // Each repetition is paid for by a signal. The deadline needs no thought: the timer
        // stays set.
        let (events, _) = loop {
            match epoll::wait(&self.set, &mut buffer[..memory.events], timeout) {
                Err(Errno::INTR) => {}
                other => break other?,
            }
        };
        fired.clear();
        for event in events.iter() {
            match event.data.u64() as usize {
                KICK_KEY => {}
                TIMER_KEY => memory.armed = None,
                key => fired.push(translate(key, event.flags)),
            }
        }
        Ok(events.len() == memory.events)
    }

    fn kick(&self) {
        let written = retry_on_intr(|| write(&self.kick, &1u64.to_ne_bytes()));
        // It fails only when the counter is full, after 2^64 kicks.
        debug_assert!(written.is_ok(), "the eventfd refuses a kick: {written:?}");
    }
}

impl Epoll {
    /// Sees to it that the timer ends the wait in time; `false` if the wait must not block.
    fn prepare(&self, memory: &mut Memory, until: ParkUntil) -> io::Result<bool> {
        let deadline = match until {
            ParkUntil::Now => return Ok(false),
            ParkUntil::Notified => return Ok(true),
            ParkUntil::Deadline(deadline) => deadline,
        };
        if memory.armed.is_some_and(|armed| armed <= deadline) {
            return Ok(true);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        self.set_timer(left)?;
        memory.armed = Some(deadline);
        Ok(true)
    }

    fn set_timer(&self, left: Duration) -> io::Result<()> {
        let setting = Itimerspec {
            it_interval: ZERO,
            // A time that the kernel's clock cannot express never comes.
            it_value: Timespec::try_from(left).unwrap_or(Timespec {
                tv_sec: i64::MAX,
                tv_nsec: 0,
            }),
        };
        timerfd_settime(self.timer.as_fd(), TimerfdTimerFlags::empty(), &setting)?;
        Ok(())
    }
}

fn data(key: usize) -> EventData {
    EventData::new_u64(key as u64)
}

fn translate(key: usize, flags: EventFlags) -> Fired {
    let hup = flags.contains(EventFlags::HUP);
    let error = flags.contains(EventFlags::ERR);
    let read = [
        (
            flags.intersects(EventFlags::IN | EventFlags::PRI),
            Readiness::READY,
        ),
        (flags.contains(EventFlags::PRI), Readiness::URGENT),
        // The peer writes no more. It may well go on reading, so this is no news for the writing
        // side.
        (hup || flags.contains(EventFlags::RDHUP), Readiness::CLOSED),
        (error, Readiness::ERROR),
    ];
    let write = [
        (flags.contains(EventFlags::OUT), Readiness::READY),
        (hup, Readiness::CLOSED),
        (error, Readiness::ERROR),
    ];
    Fired {
        key,
        read: join(read),
        write: join(write),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(flags: EventFlags) -> (Option<Readiness>, Option<Readiness>) {
        let fired = translate(7, flags);
        assert_eq!(fired.key, 7);
        (fired.read, fired.write)
    }

    #[test]
    fn each_bit_reaches_the_directions_that_it_concerns() {
        let (ready, closed, error) = (Readiness::READY, Readiness::CLOSED, Readiness::ERROR);
        assert_eq!(both(EventFlags::IN), (Some(ready), None));
        let urgent = ready.and(Readiness::URGENT);
        assert_eq!(both(EventFlags::PRI), (Some(urgent), None));
        assert_eq!(both(EventFlags::OUT), (None, Some(ready)));
        assert_eq!(both(EventFlags::RDHUP), (Some(closed), None));
        assert_eq!(both(EventFlags::HUP), (Some(closed), Some(closed)));
        assert_eq!(both(EventFlags::ERR), (Some(error), Some(error)));
        assert_eq!(
            both(EventFlags::IN | EventFlags::RDHUP | EventFlags::OUT),
            (Some(ready.and(closed)), Some(ready))
        );
        assert_eq!(both(EventFlags::empty()), (None, None));
    }

    #[test]
    fn the_timer_is_set_only_when_the_deadline_becomes_earlier() {
        let (epoll, mut memory) = Epoll::open(Options::MAX_EVENTS).unwrap();
        let hours = |n: u64| Instant::now() + Duration::from_secs(3600 * n);
        let (near, far, farther) = (hours(1), hours(2), hours(3));
        let mut armed_after = |deadline| {
            assert!(epoll.prepare(&mut memory, deadline).unwrap());
            memory.armed.unwrap()
        };
        assert_eq!(armed_after(ParkUntil::Deadline(far)), far);
        assert_eq!(armed_after(ParkUntil::Deadline(farther)), far);
        assert_eq!(armed_after(ParkUntil::Notified), far);
        assert_eq!(armed_after(ParkUntil::Deadline(near)), near);
        assert_eq!(armed_after(ParkUntil::Deadline(far)), near);
    }

    #[test]
    fn a_deadline_beyond_the_clock_does_not_fire() {
        let (epoll, mut memory) = Epoll::open(Options::MAX_EVENTS).unwrap();
        epoll.set_timer(Duration::MAX).unwrap();
        let mut fired = Vec::new();
        memory.armed = Some(Instant::now());
        epoll.wait(&mut memory, ParkUntil::Now, &mut fired).unwrap();
        assert!(memory.armed.is_some(), "the timer has fired");
    }

    #[test]
    fn a_timer_set_for_an_earlier_deadline_is_set_again_for_the_later_one() {
        let (epoll, mut memory) = Epoll::open(Options::MAX_EVENTS).unwrap();
        let start = Instant::now();
        let [earlier, later] = [2, 4].map(|millis| start + Duration::from_millis(millis));
        epoll
            .prepare(&mut memory, ParkUntil::Deadline(earlier))
            .unwrap();
        let mut fired = Vec::new();
        let mut waits = 0;
        while Instant::now() < later {
            epoll
                .wait(&mut memory, ParkUntil::Deadline(later), &mut fired)
                .unwrap();
            waits += 1;
        }
        assert!(waits <= 2, "{waits} waits for one deadline");
        assert!(fired.is_empty(), "the timer is no source");
    }
}

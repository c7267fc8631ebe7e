//! What policies and tools may see of a task.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::{Duration, Instant};

use super::error::CancelReason;
use super::origin::{Deadline, Extra, Origin};
use super::{GroupId, TaskOptions, with_header};
use crate::runtime::{Core, CoreRef};

/// Names a task; never used twice in a process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(u64);

impl TaskId {
    /// How many ids a thread takes at a time.
    pub(super) const BLOCK: u64 = 1024;

    pub(crate) const fn new(id: u64) -> Self {
        Self(id)
    }

    /// A fresh name, from this thread's block of them.
    pub(crate) fn next() -> Self {
        static BLOCKS: AtomicU64 = AtomicU64::new(0);
        thread_local! {
            static NEXT: Cell<u64> = const { Cell::new(0) };
        }
        NEXT.with(|next| {
            let mut id = next.get();
            if id % Self::BLOCK == 0 {
                // Relaxed: the number is all that matters. Id 0 is never given out.
                id = BLOCKS.fetch_add(1, Relaxed) * Self::BLOCK + 1;
            }
            next.set(id + 1);
            Self(id)
        })
    }

    /// The number behind the name; ids are given out in ascending blocks.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.0)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskId({})", self.0)
    }
}

/// What policies and tools may see of a task.
///
/// It lies in the task's own allocation, in 48 bytes. The two [words](TaskHeader::word) belong to
/// the policy, so that a virtual time or a count of polls needs no table beside the tasks. A
/// name, a weight other than 1 and a deadline cost the task that has one an allocation more.
pub struct TaskHeader {
    core: CoreRef,
    origin: Origin,
    words: [AtomicU64; 2],
    /// From the lowest bit: 8 flags, 8 bits of priority, 48 of id. Only the flags change.
    id_priority_flags: AtomicU64,
    group: GroupId,
    slot: AtomicU32,
}

/// What a task inherits from the one that spawns it.
///
/// It is small enough for registers; weight and deadline, which few tasks have, are looked up.
#[derive(Clone, Copy, Default)]
pub(crate) struct Heritage {
    priority_bits: u64,
    group: GroupId,
    has_extra: bool,
}

/// The task must be dropped rather than polled; the bits above say why.
const ABORTED: u64 = 1;
const REASON_SHIFT: u32 = 1;
const REASON: u64 = 0b111 << REASON_SHIFT;
const PRIORITY_SHIFT: u32 = 8;
const PRIORITY: u64 = 0xff << PRIORITY_SHIFT;
const ID_SHIFT: u32 = 16;

const UNREGISTERED: u32 = u32::MAX;

impl TaskHeader {
    /// The header of a task of `core`'s runtime, if it has one; what `options` leaves open is
    /// inherited. What is given is taken out of `options`.
    #[inline]
    pub(crate) fn new(
        core: Option<&Arc<Core>>,
        location: &'static Location<'static>,
        options: Option<&mut TaskOptions>,
        heritage: Heritage,
    ) -> Self {
        let id = TaskId::next().get() << ID_SHIFT;
        let mut header = Self {
            core: CoreRef::new(core),
            origin: Origin::plain(location),
            words: [AtomicU64::new(0), AtomicU64::new(0)],
            id_priority_flags: AtomicU64::new(id | heritage.priority_bits),
            group: heritage.group,
            slot: AtomicU32::new(UNREGISTERED),
        };
        if options.is_some() || heritage.has_extra {
            let options = options.map(std::mem::take).unwrap_or_default();
            header.add_options(core, options, heritage.has_extra);
        }
        header
    }

    /// What the tasks inherit that this one spawns.
    #[inline]
    pub(crate) fn heritage(&self) -> Heritage {
        Heritage {
            priority_bits: self.priority_bits(),
            group: self.group,
            has_extra: self.origin.extra().is_some(),
        }
    }

    /// Adds what was given, and what is inherited beside priority and group.
    #[cold]
    fn add_options(&mut self, core: Option<&Arc<Core>>, options: TaskOptions, inherits: bool) {
        if let Some(priority) = options.priority {
            let word = self.id_priority_flags.get_mut();
            *word = (*word & !PRIORITY) | (u64::from(priority) << PRIORITY_SHIFT);
        }
        self.group = options.group.unwrap_or(self.group);
        if !inherits && !options.needs_extra() {
            return;
        }
        let location = self.origin.location();
        self.origin = with_header(|parent| {
            let inherited = parent.and_then(|parent| parent.origin.extra());
            let weight = options.weight.or(inherited.map(|extra| extra.weight));
            let inherited = inherited.and_then(|extra| extra.deadline);
            let deadline = options.deadline.or(inherited.map(|deadline| deadline.at));
            Origin::extended(Box::new(Extra {
                location,
                name: options.name,
                weight: weight.unwrap_or(1),
                deadline: deadline.zip(core).map(|(at, core)| Deadline {
                    at,
                    nanos: core.nanos(at),
                }),
            }))
        });
    }

    fn priority_bits(&self) -> u64 {
        // Relaxed: the priority never changes.
        self.id_priority_flags.load(Relaxed) & PRIORITY
    }

    /// The task's name among all tasks of the process.
    pub fn id(&self) -> TaskId {
        // Relaxed: the id never changes.
        TaskId(self.id_priority_flags.load(Relaxed) >> ID_SHIFT)
    }

    /// Where the task was spawned.
    pub fn location(&self) -> &'static Location<'static> {
        self.origin.location()
    }

    /// The name that was given in [`TaskOptions::name`].
    pub fn name(&self) -> Option<&str> {
        self.origin.extra().and_then(|extra| extra.name.as_deref())
    }

    /// How urgent the task is; greater is more urgent.
    pub fn priority(&self) -> u8 {
        // The cast keeps the eight bits that are left.
        (self.priority_bits() >> PRIORITY_SHIFT) as u8
    }

    /// The task's share relative to others; at least 1.
    pub fn weight(&self) -> u32 {
        self.origin.extra().map_or(1, |extra| extra.weight)
    }

    /// The group that the task belongs to.
    pub fn group(&self) -> GroupId {
        self.group
    }

    /// How long after the runtime's [epoch](crate::Handle::epoch) the task should have finished.
    pub fn deadline(&self) -> Option<Duration> {
        let deadline = self.origin.extra().and_then(|extra| extra.deadline);
        deadline.map(|deadline| Duration::from_nanos(deadline.nanos))
    }

    /// The deadline as an instant, given the runtime's [epoch](crate::Handle::epoch).
    pub fn deadline_after(&self, epoch: Instant) -> Option<Instant> {
        self.deadline().and_then(|after| epoch.checked_add(after))
    }

    /// Reads one of the policy's two words; they begin at 0.
    ///
    /// The words are relaxed atomics: a policy that shares them between threads must order its
    /// own accesses.
    ///
    /// # Panics
    ///
    /// If `index` is neither 0 nor 1.
    pub fn word(&self, index: usize) -> u64 {
        self.words[index].load(Relaxed)
    }

    /// Writes one of the policy's two words.
    ///
    /// # Panics
    ///
    /// If `index` is neither 0 nor 1.
    pub fn set_word(&self, index: usize, value: u64) {
        self.words[index].store(value, Relaxed);
    }

    pub(crate) fn core(&self) -> &CoreRef {
        &self.core
    }

    /// The task's place in its loop's registry, once it has one.
    pub(crate) fn slot(&self) -> Option<usize> {
        // Written when the task is registered, before anybody else sees it.
        let slot = self.slot.load(Relaxed);
        (slot != UNREGISTERED).then_some(slot as usize)
    }

    pub(crate) fn set_slot(&self, slot: usize) {
        let slot = u32::try_from(slot).expect("more live tasks than 32 bits can number");
        self.slot.store(slot, Relaxed);
    }

    /// Asks that the task be dropped rather than polled; the first reason stays.
    pub(crate) fn abort(&self, reason: CancelReason) {
        let bits = ABORTED | ((reason as u64) << REASON_SHIFT);
        // Release pairs with the Acquire in `abort_reason`; a failure means that somebody else
        // has asked already, or that another flag changed, which is tried again.
        let _ = self
            .id_priority_flags
            .fetch_update(Release, Relaxed, |flags| {
                (flags & ABORTED == 0).then_some(flags | bits)
            });
    }

    /// Why the task must be dropped rather than polled, if it must.
    #[inline]
    pub(crate) fn abort_reason(&self) -> Option<CancelReason> {
        // Acquire pairs with the Release in `abort`.
        let flags = self.id_priority_flags.load(Acquire);
        (flags & ABORTED != 0).then_some(match (flags & REASON) >> REASON_SHIFT {
            0 => CancelReason::Aborted,
            1 => CancelReason::ShutDown,
            2 => CancelReason::NoRuntime,
            3 => CancelReason::NotOnLoop,
            4 => CancelReason::NoThread,
            _ => CancelReason::NoWorker,
        })
    }
}

impl fmt::Debug for TaskHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskHeader")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("location", &format_args!("{}", self.location()))
            .field("priority", &self.priority())
            .field("weight", &self.weight())
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}

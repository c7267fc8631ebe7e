//! What policies and tools may see of a task.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64};
use std::time::{Duration, Instant};

use super::error::CancelReason;
use super::{GroupId, TaskOptions};
use crate::runtime::{Core, CoreRef};

/// Names a task; never used twice in a process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(u64);

impl TaskId {
    pub(crate) const fn new(id: u64) -> Self {
        Self(id)
    }

    /// A fresh name, from this thread's block of them.
    pub(crate) fn next() -> Self {
        static BLOCKS: AtomicU64 = AtomicU64::new(0);
        const BLOCK: u64 = 1024;
        thread_local! {
            static NEXT: Cell<u64> = const { Cell::new(0) };
        }
        NEXT.with(|next| {
            let mut id = next.get();
            if id % BLOCK == 0 {
                // Relaxed: the number is all that matters. Id 0 is never given out.
                id = BLOCKS.fetch_add(1, Relaxed) * BLOCK + 1;
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
/// It lies in the task's own allocation. The two [words](TaskHeader::word) belong to the policy,
/// so that a virtual time or a count of polls needs no table beside the tasks.
pub struct TaskHeader {
    core: CoreRef,
    id: TaskId,
    location: &'static Location<'static>,
    name: Option<Box<Cow<'static, str>>>,
    /// Nanoseconds after the runtime's epoch; `u64::MAX` where none is set.
    deadline: u64,
    words: [AtomicU64; 2],
    group: GroupId,
    weight: u32,
    slot: AtomicU32,
    flags: AtomicU8,
    priority: u8,
}

/// The task must be dropped rather than polled; the bits above say why.
const ABORTED: u8 = 1;
const REASON_SHIFT: u8 = 1;
const REASON: u8 = 0b111 << REASON_SHIFT;
/// The task runs on the blocking pool rather than on a loop.
const BLOCKING: u8 = 1 << 4;

const UNREGISTERED: u32 = u32::MAX;
const NO_DEADLINE: u64 = u64::MAX;

impl TaskHeader {
    /// The header of a task of `core`'s runtime, if it has one; what `options` leaves open comes from `parent`.
    pub(crate) fn new(
        core: Option<&Arc<Core>>,
        id: TaskId,
        location: &'static Location<'static>,
        options: TaskOptions,
        parent: Option<&TaskHeader>,
    ) -> Self {
        let deadline = match options.deadline {
            Some(deadline) => core.map_or(NO_DEADLINE, |core| core.nanos(deadline)),
            None => parent.map_or(NO_DEADLINE, |parent| parent.deadline),
        };
        Self {
            core: CoreRef::new(core),
            id,
            location,
            name: options.name.map(Box::new),
            deadline,
            words: [AtomicU64::new(0), AtomicU64::new(0)],
            group: options
                .group
                .or(parent.map(|p| p.group))
                .unwrap_or_default(),
            weight: options.weight.or(parent.map(|p| p.weight)).unwrap_or(1),
            slot: AtomicU32::new(UNREGISTERED),
            flags: AtomicU8::new(0),
            priority: options.priority.or(parent.map(|p| p.priority)).unwrap_or(0),
        }
    }

    /// Marks the header as that of a task for the blocking pool.
    pub(crate) fn on_blocking_pool(mut self) -> Self {
        *self.flags.get_mut() |= BLOCKING;
        self
    }

    /// The task's name among all tasks of the process.
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// Where the task was spawned.
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// The name that was given in [`TaskOptions::name`].
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref().map(|name| &**name)
    }

    /// How urgent the task is; greater is more urgent.
    pub fn priority(&self) -> u8 {
        self.priority
    }

    /// The task's share relative to others; at least 1.
    pub fn weight(&self) -> u32 {
        self.weight
    }

    /// The group that the task belongs to.
    pub fn group(&self) -> GroupId {
        self.group
    }

    /// How long after the runtime's [epoch](crate::Handle::epoch) the task should have finished.
    pub fn deadline(&self) -> Option<Duration> {
        (self.deadline != NO_DEADLINE).then(|| Duration::from_nanos(self.deadline))
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
        // Only the owning loop's thread reads and writes the slot.
        let slot = self.slot.load(Relaxed);
        (slot != UNREGISTERED).then_some(slot as usize)
    }

    pub(crate) fn set_slot(&self, slot: usize) {
        let slot = u32::try_from(slot).expect("more live tasks than 32 bits can number");
        self.slot.store(slot, Relaxed);
    }

    /// Asks that the task be dropped rather than polled; the first reason stays.
    pub(crate) fn abort(&self, reason: CancelReason) {
        let bits = ABORTED | ((reason as u8) << REASON_SHIFT);
        // Release pairs with the Acquire in `abort_reason`; a failure means that somebody else
        // has asked already, or that another flag changed, which is tried again.
        let _ = self.flags.fetch_update(Release, Relaxed, |flags| {
            (flags & ABORTED == 0).then_some(flags | bits)
        });
    }

    /// Why the task must be dropped rather than polled, if it must.
    #[inline]
    pub(crate) fn abort_reason(&self) -> Option<CancelReason> {
        // Acquire pairs with the Release in `abort`.
        let flags = self.flags.load(Acquire);
        (flags & ABORTED != 0).then(|| match (flags & REASON) >> REASON_SHIFT {
            0 => CancelReason::Aborted,
            1 => CancelReason::ShutDown,
            2 => CancelReason::NoRuntime,
            3 => CancelReason::NotOnLoop,
            _ => CancelReason::NoThread,
        })
    }

    pub(crate) fn is_blocking(&self) -> bool {
        self.flags.load(Relaxed) & BLOCKING != 0
    }
}

impl fmt::Debug for TaskHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskHeader")
            .field("id", &self.id)
            .field("name", &self.name())
            .field("location", &format_args!("{}", self.location))
            .field("priority", &self.priority)
            .field("weight", &self.weight)
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}

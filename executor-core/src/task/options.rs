//! What the spawner may tell the policy about a task.

use std::borrow::Cow;
use std::time::Instant;

/// A set of tasks that a policy treats as one, for instance a tenant.
///
/// `GroupId(0)` is the group of every task that was given none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub u32);

/// What a spawner may say about a task: a name for people, and hints for the policy.
///
/// What is not given is inherited from the task that spawns, the name excepted; outside of any
/// task the defaults are priority 0, weight 1, no deadline, group 0. Policies decide what the
/// hints mean; FIFO ignores them.
///
/// ```
/// use executor_core::task::{GroupId, TaskOptions};
///
/// let options = TaskOptions::new().name("checkout").priority(7).group(GroupId(3));
/// assert_eq!(options.get_name(), Some("checkout"));
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "options do nothing until they are given to `spawn_with`"]
pub struct TaskOptions {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) priority: Option<u8>,
    pub(crate) weight: Option<u32>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) group: Option<GroupId>,
}

impl TaskOptions {
    /// Options that say nothing: everything is inherited.
    pub const fn new() -> Self {
        Self {
            name: None,
            priority: None,
            weight: None,
            deadline: None,
            group: None,
        }
    }

    /// A name for people and tools.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How urgent the task is; greater is more urgent.
    pub const fn priority(mut self, priority: u8) -> Self {
        self.priority = Some(priority);
        self
    }

    /// The task's share relative to others; 0 counts as 1.
    pub const fn weight(mut self, weight: u32) -> Self {
        self.weight = Some(if weight == 0 { 1 } else { weight });
        self
    }

    /// When the task should have finished. Nothing happens by itself when it passes.
    pub const fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The group that the task belongs to.
    pub const fn group(mut self, group: GroupId) -> Self {
        self.group = Some(group);
        self
    }

    /// Whether a task with these options needs more than its header has room for.
    pub(crate) fn needs_extra(&self) -> bool {
        self.name.is_some() || self.weight.is_some_and(|w| w != 1) || self.deadline.is_some()
    }

    /// The name, where one was given.
    pub fn get_name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

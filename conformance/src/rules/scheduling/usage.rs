//! What this process takes from the machine.

use std::fs;
use std::time::Duration;

/// What this process has used since it began.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    /// Processor time of all threads.
    pub(crate) cpu: Duration,
    /// How often a thread went to sleep, and so was woken.
    pub(crate) wakeups: u64,
}

impl Usage {
    /// More than any.
    pub(crate) const MOST: Self = Self {
        cpu: Duration::MAX,
        wakeups: u64::MAX,
    };

    /// What was used up to now; `None` where the system does not tell.
    pub(crate) fn now() -> Option<Self> {
        let mut sum = Self {
            cpu: Duration::ZERO,
            wakeups: 0,
        };
        for thread in fs::read_dir("/proc/self/task").ok()? {
            let folder = thread.ok()?.path();
            let times = match fs::read_to_string(folder.join("schedstat")) {
                Ok(times) => times,
                // It has just ended.
                Err(_) if !folder.exists() => continue,
                Err(_) => return None,
            };
            let status = fs::read_to_string(folder.join("status")).unwrap_or_default();
            let nanos = times.split_whitespace().next()?.parse().ok()?;
            let wakeups = status
                .lines()
                .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))
                .and_then(|count| count.trim().parse().ok());
            sum.cpu += Duration::from_nanos(nanos);
            sum.wakeups += wakeups.unwrap_or(0);
        }
        Some(sum)
    }

    /// What was used since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(earlier.cpu),
            wakeups: self.wakeups.saturating_sub(earlier.wakeups),
        }
    }

    /// The less of each.
    pub(crate) fn min(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.min(other.cpu),
            wakeups: self.wakeups.min(other.wakeups),
        }
    }
}

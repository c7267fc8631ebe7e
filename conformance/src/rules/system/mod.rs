//! What only the operating system can do, for the rules about faults.
//!
//! Where a system lacks something, the function says `None`, and the rule that wanted it is
//! skipped or checks less.

#[cfg_attr(not(unix), path = "other.rs")]
mod unix;

use std::fs;
use std::time::{Duration, Instant};

pub(super) use unix::{AddressSpace, Descriptors, Refusing, SignalStorm, disconnect};

/// How much processor time this process may use while nothing happens, as a part of that time.
///
/// A loop that spins uses all of it, and one that is idle nearly nothing.
const IDLE_PART: u32 = 2;

/// Measures whether the process spins from its creation until [`is_idle`](Self::check).
pub(super) struct Idleness {
    began: Instant,
    used: Option<Duration>,
}

impl Idleness {
    pub(super) fn measure() -> Self {
        Self {
            began: Instant::now(),
            used: unix::processor_time(),
        }
    }

    /// Panics if the process was busy most of the time.
    pub(super) fn check(self, state: &str) {
        let (Some(before), Some(now)) = (self.used, unix::processor_time()) else {
            return;
        };
        let took = self.began.elapsed();
        let used = now.saturating_sub(before);
        assert!(
            used < took / IDLE_PART,
            "the executor spins {state}: it used {used:?} of processor time in {took:?}"
        );
    }
}

/// The descriptors of this process by number, with whether each is closed by `exec`; `None` where
/// the system does not tell.
pub(super) fn descriptors() -> Option<Vec<(u32, bool)>> {
    const CLOSE_ON_EXEC: u32 = 0o2_000_000;
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc/self/fdinfo").ok()?.flatten() {
        let number = entry.file_name().to_str()?.parse().ok()?;
        // The descriptor by which the folder is read is gone before its entry can be.
        let Ok(info) = fs::read_to_string(entry.path()) else {
            continue;
        };
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
        let flags = u32::from_str_radix(flags.trim(), 8).ok()?;
        found.push((number, flags & CLOSE_ON_EXEC != 0));
    }
    Some(found)
}

/// What a descriptor is, as the system names it.
pub(super) fn descriptor_name(number: u32) -> String {
    let target = fs::read_link(format!("/proc/self/fd/{number}"));
    target.map_or_else(|error| error.to_string(), |path| path.display().to_string())
}

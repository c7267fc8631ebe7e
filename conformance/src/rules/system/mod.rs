//! What only the operating system can do, for the rules about faults.
//!
//! Where a system lacks something, the function says `None`, and the rule that wanted it is
//! skipped or checks less.

#[cfg_attr(not(unix), path = "other.rs")]
mod unix;

use std::fs;
use std::time::{Duration, Instant};

pub(super) use unix::{AddressSpace, Descriptors, Full, Refusing, SignalStorm, disconnect};

/// Which part of a time in which nothing happens this process may spend at work.
///
/// An idle loop spends nearly nothing; one that spins spends all that it gets, which on a busy
/// machine is not all there is.
const IDLE_PART: u32 = 10;

/// Measures whether the process spins, from the creation of this until its [`check`](Self::check).
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

    /// Panics if the process was busy.
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

/// A descriptor of this process.
#[derive(Debug)]
pub(super) struct Descriptor {
    pub(super) number: u32,
    /// What it is, as the system names it.
    pub(super) name: String,
    pub(super) close_on_exec: bool,
}

/// The descriptors of this process; `None` where the system does not tell.
pub(super) fn descriptors() -> Option<Vec<Descriptor>> {
    const CLOSE_ON_EXEC: u32 = 0o2_000_000;
    // Names, not entries: these would keep the folder open, by a descriptor more.
    let names = fs::read_dir("/proc/self/fd").ok()?.flatten();
    let names: Vec<_> = names.map(|entry| entry.file_name()).collect();
    let mut found = Vec::new();
    for name in names {
        let number: u32 = name.to_str()?.parse().ok()?;
        let Ok(name) = fs::read_link(format!("/proc/self/fd/{number}")) else {
            continue;
        };
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{number}")).ok()?;
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
        let flags = u32::from_str_radix(flags.trim(), 8).ok()?;
        found.push(Descriptor {
            number,
            name: name.display().to_string(),
            close_on_exec: flags & CLOSE_ON_EXEC != 0,
        });
    }
    Some(found)
}

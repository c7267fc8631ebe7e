//! Makes a history that fails shorter.

use std::time::{Duration, Instant};

use super::histories::{Act, Op};
use super::run::run;
use crate::adapter::Spawn;
use crate::harness::Settings;

/// The shortest history found that fails, and how it does.
///
/// Whole runs of operations are left out first, then single ones, then acts of scripts. A race may
/// hide, so that each attempt is made a few times; and what was found with little patience must
/// fail with more, or the history is given as it was.
pub(super) fn shrink<E: Spawn>(history: Vec<Op>, reason: String) -> (Vec<Op>, String) {
    let mut search = Search::<E> {
        shortest: history.clone(),
        until: Instant::now() + Settings::from_env().timeout / 4,
        executor: std::marker::PhantomData,
    };
    search.leave_out_operations();
    search.leave_out_acts();
    match search.reason(None) {
        Some(reason) => (search.shortest, reason),
        None => (history, reason),
    }
}

struct Search<E> {
    shortest: Vec<Op>,
    until: Instant,
    executor: std::marker::PhantomData<fn() -> E>,
}

impl<E: Spawn> Search<E> {
    fn leave_out_operations(&mut self) {
        let mut chunk = self.shortest.len().div_ceil(2);
        while chunk > 0 {
            let mut start = 0;
            while start < self.shortest.len() {
                let mut candidate = self.shortest.clone();
                candidate.drain(start..(start + chunk).min(candidate.len()));
                if !self.take(candidate) {
                    start += chunk;
                }
            }
            chunk /= 2;
        }
    }

    fn leave_out_acts(&mut self) {
        for place in 0..self.shortest.len() {
            let mut act = 0;
            while let Op::Spawn(script) = &self.shortest[place] {
                if act >= script.len() {
                    break;
                }
                let mut shorter: Vec<Act> = script.clone();
                shorter.remove(act);
                let mut candidate = self.shortest.clone();
                candidate[place] = Op::Spawn(shorter);
                if !self.take(candidate) {
                    act += 1;
                }
            }
        }
    }

    /// Takes the candidate for the shortest, if it fails.
    fn take(&mut self, candidate: Vec<Op>) -> bool {
        const ATTEMPTS: usize = 3;
        const PATIENCE: Duration = Duration::from_millis(200);
        let fails = (0..ATTEMPTS)
            .any(|_| Instant::now() < self.until && run::<E>(&candidate, Some(PATIENCE)).is_err());
        if fails {
            self.shortest = candidate;
        }
        fails
    }

    /// How the shortest fails.
    fn reason(&self, patience: Option<Duration>) -> Option<String> {
        const ATTEMPTS: usize = 20;
        (0..ATTEMPTS).find_map(|_| run::<E>(&self.shortest, patience).err())
    }
}

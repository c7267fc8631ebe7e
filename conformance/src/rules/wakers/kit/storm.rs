//! Threads that wake at the moment when an executor is about to go idle.

use std::thread::{self, JoinHandle};

use super::{Bell, joined, spin};
use crate::Case;

/// Bells, each rung by a thread of its own as soon as it is awaited, or a little later.
pub(crate) struct Storm {
    pub(crate) bells: Vec<Bell>,
    pub(crate) rounds: usize,
    threads: Vec<JoinHandle<()>>,
}

impl Storm {
    /// Starts ringing; each of `bells` bells rings `rounds` times.
    pub(crate) fn start(case: &Case, bells: usize, rounds: usize) -> Self {
        let bells: Vec<Bell> = (0..bells).map(|_| Bell::default()).collect();
        let threads = bells.iter().enumerate().map(|(stream, bell)| {
            let bell = bell.clone();
            let mut rng = case.rng(stream as u64);
            thread::spawn(move || {
                for round in 1..=rounds {
                    bell.until_awaited(round);
                    linger(&mut rng);
                    bell.ring();
                }
            })
        });
        Self {
            threads: threads.collect(),
            rounds,
            bells,
        }
    }

    /// Waits for every ring of a bell, as a task or a root.
    pub(crate) async fn hear(bell: Bell, rounds: usize) {
        for round in 1..=rounds {
            bell.heard(round).await;
        }
    }

    /// Waits for the threads.
    ///
    /// # Panics
    ///
    /// If a wake panicked.
    pub(crate) fn end(self) {
        for thread in self.threads {
            joined(thread);
        }
    }
}

/// Lets a random time pass, from nothing to what an executor takes to fall asleep.
pub(crate) fn linger(rng: &mut fastrand::Rng) {
    let longest = 1 << rng.u32(0..13);
    spin(rng.usize(0..longest));
}

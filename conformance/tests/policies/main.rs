//! The rules of group Q: correct policies pass them all, and each broken one fails by the rule
//! that names its fault.

mod broken;
mod mutants;
mod orders;

use std::time::{Duration, Instant};

use executor_core::{Fifo, PopContext, PushContext, Ready, Scheduler};

mod fifo {
    executor_conformance::scheduler_suite!(executor_core::Fifo);
}

mod strict {
    use super::Fifo;
    executor_conformance::scheduler_suite!(Fifo => Fifo::strict());
}

mod lifo {
    executor_conformance::scheduler_suite!(super::Lifo);
}

mod random {
    executor_conformance::scheduler_suite!(super::Random);
}

mod urgent {
    executor_conformance::scheduler_suite!(super::Urgent);
}

mod holding_back {
    executor_conformance::scheduler_suite!(super::HoldingBack);
}

/// The latest first.
#[derive(Default)]
struct Lifo(Vec<Ready>);

impl Scheduler for Lifo {
    fn push(&mut self, task: Ready, _: &PushContext<'_>) {
        self.0.push(task);
    }

    fn pop(&mut self, _: &PopContext<'_>) -> Option<Ready> {
        self.0.pop()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// Any of them, by a generator of fixed seed.
struct Random(Vec<Ready>, fastrand::Rng);

impl Default for Random {
    fn default() -> Self {
        Self(Vec::new(), fastrand::Rng::with_seed(1))
    }
}

impl Scheduler for Random {
    fn push(&mut self, task: Ready, _: &PushContext<'_>) {
        self.0.push(task);
    }

    fn pop(&mut self, _: &PopContext<'_>) -> Option<Ready> {
        let picked = self.1.usize(..self.0.len().max(1));
        (picked < self.0.len()).then(|| self.0.swap_remove(picked))
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// The most urgent first.
#[derive(Default)]
struct Urgent(Vec<Ready>);

impl Scheduler for Urgent {
    fn push(&mut self, task: Ready, _: &PushContext<'_>) {
        let at = self
            .0
            .partition_point(|other| other.priority() < task.priority());
        self.0.insert(at, task);
    }

    fn pop(&mut self, _: &PopContext<'_>) -> Option<Ready> {
        self.0.pop()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// Each task in turn, but not before it has waited for a while.
#[derive(Default)]
struct HoldingBack(std::collections::VecDeque<(Instant, Ready)>);

impl Scheduler for HoldingBack {
    const NEEDS_CLOCK: bool = true;

    fn push(&mut self, task: Ready, cx: &PushContext<'_>) {
        self.0
            .push_back((cx.now() + Duration::from_micros(20), task));
    }

    fn pop(&mut self, cx: &PopContext<'_>) -> Option<Ready> {
        let (at, _) = self.0.front()?;
        (*at <= cx.now()).then(|| self.0.pop_front().map(|(_, task)| task))?
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn wake_at(&self) -> Option<Instant> {
        self.0.front().map(|(at, _)| *at)
    }
}

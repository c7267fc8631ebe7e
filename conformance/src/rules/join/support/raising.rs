//! Panics that a rule causes, and what becomes of them.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use super::{Tally, Token};
use crate::Executor;

/// The payload of the panics that rules cause.
const EXPECTED: &str = "a panic that the rule expects";

/// Panics with [`EXPECTED`], without a message of the panic hook: hundreds would hide what matters.
pub(in crate::rules) fn raise() -> ! {
    resume_unwind(Box::new(EXPECTED))
}

/// Whether a panic is one of the rule's: of [`raise`], or with a value that is watched.
pub(in crate::rules) fn is_expected(payload: &(dyn Any + Send)) -> bool {
    let raised = payload.downcast_ref::<&str>() == Some(&EXPECTED);
    raised || payload.is::<Token>() || payload.is::<Bomb>()
}

/// Runs `root`, and fails if a panic that the rule caused elsewhere comes out of `block_on`.
pub(in crate::rules) fn contained<E: Executor, F: Future>(
    executor: &mut E,
    what: &str,
    root: F,
) -> F::Output {
    match catch_unwind(AssertUnwindSafe(|| executor.block_on(root))) {
        Ok(output) => output,
        Err(payload) if is_expected(&*payload) => panic!("{what} came out of `block_on`"),
        Err(payload) => resume_unwind(payload),
    }
}

/// Runs a root, again and again while panics that the rule caused elsewhere come out of `block_on`.
///
/// That they should not is a rule of its own; another rule looks beyond it.
pub(in crate::rules) fn persist<E: Executor, F: Future>(
    executor: &mut E,
    mut root: impl FnMut() -> F,
) -> F::Output {
    const ATTEMPTS: usize = 1_000;
    for _ in 0..ATTEMPTS {
        match catch_unwind(AssertUnwindSafe(|| executor.block_on(root()))) {
            Ok(output) => return output,
            Err(payload) if is_expected(&*payload) => {}
            Err(payload) => resume_unwind(payload),
        }
    }
    panic!("`block_on` panicked {ATTEMPTS} times, more often than anything panicked")
}

/// A value whose drop is counted, and panics unless the thread panics already.
pub(in crate::rules) struct Bomb(Tally);

impl Bomb {
    pub(in crate::rules) fn new(bursts: &Tally) -> Self {
        Self(bursts.clone())
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.add();
        // A panic while the thread unwinds would end the process, and not by the executor's fault.
        if !thread::panicking() {
            raise();
        }
    }
}

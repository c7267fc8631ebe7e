//! pollster, which has a `block_on` and nothing else.

use std::future::Future;

use executor_conformance::Executor;

pub(crate) struct Pollster;

impl Executor for Pollster {
    const NAME: &'static str = "pollster";
    type Handle = ();

    fn new() -> Self {
        Self
    }

    fn handle(&self) {}

    fn block_on<F: Future>(&mut self, root: F) -> F::Output {
        pollster::block_on(root)
    }
}

//! What the tests of both ways to wait share.

#[allow(dead_code, reason = "each test binary uses a part of it")]
mod watched;

use std::sync::Arc;
use std::time::{Duration, Instant};

use executor_core::driver::{Park, ParkUntil, Reactor, WakeList};
use reactor::{Driver, Options};

#[allow(unused_imports, reason = "each test binary uses a part of it")]
pub(crate) use watched::{Count, Watched};

/// How long a test waits for what must come. Only a failing test waits that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A driver, and the part of a loop that calls wakers.
pub(crate) struct Turner {
    driver: Driver,
    wakes: WakeList,
}

#[allow(dead_code, reason = "each test binary uses a part of it")]
impl Turner {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            driver: Driver::new(options).unwrap(),
            wakes: WakeList::new(),
        }
    }

    pub(crate) fn driver(&self) -> &Driver {
        &self.driver
    }

    pub(crate) fn into_driver(self) -> Driver {
        self.driver
    }

    pub(crate) fn reactor(&self) -> Arc<dyn Reactor> {
        self.driver.reactor()
    }

    /// Parks once, and calls the wakers.
    pub(crate) fn park(&mut self, until: ParkUntil) {
        self.driver.park(until, &mut self.wakes).unwrap();
        self.wakes.drain().for_each(|(_, waker)| waker.wake());
    }

    /// Looks, and goes on while there is news: what has happened before is known afterwards.
    pub(crate) fn settle(&mut self) {
        loop {
            self.driver.park(ParkUntil::Now, &mut self.wakes).unwrap();
            if self.wakes.is_empty() {
                return;
            }
            self.wakes.drain().for_each(|(_, waker)| waker.wake());
        }
    }

    /// Parks, and calls the wakers, until the condition holds.
    pub(crate) fn until(&mut self, what: &str, mut condition: impl FnMut() -> bool) {
        let end = Instant::now() + PATIENCE;
        while !condition() {
            self.park(ParkUntil::Deadline(end));
            assert!(Instant::now() < end, "waited in vain for {what}");
        }
    }
}

/// Makes each function a test of both ways to wait.
#[allow(unused_macros, reason = "each test binary uses a part of it")]
macro_rules! on_both_paths {
    ($($test:ident)*) => {$(
        mod $test {
            use reactor::Options;

            #[test]
            fn direct() {
                super::$test(Options::new());
            }

            #[test]
            fn portable() {
                super::$test(Options::new().portable(true));
            }
        }
    )*};
}

#[allow(unused_imports, reason = "each test binary uses a part of it")]
pub(crate) use on_both_paths;

//! compio 0.19.2: a waker that is called by a timer must not drop another timer.
//!
//! Rules: compio T9
//!
//! The wakers of the timers that are due are called while the timers are borrowed, so a waker that
//! ends or drops another sleep, as a `select` that is woken in place may, panics.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use compio::runtime::Runtime;

thread_local! {
    static OTHER: RefCell<Option<Pin<Box<dyn Future<Output = ()>>>>> = const { RefCell::new(None) };
}

struct DropsOther;

impl Wake for DropsOther {
    fn wake(self: Arc<Self>) {
        drop(OTHER.take());
    }
}

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let entered = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let deadline = Instant::now() + Duration::from_millis(10);
            let mut sleep = Box::pin(compio::time::sleep_until(deadline));
            let waker = Waker::from(Arc::new(DropsOther));
            let _ = sleep.as_mut().poll(&mut Context::from_waker(&waker));
            let mut other = Box::pin(compio::time::sleep(Duration::from_secs(60)));
            let _ = other.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            OTHER.set(Some(other));
            compio::time::sleep(Duration::from_millis(30)).await;
        });
    }));
    println!("expected: a waker may drop a sleep");
    println!("happened: that panicked: {}", entered.is_err());
    std::process::exit(i32::from(entered.is_err()));
}

//! glommio 0.9.0: a waker that is called by a timer must not drop another timer.
//!
//! Rules: glommio T9
//!
//! The wakers of the timers that are due are called while the timers are borrowed
//! (`Reactor::process_timers` in `reactor.rs`), so a waker that ends or drops another timer panics.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use glommio::LocalExecutor;
use glommio::timer::Timer;

thread_local! {
    static OTHER: RefCell<Option<Timer>> = const { RefCell::new(None) };
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

struct DropsOther;

impl Wake for DropsOther {
    fn wake(self: Arc<Self>) {
        let other = OTHER.take();
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(other)));
        PANICKED.set(dropped.is_err());
    }
}

fn main() {
    LocalExecutor::default().run(async {
        let mut timer = Timer::new(Duration::from_millis(10));
        let waker = Waker::from(Arc::new(DropsOther));
        let _ = Pin::new(&mut timer).poll(&mut Context::from_waker(&waker));
        let mut other = Timer::new(Duration::from_secs(60));
        let _ = Pin::new(&mut other).poll(&mut Context::from_waker(Waker::noop()));
        OTHER.set(Some(other));
        Timer::new(Duration::from_millis(30)).await;
    });
    println!("expected: a waker may drop a timer");
    println!("happened: that panicked: {}", PANICKED.get());
    std::process::exit(i32::from(PANICKED.get()));
}

//! monoio 0.2.4: a very long sleep panics.
//!
//! Rules: monoio T2
//!
//! The driver keeps deadlines as milliseconds in a `u64`, and expects the conversion to succeed
//! ("Duration too far into the future").

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use monoio::{LegacyDriver, RuntimeBuilder};

fn main() {
    let builder = RuntimeBuilder::<LegacyDriver>::new().enable_timer();
    let mut runtime = builder.build().expect("a runtime");
    let entered = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let sleep = pin!(monoio::time::sleep(Duration::from_secs(
                1_000_000_000_000_000_000
            )));
            let _ = sleep.poll(&mut Context::from_waker(Waker::noop()));
        });
    }));
    println!("expected: a sleep of 10^18 seconds is one without an end");
    println!("happened: it panicked: {}", entered.is_err());
    std::process::exit(i32::from(entered.is_err()));
}

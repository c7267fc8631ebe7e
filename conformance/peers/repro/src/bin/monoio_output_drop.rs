//! monoio 0.2.4: the panic of an output's drop comes out of the drop of the handle.
//!
//! Rules: monoio P6
//!
//! An output that nobody took is dropped together with the `JoinHandle`, and its panic is that of
//! whoever drops the handle.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use monoio::{LegacyDriver, RuntimeBuilder};

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("a destructor's panic");
    }
}

fn main() {
    let builder = RuntimeBuilder::<LegacyDriver>::new().enable_timer();
    let mut runtime = builder.build().expect("a runtime");
    let dropped = runtime.block_on(async {
        let task = monoio::spawn(async { PanicsInDrop });
        monoio::time::sleep(Duration::from_millis(10)).await;
        catch_unwind(AssertUnwindSafe(|| drop(task)))
    });
    println!("expected: dropping the handle of a task that has ended does not panic");
    println!("happened: it panicked: {}", dropped.is_err());
    std::process::exit(i32::from(dropped.is_err()));
}
